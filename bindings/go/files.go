package cos

/*
#include <cos.h>
*/
import "C"

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/url"
	"strings"
	"time"
	"unsafe"
)

// FileInfo is what the service knows of a file, as far as it tells.
type FileInfo struct {
	Size int64
	// The bytes that are there: less than Size while an upload is unfinished.
	Stored   int64
	Created  time.Time
	Modified time.Time
	// Sums of the content: the JSON API has the SHA-1, the XML API the CRC-64 as a decimal number.
	SHA1  string
	CRC64 string
	// XML API: it changes with every version of the file.
	ETag         string
	StorageClass string
	VersionID    string
	// Text of the program's.
	BizAttr   string
	Authority string
	Forbid    int
	// What downloads return, such as Content-Type, and the x-cos-meta-... of the program's.
	Headers   map[string]string
	AccessURL string
	SourceURL string
	// All that the library said; nil for what is from a list.
	Reply Reply
}

// Meta is a header of the program's own: what was uploaded as Meta.
func (f *FileInfo) Meta(name string) string { return f.Headers[metaPrefix+strings.ToLower(name)] }

func fileInfo(data object) FileInfo {
	return FileInfo{
		Size: data.number("filesize"), Stored: data.number("filelen"),
		Created: data.time("ctime"), Modified: data.time("mtime"),
		SHA1: data.text("sha"), CRC64: data.text("crc64"), ETag: data.text("etag"),
		StorageClass: data.text("storage_class"), VersionID: data.text("version_id"),
		BizAttr: data.text("biz_attr"), Authority: data.text("authority"), Forbid: int(data.number("forbid")),
		Headers:   data.texts("custom_headers"),
		AccessURL: data.text("access_url"), SourceURL: data.text("source_url"),
	}
}

// StatFile asks what the service knows of a file.
func (c *Client) StatFile(ctx context.Context, bucket, path string, opts *StatFileOptions) (*FileInfo, error) {
	reply, err := c.do(ctx, opts, texts{"bucket", bucket, "cos_path", path}, func(a *call) C.int {
		return C.cos_stat_file(a.client, a.text(0), a.text(1), a.options, &a.reply)
	})
	if err != nil {
		return nil, err
	}
	info := fileInfo(reply.part("data"))
	info.Reply = reply
	return &info, nil
}

