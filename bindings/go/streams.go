package cos

/*
#include <cos.h>

int64_t cosGoRead(uint8_t *buf, size_t len, uintptr_t stream);
int cosGoWrite(uint8_t *data, size_t len, uintptr_t stream);

// A cgo.Handle is a number, which Go must not see as a pointer.
static inline int64_t give(uint8_t *buf, size_t len, void *user)
{
	return cosGoRead(buf, len, (uintptr_t)user);
}

static inline int take(const uint8_t *data, size_t len, void *user)
{
	return cosGoWrite((uint8_t *)data, len, (uintptr_t)user);
}

static inline int upload_stream(const cos_client *client, const char *bucket, const char *path, int64_t size,
                                uintptr_t stream, const char *options, cos_transfer *transfer, char **reply)
{
	return cos_upload_stream(client, bucket, path, size, give, (void *)stream, options, transfer, reply);
}

static inline int download_stream(const cos_client *client, const char *bucket, const char *path,
                                  const char *options, cos_transfer *transfer, uintptr_t stream, char **reply)
{
	return cos_download_stream(client, bucket, path, options, transfer, take, (void *)stream, reply);
}
*/
import "C"

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/cgo"
	"time"
	"unsafe"
)

// What is read of a stream at a time, at most.
const largestPiece = 256 << 10

// How long a Read or a Write may go on after the call was stopped, before it is left to itself.
const grace = 500 * time.Millisecond

// UploadStream uploads what a reader gives, in bounded memory. Not more than size bytes are read; -1 means
// that the size is not known, which needs the XML API.
//
// What the reader fails with ends the upload, and is found by errors.Is in what is returned. A Read that does
// not return when the context has ended is left to itself: the call does not wait for it.
func (c *Client) UploadStream(
	ctx context.Context, bucket, path string, size int64, r io.Reader, opts *UploadOptions,
) (*Upload, error) {
	s := &stream{reader: r}
	handle := cgo.NewHandle(s)
	defer handle.Delete()
	reply, err := c.do(ctx, opts, texts{"bucket", bucket, "cos_path", path}, func(a *call) C.int {
		s.call = a
		return C.upload_stream(a.client, a.text(0), a.text(1), C.int64_t(size), C.uintptr_t(handle), a.options,
			a.transfer, &a.reply)
	})
	if failure, isOfCos := err.(*Error); isOfCos && failure.Code == ErrLocalIO && s.pending == io.EOF {
		failure.cause = io.ErrUnexpectedEOF
	}
	return uploadOf(reply), err
}

// DownloadStream writes the bytes to a writer, in order and in bounded memory. They are known to be right
// when it has returned without an error.
//
// What the writer fails with ends the download, and is found by errors.Is in what is returned. A Write that
// does not return when the context has ended is left to itself: the call does not wait for it.
func (c *Client) DownloadStream(
	ctx context.Context, bucket, path string, w io.Writer, opts *DownloadOptions,
) (*Transfer, error) {
	s := &stream{writer: w}
	handle := cgo.NewHandle(s)
	defer handle.Delete()
	reply, err := c.do(ctx, opts, texts{"bucket", bucket, "cos_path", path}, func(a *call) C.int {
		s.call = a
		return C.download_stream(a.client, a.text(0), a.text(1), a.options, a.transfer, C.uintptr_t(handle),
			&a.reply)
	})
	transfer := transferOf(reply)
	return &transfer, err
}

// stream is what the callbacks of a call work with.
type stream struct {
	call   *call
	reader io.Reader
	writer io.Writer
	buffer []byte
	// What the reader said together with its last bytes.
	pending error
}

// run calls the caller's stream on a goroutine of its own: it may wait, panic or end the goroutine.
func (s *stream) run(work func() (int, error)) (int, error) {
	count := 0
	ended := make(chan error, 1)
	go run(func() (err error) {
		count, err = work()
		return err
	}, ended)
	select {
	case err := <-ended:
		return count, err
	case <-s.call.ctx.Done():
	}
	select {
	case err := <-ended:
		return count, err
	case <-time.After(grace):
		// It may still use the buffer, which nothing else uses any more.
		return 0, s.call.ctx.Err()
	}
}

