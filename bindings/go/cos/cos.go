// Package cos is Tencent Cloud COS, through libcos.
//
// The methods of a Client are the functions of cos.h, which describes them: the same names, the
// same order of arguments, options at the end. What fails returns an *Error.
//
// Uploads and downloads take a context, which stops them. One that WithProgress made follows them,
// too. A client serves any number of goroutines.
//
// pkg-config tells where the library is. On Windows CGO_CFLAGS and CGO_LDFLAGS do: -IC:/cos/include and
// -LC:/cos/lib.
package cos

/*
#cgo !windows pkg-config: cos
#cgo windows LDFLAGS: -lcos
#include <cos.h>
#include <stdlib.h>

// A cgo.Handle is a number, which Go must not see as a pointer.
int cosGoProgress(uint64_t done, uint64_t total, uintptr_t watch);
int64_t cosGoRead(uint8_t *buf, size_t len, uintptr_t watch);
int cosGoWrite(uint8_t *data, size_t len, uintptr_t watch);
void cosGoLog(int level, char *line, uintptr_t write);

static inline int progress(uint64_t done, uint64_t total, void *user)
{
	return cosGoProgress(done, total, (uintptr_t)user);
}

static inline int64_t give(uint8_t *buf, size_t len, void *user)
{
	return cosGoRead(buf, len, (uintptr_t)user);
}

static inline int take(const uint8_t *data, size_t len, void *user)
{
	return cosGoWrite((uint8_t *)data, len, (uintptr_t)user);
}

static inline void line(int level, const char *text, void *user)
{
	cosGoLog(level, (char *)text, (uintptr_t)user);
}

static inline void follow(cos_transfer *transfer, uintptr_t watch)
{
	cos_transfer_on_progress(transfer, progress, (void *)watch);
}

static inline int upload_stream(const cos_client *client, const char *bucket, const char *path,
                                int64_t size, const char *options, cos_transfer *transfer,
                                uintptr_t watch, char **reply)
{
	return cos_upload_stream(client, bucket, path, size, give, (void *)watch, options, transfer,
	                         reply);
}

static inline int download_stream(const cos_client *client, const char *bucket, const char *path,
                                  const char *options, cos_transfer *transfer, uintptr_t watch,
                                  char **reply)
{
	return cos_download_stream(client, bucket, path, options, transfer, take, (void *)watch,
	                           reply);
}

static inline int set_log(const cos_client *client, int level, uintptr_t write)
{
	return cos_client_set_log(client, level, line, (void *)write);
}
*/
import "C"

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/cgo"
	"strings"
	"unsafe"
)

// Options are the options of a call, by their names in cos.h.
type Options map[string]any

// Reply is the reply to a call, in JSON.
type Reply []byte

// Decode reads the reply's data, which is what the server answered, into a struct or a map.
func (r Reply) Decode(data any) error {
	return json.Unmarshal(r, &struct{ Data any }{data})
}

// Error is the failure of a call.
type Error struct {
	Code    int
	Name    string `json:"-"` // such as COS_ERR_NOT_FOUND
	Message string
	Reply   Reply `json:"-"`
}

func (e *Error) Error() string {
	return fmt.Sprintf("%s (%d): %s", e.Name, e.Code, e.Message)
}

// Version is the version of the library.
func Version() string { return C.GoString(C.cos_version()) }

type progressKey struct{}

// WithProgress makes a context for uploads and downloads that tell how many bytes are done, and how
// many there are in all.
func WithProgress(ctx context.Context, progress func(done, total uint64)) context.Context {
	return context.WithValue(ctx, progressKey{}, progress)
}

// Client is an account, the place of the service, and the connections to it.
type Client struct {
	client *C.cos_client
	logs   []cgo.Handle
}

// NewClient makes a client. Without a region, the options give both hostnames.
func NewClient(appid, secretID, secretKey, region string, options ...Options) (*Client, error) {
	var client *C.cos_client
	_, err := call(options, func(a *arguments) C.int {
		if region == "" {
			a.s[3] = nil
		}
		return C.cos_client_new(a.s[0], a.s[1], a.s[2], a.s[3], a.options, &client, &a.reply)
	}, appid, secretID, secretKey, region)
	return &Client{client: client}, err
}

// Close frees the client. No call may be under way.
func (c *Client) Close() {
	C.cos_client_free(c.client)
	for _, log := range c.logs {
		log.Delete()
	}
	*c = Client{}
}

func (c *Client) SetConfig(options Options) error {
	_, err := call([]Options{options}, func(a *arguments) C.int {
		return C.cos_client_set_config(c.client, a.options, &a.reply)
	})
	return err
}

