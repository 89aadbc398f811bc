package cos

/*
#include <cos.h>
*/
import "C"

import (
	"context"
	"time"
	"unsafe"
)

// Transfer is what travelled.
type Transfer struct {
	// The size of the content, of the range, or of all files.
	Bytes int64
	// What went over the wire, heads and repetitions included.
	Sent, Received int64
	// What an earlier call had brought.
	Resumed int64
	Time    time.Duration
	// Of one upload: the sums of the content that were computed, CRC64 as a decimal number.
	SHA1, CRC64 string
	// Of one upload: how many slices were sent, whether the service had the content already, and whether
	// a reply was lost and the file found.
	Slices             int
	Instant, Recovered bool
	// Of one download: whether the content has the sum that the service states.
	Verified bool
	// All that the library said.
	Reply Reply
}

func transferOf(reply Reply) Transfer {
	told := reply.part("transfer")
	return Transfer{
		Bytes: told.number("bytes"), Sent: told.number("sent_bytes"), Received: told.number("received_bytes"),
		Resumed: told.number("resumed_bytes"), Time: told.seconds("seconds"),
		SHA1: told.text("sha1"), CRC64: told.text("crc64"), Slices: int(told.number("slices")),
		Instant: told.flag("instant"), Recovered: told.flag("recovered"), Verified: told.flag("verified"),
		Reply: reply,
	}
}

// Upload is a file that was stored.
type Upload struct {
	AccessURL, SourceURL, URL, ResourcePath string
	// XML API: the version of the file, and its CRC-64 as a decimal number.
	ETag, VersionID string
	Transfer
}

func uploadOf(reply Reply) *Upload {
	data := reply.part("data")
	return &Upload{
		AccessURL: data.text("access_url"), SourceURL: data.text("source_url"), URL: data.text("url"),
		ResourcePath: data.text("resource_path"), ETag: data.text("etag"), VersionID: data.text("version_id"),
		Transfer: transferOf(reply),
	}
}

// UploadFile uploads a local file. It replaces nothing unless InsertOnly is false. The same call continues
// an upload that was broken off. What travelled is told also if it fails.
func (c *Client) UploadFile(ctx context.Context, bucket, path, localPath string, opts *UploadOptions) (*Upload, error) {
	reply, err := c.do(ctx, opts, texts{"bucket", bucket, "cos_path", path, "local_path", localPath},
		func(a *call) C.int {
			return C.cos_upload_file(a.client, a.text(0), a.text(1), a.text(2), a.options, a.transfer, &a.reply)
		})
	return uploadOf(reply), err
}

// UploadBuffer uploads bytes in memory, which must not change meanwhile.
func (c *Client) UploadBuffer(
	ctx context.Context, bucket, path string, data []byte, opts *UploadOptions,
) (*Upload, error) {
	reply, err := c.do(ctx, opts, texts{"bucket", bucket, "cos_path", path},
		func(a *call) C.int {
			return C.cos_upload_buffer(a.client, a.text(0), a.text(1), start(data), C.size_t(len(data)),
				a.options, a.transfer, &a.reply)
		})
	return uploadOf(reply), err
}

// DownloadFile downloads to a local file: at any time there is the old one or the whole new one. The same
// call continues a download that was broken off. What travelled is told also if it fails.
func (c *Client) DownloadFile(
	ctx context.Context, bucket, path, localPath string, opts *DownloadFileOptions,
) (*Transfer, error) {
	reply, err := c.do(ctx, opts, texts{"bucket", bucket, "cos_path", path, "local_path", localPath},
		func(a *call) C.int {
			return C.cos_download_file(a.client, a.text(0), a.text(1), a.text(2), a.options, a.transfer,
				&a.reply)
		})
	transfer := transferOf(reply)
	return &transfer, err
}

// DownloadBuffer downloads into memory.
func (c *Client) DownloadBuffer(ctx context.Context, bucket, path string, opts *DownloadOptions) ([]byte, error) {
	var data *C.uint8_t
	var size C.size_t
	defer func() { C.cos_buffer_free(data, size) }()
	_, err := c.do(ctx, opts, texts{"bucket", bucket, "cos_path", path},
		func(a *call) C.int {
			return C.cos_download_buffer(a.client, a.text(0), a.text(1), a.options, a.transfer, &data, &size,
				&a.reply)
		})
	if err != nil {
		return nil, err
	}
	return append([]byte{}, unsafe.Slice((*byte)(data), size)...), nil
}

// FolderTransfer is what became of each file of a folder.
type FolderTransfer struct {
	Uploaded, Downloaded, Unchanged, Ignored, Failed int
	Files                                            []FolderFile
	Transfer
}

// FolderFile is a file, or another thing that was found, of a FolderTransfer.
type FolderFile struct {
	// From the folder on.
	Path string
	// "uploaded", "downloaded", "unchanged", "ignored" or "failed".
	Action string
	Bytes  int64
	// Why it failed; nil if it did not.
	Err *Error
}

func folderTransferOf(reply Reply) *FolderTransfer {
	data := reply.part("data")
	folder := &FolderTransfer{
		Uploaded: int(data.number("uploaded")), Downloaded: int(data.number("downloaded")),
		Unchanged: int(data.number("unchanged")), Ignored: int(data.number("ignored")),
		Failed: int(data.number("failed")), Transfer: transferOf(reply),
	}
	for _, file := range data.objects("files") {
		folder.Files = append(folder.Files,
			FolderFile{file.text("path"), file.text("action"), file.number("bytes"), file.err()})
	}
	return folder
}

// UploadFolder uploads a local directory with everything below it. What the folder has already does not
// travel; what differs is replaced. What became of each file is told also if one of them fails.
func (c *Client) UploadFolder(
	ctx context.Context, bucket, path, localPath string, opts *UploadFolderOptions,
) (*FolderTransfer, error) {
	reply, err := c.do(ctx, opts, texts{"bucket", bucket, "cos_path", path, "local_path", localPath},
		func(a *call) C.int {
			return C.cos_upload_folder(a.client, a.text(0), a.text(1), a.text(2), a.options, a.transfer,
				&a.reply)
		})
	return folderTransferOf(reply), err
}

// DownloadFolder downloads a folder with everything below it. What the directory has already does not
// travel; what differs is replaced. What became of each file is told also if one of them fails.
func (c *Client) DownloadFolder(
	ctx context.Context, bucket, path, localPath string, opts *DownloadFolderOptions,
) (*FolderTransfer, error) {
	reply, err := c.do(ctx, opts, texts{"bucket", bucket, "cos_path", path, "local_path", localPath},
		func(a *call) C.int {
			return C.cos_download_folder(a.client, a.text(0), a.text(1), a.text(2), a.options, a.transfer,
				&a.reply)
		})
	return folderTransferOf(reply), err
}