// read reads some bytes into the buffer, none at the end.
func (s *stream) read(size int) (int, error) {
	if size > largestPiece {
		size = largestPiece
	}
	if cap(s.buffer) < size {
		s.buffer = make([]byte, size)
	}
	buffer := s.buffer[:size]
	for empty := 0; s.pending == nil; empty++ {
		count, err := s.run(func() (int, error) { return s.reader.Read(buffer) })
		if count < 0 || count > size {
			return 0, fmt.Errorf("it returned %d bytes of %d", count, size)
		}
		s.pending = err
		if count > 0 {
			return count, nil
		}
		if empty == 100 && err == nil {
			s.pending = io.ErrNoProgress
		}
	}
	if s.pending == io.EOF {
		return 0, nil
	}
	return 0, s.pending
}

//export cosGoRead
func cosGoRead(buf *C.uint8_t, size C.size_t, handle C.uintptr_t) C.int64_t {
	s := cgo.Handle(handle).Value().(*stream)
	count, err := 0, s.call.ctx.Err()
	if err == nil {
		count, err = s.read(int(size))
	}
	if err != nil {
		s.fail("reader", err)
		return -1
	}
	return C.int64_t(copy(unsafe.Slice((*byte)(buf), size), s.buffer[:count]))
}

//export cosGoWrite
func cosGoWrite(data *C.uint8_t, size C.size_t, handle C.uintptr_t) C.int {
	s := cgo.Handle(handle).Value().(*stream)
	count, err := 0, s.call.ctx.Err()
	if err == nil {
		// The library's bytes are gone when this returns, and the writer may go on.
		s.buffer = append(s.buffer[:0], unsafe.Slice((*byte)(data), size)...)
		count, err = s.run(func() (int, error) { return s.writer.Write(s.buffer) })
	}
	if err == nil && count != int(size) {
		err = io.ErrShortWrite
	}
	if err != nil {
		s.fail("writer", err)
		return 1
	}
	return 0
}

// fail ends the call, unless it was stopped before: then the stream may have failed for that.
func (s *stream) fail(what string, err error) {
	if s.call.ctx.Err() == nil {
		s.call.fail(fmt.Errorf("cos: the %s: %w", what, err))
	}
}

// Reader is a file of a bucket that is read while it is downloaded. It serves one goroutine at a time, but
// for Close.
type Reader struct {
	pipe  *io.PipeReader
	stop  context.CancelFunc
	ended chan struct{}
}

// Open begins a download and returns when the first bytes are there. Memory is bounded, however slowly it is
// read. Bytes are known to be right when Read has returned io.EOF. The download goes on until then, until
// Close or until the context ends: close it. It is one of the MaxCalls until then.
func (c *Client) Open(ctx context.Context, bucket, path string, opts *DownloadOptions) (*Reader, error) {
	ctx, stop := context.WithCancel(ctx)
	from, to := io.Pipe()
	r := &Reader{pipe: from, stop: stop, ended: make(chan struct{})}
	begun := make(chan struct{}, 1)
	var failed error
	go func() {
		defer close(r.ended)
		_, failed = c.DownloadStream(ctx, bucket, path, &announced{to, begun}, opts)
		// nil is io.EOF there.
		to.CloseWithError(failed)
	}()
	select {
	case <-begun:
	case <-r.ended:
		if failed != nil {
			stop()
			return nil, failed
		}
	}
	return r, nil
}

// announced tells that something is written.
type announced struct {
	io.Writer
	begun chan struct{}
}

func (a *announced) Write(data []byte) (int, error) {
	select {
	case a.begun <- struct{}{}:
	default:
	}
	return a.Writer.Write(data)
}

// Read gives bytes of the file; what the download fails with is its error.
func (r *Reader) Read(data []byte) (int, error) {
	count, err := r.pipe.Read(data)
	if errors.Is(err, io.ErrClosedPipe) {
		err = errReaderClosed
	}
	return count, err
}

var errReaderClosed = errors.New("cos: the reader is closed")

// Close ends the download if it has not ended, and waits until it has. It may be called from another
// goroutine, and again.
func (r *Reader) Close() error {
	r.stop()
	r.pipe.Close()
	<-r.ended
	return nil
}