func (c *Client) SetCredentials(appid, secretID, secretKey string) error {
	_, err := call(nil, func(a *arguments) C.int {
		return C.cos_client_set_credentials(c.client, a.s[0], a.s[1], a.s[2], &a.reply)
	}, appid, secretID, secretKey)
	return err
}

func (c *Client) SetTemporaryCredentials(appid, secretID, secretKey, token string) error {
	_, err := call(nil, func(a *arguments) C.int {
		return C.cos_client_set_temporary_credentials(c.client, a.s[0], a.s[1], a.s[2], a.s[3],
			&a.reply)
	}, appid, secretID, secretKey, token)
	return err
}

// The levels of a log.
const (
	LogOff      = C.COS_LOG_OFF
	LogFailures = C.COS_LOG_FAILURES
	LogRequests = C.COS_LOG_REQUESTS
)

// SetLog gives lines about requests to write, which goroutines call at the same time. To be called
// before the client is shared.
func (c *Client) SetLog(level int, write func(level int, line string)) {
	if write == nil {
		level, write = LogOff, func(int, string) {}
	}
	log := cgo.NewHandle(write)
	c.logs = append(c.logs, log)
	C.set_log(c.client, C.int(level), C.uintptr_t(log))
}

func (c *Client) SignMore(bucket, path string, expired int64) (Reply, error) {
	return call(nil, func(a *arguments) C.int {
		return C.cos_sign_more(c.client, a.s[0], a.s[1], C.int64_t(expired), &a.reply)
	}, bucket, path)
}

func (c *Client) SignOnce(bucket, path string) (Reply, error) {
	return call(nil, func(a *arguments) C.int {
		return C.cos_sign_once(c.client, a.s[0], a.s[1], &a.reply)
	}, bucket, path)
}

func (c *Client) SignDownload(bucket, path string, expired int64) (Reply, error) {
	return call(nil, func(a *arguments) C.int {
		return C.cos_sign_download(c.client, a.s[0], a.s[1], C.int64_t(expired), &a.reply)
	}, bucket, path)
}

func (c *Client) SignURL(method, bucket, path string, expired int64, options ...Options) (Reply, error) {
	return call(options, func(a *arguments) C.int {
		return C.cos_sign_url(c.client, a.s[0], a.s[1], a.s[2], C.int64_t(expired), a.options, &a.reply)
	}, method, bucket, path)
}

func (c *Client) StatFile(bucket, path string, options ...Options) (Reply, error) {
	return call(options, func(a *arguments) C.int {
		return C.cos_stat_file(c.client, a.s[0], a.s[1], a.options, &a.reply)
	}, bucket, path)
}

func (c *Client) UpdateFile(bucket, path string, options ...Options) (Reply, error) {
	return call(options, func(a *arguments) C.int {
		return C.cos_update_file(c.client, a.s[0], a.s[1], a.options, &a.reply)
	}, bucket, path)
}

func (c *Client) DelFile(bucket, path string, options ...Options) (Reply, error) {
	return call(options, func(a *arguments) C.int {
		return C.cos_del_file(c.client, a.s[0], a.s[1], a.options, &a.reply)
	}, bucket, path)
}

func (c *Client) MoveFile(bucket, path, destination string, options ...Options) (Reply, error) {
	return call(options, func(a *arguments) C.int {
		return C.cos_move_file(c.client, a.s[0], a.s[1], a.s[2], a.options, &a.reply)
	}, bucket, path, destination)
}

func (c *Client) CopyFile(bucket, path, destination string, options ...Options) (Reply, error) {
	return call(options, func(a *arguments) C.int {
		return C.cos_copy_file(c.client, a.s[0], a.s[1], a.s[2], a.options, &a.reply)
	}, bucket, path, destination)
}

func (c *Client) CreateFolder(bucket, path string, options ...Options) (Reply, error) {
	return call(options, func(a *arguments) C.int {
		return C.cos_create_folder(c.client, a.s[0], a.s[1], a.options, &a.reply)
	}, bucket, path)
}

func (c *Client) StatFolder(bucket, path string, options ...Options) (Reply, error) {
	return call(options, func(a *arguments) C.int {
		return C.cos_stat_folder(c.client, a.s[0], a.s[1], a.options, &a.reply)
	}, bucket, path)
}

func (c *Client) UpdateFolder(bucket, path string, options ...Options) (Reply, error) {
	return call(options, func(a *arguments) C.int {
		return C.cos_update_folder(c.client, a.s[0], a.s[1], a.options, &a.reply)
	}, bucket, path)
}

func (c *Client) ListFolder(bucket, path string, options ...Options) (Reply, error) {
	return call(options, func(a *arguments) C.int {
		return C.cos_list_folder(c.client, a.s[0], a.s[1], a.options, &a.reply)
	}, bucket, path)
}