// Exists tells whether there is such a file, or such a folder if the path ends with '/'.
func (c *Client) Exists(ctx context.Context, bucket, path string, opts *CallOptions) (bool, error) {
	var err error
	if opts == nil {
		opts = &CallOptions{}
	}
	if strings.HasSuffix(path, "/") {
		// The JSON API does not know all folders, but lists what is in them.
		_, err = c.ListFolder(ctx, bucket, path,
			&ListFolderOptions{Num: 1, Timeout: opts.Timeout, Retries: opts.Retries})
	} else {
		_, err = c.StatFile(ctx, bucket, path,
			&StatFileOptions{WithAuthority: Ptr(false), Timeout: opts.Timeout, Retries: opts.Retries})
	}
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// UpdateFile changes attributes of a file. What is not given stays, but for the headers: all of them are
// replaced together. With the XML API it returns what could not be kept, such as "authority".
func (c *Client) UpdateFile(
	ctx context.Context, bucket, path string, opts *UpdateFileOptions,
) (notKept []string, err error) {
	reply, err := c.do(ctx, opts, texts{"bucket", bucket, "cos_path", path}, func(a *call) C.int {
		return C.cos_update_file(a.client, a.text(0), a.text(1), a.options, &a.reply)
	})
	if err != nil {
		return nil, err
	}
	var data struct {
		NotKept []string `json:"not_kept"`
	}
	// Most replies have no data.
	_ = reply.Decode(&data)
	return data.NotKept, nil
}

// DelFile deletes a file for good; ErrNotFound if there is none.
func (c *Client) DelFile(ctx context.Context, bucket, path string, opts *DelFileOptions) error {
	_, err := c.do(ctx, opts, texts{"bucket", bucket, "cos_path", path}, func(a *call) C.int {
		return C.cos_del_file(a.client, a.text(0), a.text(1), a.options, &a.reply)
	})
	return err
}

// MoveFile moves (renames) a file within its bucket or, with the XML API, to another one.
func (c *Client) MoveFile(ctx context.Context, bucket, path, destPath string, opts *MoveFileOptions) error {
	_, err := c.do(ctx, opts, texts{"bucket", bucket, "cos_path", path, "dest_path", destPath},
		func(a *call) C.int {
			return C.cos_move_file(a.client, a.text(0), a.text(1), a.text(2), a.options, &a.reply)
		})
	return err
}

// CopyFile copies a file on the server, within its bucket or, with the XML API, to another one.
func (c *Client) CopyFile(ctx context.Context, bucket, path, destPath string, opts *CopyFileOptions) error {
	_, err := c.do(ctx, opts, texts{"bucket", bucket, "cos_path", path, "dest_path", destPath},
		func(a *call) C.int {
			return C.cos_copy_file(a.client, a.text(0), a.text(1), a.text(2), a.options, &a.reply)
		})
	return err
}

// FolderInfo is what the service knows of a folder, as far as it tells.
type FolderInfo struct {
	BizAttr  string
	Created  time.Time
	Modified time.Time
	Reply    Reply
}

// CreateFolder creates a folder. Its parents need not exist.
func (c *Client) CreateFolder(ctx context.Context, bucket, path string, opts *CreateFolderOptions) error {
	_, err := c.do(ctx, opts, texts{"bucket", bucket, "cos_path", path}, func(a *call) C.int {
		return C.cos_create_folder(a.client, a.text(0), a.text(1), a.options, &a.reply)
	})
	return err
}

// StatFolder asks what the service knows of a folder. With the JSON API a folder that was never created
// may be unknown to it; lists show those.
func (c *Client) StatFolder(ctx context.Context, bucket, path string, opts *CallOptions) (*FolderInfo, error) {
	reply, err := c.do(ctx, opts, texts{"bucket", bucket, "cos_path", path}, func(a *call) C.int {
		return C.cos_stat_folder(a.client, a.text(0), a.text(1), a.options, &a.reply)
	})
	if err != nil {
		return nil, err
	}
	data := reply.part("data")
	return &FolderInfo{BizAttr: data.text("biz_attr"), Created: data.time("ctime"),
		Modified: data.time("mtime"), Reply: reply}, nil
}

// UpdateFolder changes the BizAttr of a folder, the only attribute that it has.
func (c *Client) UpdateFolder(ctx context.Context, bucket, path string, opts *UpdateFolderOptions) error {
	_, err := c.do(ctx, opts, texts{"bucket", bucket, "cos_path", path}, func(a *call) C.int {
		return C.cos_update_folder(a.client, a.text(0), a.text(1), a.options, &a.reply)
	})
	return err
}

// Deletion is what DelFolder has deleted, and what not. Without Recursive nothing is counted.
type Deletion struct {
	Files, Folders, Failed int
	Failures               []Failure
	Reply                  Reply
}

// Failure is a file or a folder that is still there.
type Failure struct {
	// From the folder on; for DeleteFiles the path that was given.
	Path string
	Err  *Error
}

// DelFolder deletes an empty folder or, with Recursive, everything below it, too. What it has deleted is
// told also if it fails.
func (c *Client) DelFolder(ctx context.Context, bucket, path string, opts *DelFolderOptions) (*Deletion, error) {
	reply, err := c.do(ctx, opts, texts{"bucket", bucket, "cos_path", path}, func(a *call) C.int {
		return C.cos_del_folder(a.client, a.text(0), a.text(1), a.options, &a.reply)
	})
	data := reply.part("data")
	return &Deletion{Files: int(data.number("files")), Folders: int(data.number("folders")),
		Failed: int(data.number("failed")), Failures: data.failures(), Reply: reply}, err
}

// failures are what a deletion has left.
func (o object) failures() []Failure {
	var failures []Failure
	for _, entry := range o.objects("failures") {
		failures = append(failures, Failure{entry.text("path"), entry.err()})
	}
	return failures
}

// err is the failure of an entry with "code" and "message"; nil if it has not failed.
func (o object) err() *Error {
	code := Code(o.number("code"))
	if code == 0 {
		return nil
	}
	return &Error{
		Code: code, Name: code.Error(), Message: o.text("message"), ServerCode: o.text("server_code"),
		cause: systemErrors[o.text("errno")],
	}
}

// Bucket is a bucket of the account.
type Bucket struct {
	// As other calls take it.
	Name string
	// With the appid.
	FullName string
	Region   string
	Created  time.Time
}

// ListBuckets lists the buckets of the account, of all regions. XML API.
func (c *Client) ListBuckets(ctx context.Context, opts *CallOptions) ([]Bucket, error) {
	reply, err := c.do(ctx, opts, nil, func(a *call) C.int {
		return C.cos_list_buckets(a.client, a.options, &a.reply)
	})
	if err != nil {
		return nil, err
	}
	var buckets []Bucket
	for _, bucket := range reply.part("data").objects("buckets") {
		buckets = append(buckets, Bucket{Name: bucket.text("name"), FullName: bucket.text("full_name"),
			Region: bucket.text("region"), Created: bucket.time("ctime")})
	}
	return buckets, nil
}

// Request is one that no other method has.
type Request struct {
	// "GET", "HEAD", "PUT", "POST", "DELETE" or "OPTIONS".
	Method string
	// "" for a request that is not about a bucket.
	Bucket string
	// "" or "/" for the bucket itself.
	Path    string
	Params  url.Values
	Headers map[string]string
	// With PUT and POST.
	Body []byte
}

// Response is the answer to a Request.
type Response struct {
	Status int
	// Their names are in lower case.
	Headers map[string]string
	Body    []byte
	Reply   Reply
}

// Request sends a request that no other method has, signed, verified and repeated like all others. XML API.
func (c *Client) Request(ctx context.Context, request *Request, opts *CallOptions) (*Response, error) {
	var params, headers []byte
	var err error
	if !isUTF8(request.Params) {
		return nil, refused("params", "must be valid UTF-8")
	}
	if !isUTF8(request.Headers) {
		return nil, refused("headers", "must be valid UTF-8")
	}
	if len(request.Params) > 0 {
		params, err = json.Marshal(request.Params)
	}
	if len(request.Headers) > 0 && err == nil {
		headers, err = json.Marshal(request.Headers)
	}
	if err != nil {
		return nil, err
	}
	arguments := texts{"method", request.Method, "bucket", request.Bucket, "cos_path", request.Path,
		"params", string(params), "headers", string(headers)}
	reply, err := c.do(ctx, opts, arguments, func(a *call) C.int {
		return C.cos_request(a.client, a.text(0), a.textOrNull(1), a.textOrNull(2), a.textOrNull(3),
			a.textOrNull(4), start(request.Body), C.size_t(len(request.Body)), a.options, &a.reply)
	})
	if err != nil {
		return nil, err
	}
	data := reply.part("data")
	response := &Response{Status: int(data.number("status")), Headers: data.texts("headers"),
		Body: []byte(data.text("body")), Reply: reply}
	if encoded := data.text("body_base64"); encoded != "" {
		response.Body, err = base64.StdEncoding.DecodeString(encoded)
	}
	return response, err
}

// start is a pointer to the first byte; NULL if there are none.
func start(data []byte) *C.uint8_t {
	if len(data) == 0 {
		return nil
	}
	return (*C.uint8_t)(unsafe.Pointer(&data[0]))
}