func (c *Client) DelFolder(bucket, path string, options ...Options) (Reply, error) {
	return call(options, func(a *arguments) C.int {
		return C.cos_del_folder(c.client, a.s[0], a.s[1], a.options, &a.reply)
	}, bucket, path)
}

func (c *Client) UploadFile(ctx context.Context, bucket, path, local string, options ...Options) (Reply, error) {
	return transfer(&watch{ctx: ctx}, options, func(a *arguments) C.int {
		return C.cos_upload_file(c.client, a.s[0], a.s[1], a.s[2], a.options, a.transfer, &a.reply)
	}, bucket, path, local)
}

func (c *Client) UploadFolder(ctx context.Context, bucket, path, local string, options ...Options) (Reply, error) {
	return transfer(&watch{ctx: ctx}, options, func(a *arguments) C.int {
		return C.cos_upload_folder(c.client, a.s[0], a.s[1], a.s[2], a.options, a.transfer, &a.reply)
	}, bucket, path, local)
}

func (c *Client) DownloadFile(ctx context.Context, bucket, path, local string, options ...Options) (Reply, error) {
	return transfer(&watch{ctx: ctx}, options, func(a *arguments) C.int {
		return C.cos_download_file(c.client, a.s[0], a.s[1], a.s[2], a.options, a.transfer, &a.reply)
	}, bucket, path, local)
}

func (c *Client) DownloadFolder(ctx context.Context, bucket, path, local string, options ...Options) (Reply, error) {
	return transfer(&watch{ctx: ctx}, options, func(a *arguments) C.int {
		return C.cos_download_folder(c.client, a.s[0], a.s[1], a.s[2], a.options, a.transfer, &a.reply)
	}, bucket, path, local)
}

func (c *Client) UploadBuffer(ctx context.Context, bucket, path string, data []byte, options ...Options) (Reply, error) {
	return transfer(&watch{ctx: ctx}, options, func(a *arguments) C.int {
		return C.cos_upload_buffer(c.client, a.s[0], a.s[1], start(data), C.size_t(len(data)),
			a.options, a.transfer, &a.reply)
	}, bucket, path)
}

// UploadStream uploads what r gives. If r fails, its error is returned. A size of -1 means that it is
// not known, which needs the XML API.
func (c *Client) UploadStream(ctx context.Context, bucket, path string, size int64, r io.Reader, options ...Options) (Reply, error) {
	from := &watch{ctx: ctx, reader: r}
	return transfer(from, options, func(a *arguments) C.int {
		return C.upload_stream(c.client, a.s[0], a.s[1], C.int64_t(size), a.options, a.transfer,
			C.uintptr_t(from.handle), &a.reply)
	}, bucket, path)
}

func (c *Client) DownloadBuffer(ctx context.Context, bucket, path string, options ...Options) ([]byte, Reply, error) {
	var data *C.uint8_t
	var size C.size_t
	defer func() { C.cos_buffer_free(data, size) }()
	reply, err := transfer(&watch{ctx: ctx}, options, func(a *arguments) C.int {
		return C.cos_download_buffer(c.client, a.s[0], a.s[1], a.options, a.transfer, &data, &size,
			&a.reply)
	}, bucket, path)
	return append([]byte(nil), unsafe.Slice((*byte)(data), size)...), reply, err
}

// DownloadStream writes the bytes to w. What w fails with is returned.
func (c *Client) DownloadStream(ctx context.Context, bucket, path string, w io.Writer, options ...Options) (Reply, error) {
	to := &watch{ctx: ctx, writer: w}
	return transfer(to, options, func(a *arguments) C.int {
		return C.download_stream(c.client, a.s[0], a.s[1], a.options, a.transfer, C.uintptr_t(to.handle),
			&a.reply)
	}, bucket, path)
}

func (c *Client) ListBuckets(options ...Options) (Reply, error) {
	return call(options, func(a *arguments) C.int {
		return C.cos_list_buckets(c.client, a.options, &a.reply)
	})
}

// Request sends a request that no other method has. Without a bucket it is about the account.
func (c *Client) Request(method, bucket, path string, params, headers Options, body []byte, options ...Options) (Reply, error) {
	fields, err := encoded(params, headers)
	if err != nil {
		return nil, err
	}
	return call(options, func(a *arguments) C.int {
		if bucket == "" {
			a.s[1] = nil
		}
		if path == "" {
			a.s[2] = nil
		}
		return C.cos_request(c.client, a.s[0], a.s[1], a.s[2], a.s[3], a.s[4], start(body),
			C.size_t(len(body)), a.options, &a.reply)
	}, append([]string{method, bucket, path}, fields...)...)
}

// encoded returns each of the objects as JSON text.
func encoded(all ...Options) (texts []string, err error) {
	for _, fields := range all {
		if fields == nil {
			fields = Options{}
		}
		text, err := json.Marshal(fields)
		if err != nil {
			return nil, err
		}
		texts = append(texts, string(text))
	}
	return texts, nil
}

// start returns a pointer to the first byte; NULL if there are none.
func start(data []byte) *C.uint8_t {
	if len(data) == 0 {
		return nil
	}
	return (*C.uint8_t)(&data[0])
}

// arguments are those of a call in C.
type arguments struct {
	s        []*C.char
	options  *C.char
	transfer *C.cos_transfer
	reply    *C.char
}

func call(options []Options, fn func(*arguments) C.int, texts ...string) (Reply, error) {
	a := &arguments{}
	defer func() { C.cos_string_free(a.reply) }()
	if len(options) > 0 && options[0] == nil {
		options = nil
	}
	if len(options) > 0 {
		option, err := encoded(options[0])
		if err != nil {
			return nil, err
		}
		texts = append(texts, option...)
	}
	for _, text := range texts {
		if strings.IndexByte(text, 0) >= 0 {
			return nil, errors.New("cos: a string contains a zero byte")
		}
		s := C.CString(text)
		defer C.free(unsafe.Pointer(s))
		a.s = append(a.s, s)
	}
	if len(options) > 0 {
		a.options = a.s[len(a.s)-1]
	}
	code := fn(a)
	reply := Reply(C.GoString(a.reply))
	if code == C.COS_OK {
		return reply, nil
	}
	failure := &Error{Reply: reply}
	if err := json.Unmarshal(reply, failure); err != nil {
		return reply, err
	}
	failure.Name = C.GoString(C.cos_code_name(code))
	return reply, failure
}

// watch is what the callbacks of a call work with.
type watch struct {
	ctx      context.Context
	progress func(done, total uint64)
	reader   io.Reader
	writer   io.Writer
	handle   cgo.Handle
	err      error
	panicked any
}

func transfer(w *watch, options []Options, fn func(*arguments) C.int, texts ...string) (Reply, error) {
	w.progress, _ = w.ctx.Value(progressKey{}).(func(done, total uint64))
	w.handle = cgo.NewHandle(w)
	defer w.handle.Delete()
	transfer := C.cos_transfer_new()
	defer C.cos_transfer_free(transfer)
	C.follow(transfer, C.uintptr_t(w.handle))
	reply, err := call(options, func(a *arguments) C.int {
		a.transfer = transfer
		return fn(a)
	}, texts...)
	if w.panicked != nil {
		panic(w.panicked)
	}
	if w.err != nil && err != nil {
		err = w.err
	}
	return reply, err
}

// answer runs a callback and says whether the call goes on. No panic may pass through C.
func answer(handle C.uintptr_t, callback func(*watch) error) (stop C.int) {
	w := cgo.Handle(handle).Value().(*watch)
	defer func() {
		if panicked := recover(); panicked != nil {
			w.panicked, stop = panicked, 1
		}
	}()
	if w.err == nil && w.panicked == nil {
		w.err = callback(w)
	}
	if w.err != nil || w.panicked != nil {
		return 1
	}
	return 0
}

//export cosGoProgress
func cosGoProgress(done, total C.uint64_t, handle C.uintptr_t) C.int {
	return answer(handle, func(w *watch) error {
		if w.progress != nil {
			w.progress(uint64(done), uint64(total))
		}
		return w.ctx.Err()
	})
}

//export cosGoRead
func cosGoRead(buf *C.uint8_t, size C.size_t, handle C.uintptr_t) C.int64_t {
	count := 0
	stop := answer(handle, func(w *watch) (err error) {
		count, err = io.ReadAtLeast(w.reader, unsafe.Slice((*byte)(buf), size), 1)
		if err == io.EOF {
			err = nil
		}
		return err
	})
	if stop != 0 {
		return -1
	}
	return C.int64_t(count)
}

//export cosGoWrite
func cosGoWrite(data *C.uint8_t, size C.size_t, handle C.uintptr_t) C.int {
	return answer(handle, func(w *watch) error {
		_, err := w.writer.Write(unsafe.Slice((*byte)(data), size))
		return err
	})
}

//export cosGoLog
func cosGoLog(level C.int, line *C.char, handle C.uintptr_t) {
	// No panic may pass through C, and a call does not end for its log.
	defer func() {
		if panicked := recover(); panicked != nil {
			fmt.Fprintln(os.Stderr, "cos: the log panicked:", panicked)
		}
	}()
	cgo.Handle(handle).Value().(func(int, string))(int(level), C.GoString(line))
}
