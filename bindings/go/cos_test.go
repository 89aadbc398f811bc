package cos_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/iotest"
	"time"

	"libcos.invalid/cos"
	"libcos.invalid/cos/internal/emulator"
)

const bucket = emulator.Bucket

var ctx = context.Background()

// bed is a test with an emulator and a client of one of the APIs.
type bed struct {
	*testing.T
	*cos.Client
	emulator *emulator.Emulator
}

func forEachAPI(t *testing.T, test func(b *bed)) {
	for _, api := range []string{"v4", "v5"} {
		t.Run(api, func(t *testing.T) {
			server := emulator.Start(t)
			client, err := cos.NewClient(emulator.AppID, emulator.SecretID, emulator.SecretKey, "",
				options(api, server))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { client.Close() })
			test(&bed{t, client, server})
		})
	}
}

func options(api string, server *emulator.Emulator) *cos.ClientOptions {
	return &cos.ClientOptions{API: api, Scheme: "http", Hostname: server.Host, DownloadHostname: server.Host}
}

func (b *bed) must(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// expect checks what an error is.
func (b *bed) expect(err error, wanted ...error) {
	b.Helper()
	for _, each := range wanted {
		if !errors.Is(err, each) {
			b.Errorf("this is not %v: %v", each, err)
		}
	}
}

func (b *bed) upload(path string, content []byte) {
	b.Helper()
	_, err := b.UploadBuffer(ctx, bucket, path, content, &cos.UploadOptions{InsertOnly: cos.Ptr(false)})
	b.must(err)
}

// withhold makes the server silent for this path.
func (b *bed) withhold(path string) {
	b.emulator.Fault(map[string]any{"path": path, "times": nil, "action": map[string]any{"type": "withhold"}})
}

// within runs what has to end long before this limit.
func (b *bed) within(limit time.Duration, work func()) {
	b.Helper()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		work()
	}()
	select {
	case <-ended:
	case <-time.After(limit):
		b.Fatal("it does not end")
	}
}

func random(size int) []byte {
	content := make([]byte, size)
	rand.Read(content)
	return content
}

func TestErrorsTellWhy(t *testing.T) {
	forEachAPI(t, func(b *bed) {
		_, err := b.StatFile(ctx, bucket, "/none", nil)
		b.expect(err, cos.ErrNotFound)
		var failure *cos.Error
		if !errors.As(fmt.Errorf("wrapped: %w", err), &failure) {
			b.Fatal("it is no *cos.Error")
		}
		if failure.Code != cos.ErrNotFound || failure.Name != "COS_ERR_NOT_FOUND" || failure.Message == "" ||
			failure.Phase != "server" || failure.HTTPStatus != 404 || failure.Attempts != 1 ||
			failure.Retryable || failure.RequestID == "" || !bytes.Contains(failure.Reply, []byte("-197")) {
			b.Errorf("%+v", failure)
		}
		if b.API() == "v5" && failure.ServerCode != "NoSuchKey" && failure.ServerCode != "" {
			b.Errorf("the word is %q", failure.ServerCode)
		}
		if errors.Is(err, cos.ErrFileExists) || errors.Is(err, fs.ErrNotExist) {
			b.Error("it is another error as well")
		}
		b.upload("/a", []byte("a"))
		_, err = b.UploadBuffer(ctx, bucket, "/a", []byte("b"), nil)
		b.expect(err, cos.ErrFileExists)
		_, err = b.StatFile(ctx, "no-such-bucket", "/a", nil)
		b.expect(err, cos.ErrNoBucket)
		b.must(b.SetCredentials(emulator.AppID, emulator.SecretID, "WRONG_KEY"))
		_, err = b.StatFile(ctx, bucket, "/a", nil)
		b.expect(err, cos.ErrSignInvalid, cos.ErrAccessDenied)
		if strings.Contains(fmt.Sprintf("%+v", err), "WRONG_KEY") {
			b.Error("the key is shown: ", err)
		}
	})
}

func TestWhatJSONCanNotHoldIsRefused(t *testing.T) {
	forEachAPI(t, func(b *bed) {
		bad := "a\xff"
		refused := func(err error, argument string) {
			b.Helper()
			b.expect(err, cos.ErrParam)
			var failure *cos.Error
			if errors.As(err, &failure) && failure.Argument != argument {
				b.Error(err)
			}
		}
		_, err := b.UploadBuffer(ctx, bucket, "/a", nil, &cos.UploadOptions{ContentType: bad})
		refused(err, "content_type")
		_, err = b.UploadBuffer(ctx, bucket, "/a", nil, &cos.UploadOptions{Meta: map[string]string{"m": bad}})
		refused(err, "x-cos-meta-m")
		_, err = b.UpdateFile(ctx, bucket, "/a", &cos.UpdateFileOptions{BizAttr: &bad})
		refused(err, "biz_attr")
		_, err = b.PresignGet(bucket, "/a", time.Hour, &cos.SignURLOptions{Params: url.Values{"p": {"a", bad}}})
		refused(err, "params")
		_, err = b.SignURL("GET", bucket, "/a", time.Hour, &cos.SignURLOptions{Headers: map[string]string{bad: "a"}})
		refused(err, "headers")
		_, err = b.Request(ctx, &cos.Request{Method: "GET", Bucket: bucket, Params: url.Values{bad: nil}}, nil)
		refused(err, "params")
	})
}

func TestALocalFileIsTheSystemsError(t *testing.T) {
	forEachAPI(t, func(b *bed) {
		directory := b.TempDir()
		missing := filepath.Join(directory, "none")
		_, err := b.UploadFile(ctx, bucket, "/a", missing, nil)
		b.expect(err, fs.ErrNotExist, cos.ErrParam)
		_, err = b.UploadFolder(ctx, bucket, "/a/", missing, nil)
		b.expect(err, fs.ErrNotExist, cos.ErrParam)
		b.upload("/a", []byte("a"))
		_, err = b.DownloadFile(ctx, bucket, "/a", filepath.Join(missing, "a"), nil)
		b.expect(err, fs.ErrNotExist, cos.ErrParam)
		here := filepath.Join(directory, "a")
		_, err = b.DownloadFile(ctx, bucket, "/a", here, nil)
		b.must(err)
		_, err = b.DownloadFile(ctx, bucket, "/a", here, &cos.DownloadFileOptions{Overwrite: cos.Ptr(false)})
		b.expect(err, fs.ErrExist, cos.ErrParam)
		_, err = b.UploadFile(ctx, bucket, "/a", directory, nil)
		b.expect(err, syscall.EISDIR, cos.ErrParam)
	})
}

// Each call stops while the server is silent, and nothing of it is left.
func TestEveryCallEndsWithItsContext(t *testing.T) {
	forEachAPI(t, func(b *bed) {
		b.withhold("")
		local := filepath.Join(b.TempDir(), "file")
		b.must(os.WriteFile(local, random(100), 0o600))
		before := runtime.NumGoroutine()
		calls := map[string]func(ctx context.Context) error{
			"StatFile": func(ctx context.Context) error {
				_, err := b.StatFile(ctx, bucket, "/silent", nil)
				return err
			},
			"Exists": func(ctx context.Context) error {
				_, err := b.Exists(ctx, bucket, "/silent/", nil)
				return err
			},
			"DelFile":  func(ctx context.Context) error { return b.DelFile(ctx, bucket, "/silent", nil) },
			"MoveFile": func(ctx context.Context) error { return b.MoveFile(ctx, bucket, "/silent", "/x", nil) },
			"Walk": func(ctx context.Context) error {
				list := b.Walk(ctx, bucket, "/silent/", nil)
				for list.Next() {
					b.Error("there is nothing to list")
				}
				return list.Err()
			},
			"DelFolder": func(ctx context.Context) error {
				_, err := b.DelFolder(ctx, bucket, "/silent/", &cos.DelFolderOptions{Recursive: true})
				return err
			},
			"UploadFile": func(ctx context.Context) error {
				_, err := b.UploadFile(ctx, bucket, "/silent", local, nil)
				return err
			},
			"UploadFolder": func(ctx context.Context) error {
				_, err := b.UploadFolder(ctx, bucket, "/silent/", filepath.Dir(local), nil)
				return err
			},
			"DownloadBuffer": func(ctx context.Context) error {
				_, err := b.DownloadBuffer(ctx, bucket, "/silent", nil)
				return err
			},
			"Open": func(ctx context.Context) error {
				_, err := b.Open(ctx, bucket, "/silent", nil)
				return err
			},
		}
		b.within(50*time.Second, func() {
			for name, call := range calls {
				late, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
				err := call(late)
				cancel()
				if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, cos.ErrCancelled) {
					b.Errorf("%s: this is not the deadline: %v", name, err)
				}
				stopped, cancel := context.WithCancel(ctx)
				time.AfterFunc(100*time.Millisecond, cancel)
				if err := call(stopped); !errors.Is(err, context.Canceled) {
					b.Errorf("%s: it was not cancelled: %v", name, err)
				}
				if err := call(stopped); !errors.Is(err, context.Canceled) {
					b.Errorf("%s: it began: %v", name, err)
				}
			}
		})
		b.nothingIsLeft(before)
	})
}

// nothingIsLeft waits until there are no more goroutines than before.
func (b *bed) nothingIsLeft(before int) {
	b.Helper()
	b.within(20*time.Second, func() {
		for runtime.NumGoroutine() > before+1 {
			time.Sleep(10 * time.Millisecond)
		}
	})
}

func TestWhatEndsACallEndsNoOther(t *testing.T) {
	forEachAPI(t, func(b *bed) {
		b.upload("/a", random(100))
		b.withhold("silent")
		ended := make(chan error)
		other, stopOther := context.WithCancel(ctx)
		go func() {
			_, err := b.StatFile(other, bucket, "/silent/other", nil)
			ended <- err
		}()
		late, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
		defer cancel()
		_, err := b.StatFile(late, bucket, "/silent/this", nil)
		b.expect(err, context.DeadlineExceeded)
		_, err = b.StatFile(ctx, bucket, "/a", nil)
		b.must(err)
		select {
		case err := <-ended:
			b.Error("the other call has ended, too: ", err)
		default:
		}
		stopOther()
		b.expect(<-ended, context.Canceled)
	})
}

type reading func(data []byte) (int, error)

func (r reading) Read(data []byte) (int, error) { return r(data) }

type writing func(data []byte) (int, error)

func (w writing) Write(data []byte) (int, error) { return w(data) }

func TestStreamsComeAndGo(t *testing.T) {
	forEachAPI(t, func(b *bed) {
		content := random(5<<20 + 3)
		size := int64(len(content))
		small := &cos.UploadOptions{InsertOnly: cos.Ptr(false), SliceSize: 1 << 20, SliceThreshold: cos.Ptr(int64(1 << 20))}
		for name, reader := range map[string]io.Reader{
			"whole": bytes.NewReader(content), "halves": iotest.HalfReader(bytes.NewReader(content)),
			"with its end": iotest.DataErrReader(bytes.NewReader(content)),
		} {
			stored, err := b.UploadStream(ctx, bucket, "/a", size, reader, small)
			b.must(err)
			if stored.Bytes != size || stored.Slices < 5 {
				b.Errorf("%s: %+v", name, stored)
			}
			var copied bytes.Buffer
			got, err := b.DownloadStream(ctx, bucket, "/a", &copied, nil)
			b.must(err)
			if !got.Verified || !bytes.Equal(copied.Bytes(), content) {
				b.Errorf("%s: other bytes come back: %+v", name, got)
			}
		}
		_, err := b.UploadStream(ctx, bucket, "/b", -1, bytes.NewReader(content), small)
		if b.API() == "v5" {
			b.must(err)
		} else {
			b.expect(err, cos.ErrParam)
		}
		part, err := b.DownloadBuffer(ctx, bucket, "/a",
			&cos.DownloadOptions{RangeStart: 2, RangeEnd: cos.Ptr(int64(4))})
		b.must(err)
		if !bytes.Equal(part, content[2:5]) {
			b.Error("another range comes back")
		}
	})
}

func TestAStreamThatFailsEndsItsCallAlone(t *testing.T) {
	forEachAPI(t, func(b *bed) {
		b.upload("/a", random(1<<20))
		before := runtime.NumGoroutine()
		full := errors.New("full")
		for name, fail := range map[string]func() (int, error){
			"error":  func() (int, error) { return 0, full },
			"panic":  func() (int, error) { panic(full) },
			"goexit": func() (int, error) { runtime.Goexit(); return 0, nil },
			"count":  func() (int, error) { return -1, nil },
		} {
			_, err := b.UploadStream(ctx, bucket, "/b", 10, reading(func([]byte) (int, error) { return fail() }), nil)
			_, err2 := b.DownloadStream(ctx, bucket, "/a", writing(func([]byte) (int, error) { return fail() }), nil)
			for _, err := range []error{err, err2} {
				isFull := name == "error" || name == "panic"
				var panicked *cos.PanicError
				if err == nil || errors.Is(err, full) != isFull || errors.As(err, &panicked) != (name == "panic") {
					b.Errorf("%s: %v", name, err)
				}
				if name == "panic" && !bytes.Contains(panicked.Stack, []byte("cos_test")) {
					b.Errorf("it is not told where it panicked: %s", panicked.Stack)
				}
			}
		}
		_, err := b.UploadStream(ctx, bucket, "/b", 10, strings.NewReader("short"), nil)
		b.expect(err, io.ErrUnexpectedEOF, cos.ErrLocalIO)
		_, err = b.DownloadStream(ctx, bucket, "/a", writing(func(data []byte) (int, error) { return 1, nil }), nil)
		b.expect(err, io.ErrShortWrite)
		_, err = b.UploadBuffer(ctx, bucket, "/short", random(10),
			&cos.UploadOptions{Progress: func(_, _ int64) { panic(full) }})
		b.expect(err, full)
		b.withhold("silent")
		_, err = b.UploadBuffer(ctx, bucket, "/silent", random(10),
			&cos.UploadOptions{Progress: func(_, _ int64) { runtime.Goexit() }})
		if err == nil || errors.Is(err, context.Canceled) {
			b.Error("progress that ended its goroutine: ", err)
		}
		exists, err := b.Exists(ctx, bucket, "/b", nil)
		b.must(err)
		if exists && b.API() == "v5" {
			b.Error("a file is there")
		}
		b.nothingIsLeft(before)
	})
}

func TestAStreamThatWaitsKeepsNobody(t *testing.T) {
	forEachAPI(t, func(b *bed) {
		b.upload("/a", random(1<<20))
		goOn := make(chan struct{})
		wait := func() (int, error) {
			<-goOn
			return 0, io.EOF
		}
		b.within(20*time.Second, func() {
			late, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
			defer cancel()
			_, err := b.UploadStream(late, bucket, "/b", 10, reading(func([]byte) (int, error) { return wait() }), nil)
			b.expect(err, context.DeadlineExceeded)
			late, cancel = context.WithTimeout(ctx, 100*time.Millisecond)
			defer cancel()
			_, err = b.DownloadStream(late, bucket, "/a", writing(func([]byte) (int, error) { return wait() }), nil)
			b.expect(err, context.DeadlineExceeded)
		})
		close(goOn)
	})
}

func TestAFileIsReadWhileItIsDownloaded(t *testing.T) {
	forEachAPI(t, func(b *bed) {
		content := random(5 << 20)
		b.upload("/a", content)
		before := runtime.NumGoroutine()
		reader, err := b.Open(ctx, bucket, "/a", nil)
		b.must(err)
		got, err := io.ReadAll(reader)
		b.must(err)
		b.must(reader.Close())
		if !bytes.Equal(got, content) {
			b.Error("other bytes come back")
		}
		reader, err = b.Open(ctx, bucket, "/a", nil)
		b.must(err)
		_, err = io.ReadFull(reader, make([]byte, 10))
		b.must(err)
		b.must(reader.Close())
		b.must(reader.Close())
		if _, err := reader.Read(make([]byte, 10)); err == nil || err == io.EOF {
			b.Error("a closed reader is read: ", err)
		}
		_, err = b.Open(ctx, bucket, "/none", nil)
		b.expect(err, cos.ErrNotFound)
		b.upload("/empty", nil)
		reader, err = b.Open(ctx, bucket, "/empty", nil)
		b.must(err)
		if _, err := reader.Read(make([]byte, 10)); err != io.EOF {
			b.Error("it does not end: ", err)
		}
		b.must(reader.Close())
		// Nobody reads on, and nobody closes it.
		late, cancel := context.WithCancel(ctx)
		reader, err = b.Open(late, bucket, "/a", nil)
		b.must(err)
		cancel()
		_, err = io.Copy(io.Discard, reader)
		b.expect(err, context.Canceled)
		b.nothingIsLeft(before)
	})
}

// zeros are so many bytes, and tell how much memory the program has had meanwhile.
type zeros struct {
	left, largest int64
}

func (z *zeros) Read(data []byte) (int, error) {
	if z.left == 0 {
		return 0, io.EOF
	}
	if int64(len(data)) > z.left {
		data = data[:z.left]
	}
	for i := range data {
		data[i] = 0
	}
	z.left -= int64(len(data))
	z.look()
	return len(data), nil
}

func (z *zeros) Write(data []byte) (int, error) {
	z.look()
	return len(data), nil
}

func (z *zeros) look() {
	if resident := resident(); resident > z.largest {
		z.largest = resident
	}
}

func resident() int64 {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	pages, _ := strconv.ParseInt(strings.Fields(string(text))[1], 10, 64)
	return pages * int64(os.Getpagesize())
}

func TestTheMemoryOfAStreamIsBounded(t *testing.T) {
	if runtime.GOOS == "linux" && resident() == 0 {
		t.Fatal("/proc does not tell the memory of this program")
	}
	forEachAPI(t, func(b *bed) {
		const size = 150 << 20
		source, sink := &zeros{left: size}, &zeros{}
		before := resident()
		_, err := b.UploadStream(ctx, bucket, "/a", size, source,
			&cos.UploadOptions{SliceSize: 1 << 20, Concurrency: 2})
		b.must(err)
		_, err = b.DownloadStream(ctx, bucket, "/a", sink, nil)
		b.must(err)
		for _, z := range []*zeros{source, sink} {
			if grown := z.largest - before; grown > size/3 {
				b.Errorf("a stream of %d bytes takes %d", size, grown)
			}
		}
	})
}

func TestListsComePageByPage(t *testing.T) {
	forEachAPI(t, func(b *bed) {
		const count = 1100
		// The JSON API does not take all characters.
		special := map[string]string{"v4": "你好", "v5": "<你好>"}
		wanted := map[string]bool{}
		paths := make(chan string)
		var workers sync.WaitGroup
		for i := 0; i < 8; i++ {
			workers.Add(1)
			go func() {
				defer workers.Done()
				for path := range paths {
					_, err := b.UploadBuffer(ctx, bucket, path, []byte("x"), nil)
					if err != nil {
						b.Error(err)
					}
				}
			}()
		}
		for i := 0; i < count; i++ {
			path := fmt.Sprintf("/list/%04d", i)
			if i%10 == 0 {
				path = fmt.Sprintf("/list/sub %d/&%s %04d", i%3, special[b.API()], i)
			}
			wanted[path] = true
			paths <- path
		}
		close(paths)
		workers.Wait()

		files, folders := 0, 0
		list := b.Entries(ctx, bucket, "/list/", &cos.ListFolderOptions{Num: 100})
		for list.Next() {
			entry := list.Entry()
			if entry.Path != "/list/"+entry.Name || entry.IsFolder != strings.HasSuffix(entry.Name, "/") {
				b.Errorf("%+v", entry)
			}
			if entry.IsFolder {
				folders++
			} else if files++; entry.Size != 1 || entry.Modified.IsZero() {
				b.Errorf("%+v", entry)
			}
		}
		b.must(list.Err())
		if files != count*9/10 || folders != 3 {
			b.Errorf("%d files, %d folders", files, folders)
		}
		found := []string{}
		b.Walk(ctx, bucket, "/list/", nil).All()(func(entry cos.Entry, err error) bool {
			b.must(err)
			if !wanted[entry.Path] || entry.Path != "/list/"+entry.Name {
				b.Errorf("%+v", entry)
			}
			found = append(found, entry.Path)
			return true
		})
		if len(found) != count {
			b.Errorf("%d files are found", len(found))
		}
		list = b.Walk(ctx, bucket, "/no/such/", nil)
		if list.Next() || b.API() == "v4" && !errors.Is(list.Err(), cos.ErrNotFound) {
			b.Error("a folder that is not there: ", list.Err())
		}

		failures, err := b.DeleteFiles(ctx, bucket, append(found, "/list/none"), nil)
		b.must(err)
		if len(failures) > 0 {
			b.Error(failures)
		}
		exists, err := b.Exists(ctx, bucket, "/list/0001", nil)
		b.must(err)
		list = b.Walk(ctx, bucket, "/list/", nil)
		if exists || list.Next() {
			b.Error("something is left: ", list.Entry())
		}
		for _, path := range []string{"", "/", "a", "/a/", "//a", "/a\n", "/\xff", "/a\u0085"} {
			_, err := b.DeleteFiles(ctx, bucket, []string{"/b", path}, nil)
			b.expect(err, cos.ErrParam)
		}
		_, err = b.DeleteFiles(ctx, bucket, nil, &cos.DeleteFilesOptions{Concurrency: 1})
		b.must(err)
		_, err = b.DeleteFiles(ctx, bucket, nil, &cos.DeleteFilesOptions{Concurrency: -1})
		b.expect(err, cos.ErrParam)
	})
}

func TestDeletionsThatAreRefusedAreTold(t *testing.T) {
	forEachAPI(t, func(b *bed) {
		b.upload("/a", nil)
		b.upload("/b", nil)
		if b.API() == "v4" {
			b.emulator.Fault(map[string]any{"path": "/a", "op": "delete", "action": map[string]any{
				"type": "code", "code": -5999}})
			failures, err := b.DeleteFiles(ctx, bucket, []string{"/a", "/b"}, nil)
			b.must(err)
			if len(failures) != 1 || failures[0].Path != "/a" || !errors.Is(failures[0].Err, cos.ErrRequestParam) {
				b.Error(failures)
			}
		} else {
			answer := `<DeleteResult><Error><Key>a</Key><Code>AccessDenied</Code><Message>no</Message></Error></DeleteResult>`
			b.emulator.Fault(map[string]any{"method": "POST", "action": map[string]any{"type": "reply",
				"status": 200, "content_type": "application/xml", "body": answer,
				"headers": map[string]string{"x-cos-request-id": "1"}}})
			failures, err := b.DeleteFiles(ctx, bucket, []string{"/a", "/b"}, nil)
			b.must(err)
			if len(failures) != 1 || failures[0].Path != "/a" || !errors.Is(failures[0].Err, cos.ErrAccessDenied) {
				b.Error(failures)
			}
			if failed := failures[0].Err; failed.ServerCode != "AccessDenied" || failed.Phase != "server" {
				b.Errorf("%+v", failed)
			}
		}
		b.withhold("")
		late, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
		defer cancel()
		_, err := b.DeleteFiles(late, bucket, []string{"/a", "/b"}, nil)
		b.expect(err, context.DeadlineExceeded)
	})
}

func TestADeletionThatFindsNoServerFails(t *testing.T) {
	forEachAPI(t, func(b *bed) {
		b.emulator.Fault(map[string]any{"times": nil, "action": map[string]any{"type": "drop"}})
		_, err := b.DeleteFiles(ctx, bucket, []string{"/a", "/b"}, &cos.DeleteFilesOptions{Retries: cos.Ptr(0)})
		b.expect(err, cos.ErrConnect)
	})
}

func TestURLsLeadToTheFile(t *testing.T) {
	forEachAPI(t, func(b *bed) {
		proxy, err := url.Parse("http://" + b.emulator.Host)
		b.must(err)
		web := &http.Client{Transport: &http.Transport{Proxy: func(*http.Request) (*url.URL, error) { return proxy, nil }}}
		get := func(bucket, address string) string {
			response, err := web.Get(address)
			b.must(err)
			defer response.Body.Close()
			body, err := io.ReadAll(response.Body)
			b.must(err)
			return string(body)
		}
		b.upload("/你 好", []byte("text"))
		address, err := b.PresignGet(bucket, "/你 好", time.Minute, nil)
		b.must(err)
		if got := get(bucket, address); got != "text" {
			b.Error("the URL leads to ", got)
		}
		_, err = b.UploadBuffer(ctx, "public-bucket", "/你 好", []byte("text"), nil)
		b.must(err)
		address, err = b.PublicURL("public-bucket", "/你 好")
		b.must(err)
		if got := get("public-bucket", address); got != "text" || strings.Contains(address, "?") {
			b.Error("the URL leads to ", got)
		}
		_, err = b.PresignGet(bucket, "/a", 0, nil)
		b.expect(err, cos.ErrParam)
		signed, err := b.PresignPut(bucket, "/put", time.Minute,
			&cos.SignURLOptions{Headers: map[string]string{"Content-Type": "text/x-own"}})
		if b.API() == "v4" {
			b.expect(err, cos.ErrParam)
			return
		}
		b.must(err)
		request, err := http.NewRequest("PUT", signed.URL, strings.NewReader("put"))
		b.must(err)
		for name, value := range signed.Headers {
			request.Header.Set(name, value)
		}
		response, err := web.Do(request)
		b.must(err)
		response.Body.Close()
		info, err := b.StatFile(ctx, bucket, "/put", nil)
		b.must(err)
		if info.Size != 3 || info.Headers["Content-Type"] != "text/x-own" {
			b.Errorf("%+v", info)
		}
	})
}

func TestAClientServesManyAndEndsOnce(t *testing.T) {
	forEachAPI(t, func(b *bed) {
		b.upload("/a", random(100))
		var callers sync.WaitGroup
		for i := 0; i < 100; i++ {
			callers.Add(1)
			go func() {
				defer callers.Done()
				for n := 0; n < 10; n++ {
					_, err := b.DownloadBuffer(ctx, bucket, "/a", nil)
					if errors.Is(err, cos.ErrClosed) {
						return
					}
					if err != nil {
						b.Error(err)
					}
				}
			}()
		}
		for i := 0; i < 3; i++ {
			callers.Add(1)
			go func() {
				defer callers.Done()
				b.must(b.Close())
			}()
		}
		callers.Wait()
		_, err := b.StatFile(ctx, bucket, "/a", nil)
		b.expect(err, cos.ErrClosed)
		_, err = b.PresignGet(bucket, "/a", time.Minute, nil)
		b.expect(err, cos.ErrClosed)
		b.expect(b.SetConfig(nil), cos.ErrClosed)
		b.expect(b.SetLog(cos.LogRequests, nil), cos.ErrClosed)
		never := &cos.Client{}
		b.expect(never.DelFile(ctx, bucket, "/a", nil), cos.ErrClosed)
		b.must(never.Close())
	})
}

func TestACallWaitsForItsTurn(t *testing.T) {
	forEachAPI(t, func(b *bed) {
		opts := options(b.API(), b.emulator)
		opts.MaxCalls = 1
		client, err := cos.NewClient(emulator.AppID, emulator.SecretID, emulator.SecretKey, "", opts)
		b.must(err)
		defer client.Close()
		b.upload("/a", random(5<<20))
		reader, err := client.Open(ctx, bucket, "/a", nil)
		b.must(err)
		late, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
		defer cancel()
		_, err = client.StatFile(late, bucket, "/a", nil)
		b.expect(err, context.DeadlineExceeded)
		b.must(reader.Close())
		_, err = client.StatFile(ctx, bucket, "/a", nil)
		b.must(err)
	})
}

func TestALogThatPanicsEndsNothing(t *testing.T) {
	forEachAPI(t, func(b *bed) {
		b.must(b.SetLog(cos.LogRequests, func(cos.LogLevel, string) { panic("of the test") }))
		b.upload("/a", nil)
		b.must(b.SetLog(cos.LogRequests, func(cos.LogLevel, string) { runtime.Goexit() }))
		b.upload("/a", nil)
		var mu sync.Mutex
		lines := 0
		b.must(b.SetLog(cos.LogFailures, func(level cos.LogLevel, line string) {
			mu.Lock()
			defer mu.Unlock()
			lines++
			if level != cos.LogFailures || strings.Contains(line, emulator.SecretKey) {
				b.Error(level, line)
			}
		}))
		_, err := b.StatFile(ctx, bucket, "/none", nil)
		b.expect(err, cos.ErrNotFound)
		if lines == 0 {
			b.Error("there is no line")
		}
		b.expect(b.SetLog(7, nil), cos.ErrParam)
	})
}

func TestSettingsChangeAndGoBack(t *testing.T) {
	forEachAPI(t, func(b *bed) {
		b.must(b.SetConfig(&cos.ConfigOptions{Hostname: "localhost:1", DownloadHostname: "localhost:1",
			Retries: cos.Ptr(0), ConnectTimeout: 5 * time.Second}))
		_, err := b.StatFile(ctx, bucket, "/a", nil)
		b.expect(err, cos.ErrConnect)
		b.must(b.SetConfig(&cos.ConfigOptions{Hostname: b.emulator.Host, DownloadHostname: b.emulator.Host,
			Reset: []string{"retries", "connect_timeout_ms"}}))
		_, err = b.StatFile(ctx, bucket, "/a", nil)
		b.expect(err, cos.ErrNotFound)
		b.expect(b.SetConfig(&cos.ConfigOptions{Reset: []string{"no_such"}}), cos.ErrParam)
		b.must(b.SetConfig(nil))
		// Silence is another limit than a deadline.
		b.withhold("silent")
		_, err = b.StatFile(ctx, bucket, "/silent", &cos.StatFileOptions{Timeout: 100 * time.Millisecond, Retries: cos.Ptr(0)})
		b.expect(err, cos.ErrConnect)
	})
}

func TestTheConfigurationIsThatOfTheCommand(t *testing.T) {
	for _, name := range os.Environ() {
		if name, _, _ := strings.Cut(name, "="); strings.HasPrefix(name, "COS_") && name != "COS_EMULATOR" {
			t.Setenv(name, "")
		}
	}
	forEachAPI(t, func(b *bed) {
		directory := b.TempDir()
		b.Setenv("XDG_CONFIG_HOME", directory)
		file := filepath.Join(directory, "cos.conf")
		write := func(text string) { b.must(os.WriteFile(file, []byte(text), 0o600)) }
		fails := func(part string, wanted ...error) {
			b.Helper()
			_, err := cos.FromEnv("", nil)
			b.expect(err, append(wanted, cos.ErrParam)...)
			if err != nil && (!strings.Contains(err.Error(), part) || strings.Contains(err.Error(), "SECRET_K")) {
				b.Error(err)
			}
		}
		fails("no appid: set COS_APPID")
		write("\ufeff# mine\r\n appid = 1250000000\r\nsecret_id=WRONG\n\nsecret_key = " + emulator.SecretKey +
			"\nscheme=http\napi = " + b.API() + "\nhostname=" + b.emulator.Host +
			"\ndownload_hostname=localhost:1\ntoken=OF_OTHER_KEYS\n")
		b.Setenv("COS_SECRET_ID", emulator.SecretID)
		client, err := cos.FromEnv("", &cos.ClientOptions{DownloadHostname: b.emulator.Host})
		b.must(err)
		defer client.Close()
		_, err = client.UploadBuffer(ctx, bucket, "/a", []byte("a"), nil)
		b.must(err)
		got, err := client.DownloadBuffer(ctx, bucket, "/a", nil)
		b.must(err)
		if string(got) != "a" || client.API() != b.API() {
			b.Error(string(got), client.API())
		}
		sections := "secret_key='" + emulator.SecretKey + "'\nappid=1\ntoken=OF_OTHER_KEYS\n[ work ]\nsecret_id = \"" +
			emulator.SecretID + "\"\nappid=1250000000\nscheme=http\nhostname=" + b.emulator.Host + "\n[rest]\nscheme=https\n"
		write(sections)
		b.Setenv("COS_SECRET_ID", "")
		b.Setenv("COS_PROFILE", "work")
		work, err := cos.FromEnv("", &cos.ClientOptions{API: b.API(), DownloadHostname: b.emulator.Host})
		b.must(err)
		defer work.Close()
		_, err = work.StatFile(ctx, bucket, "/a", nil)
		b.must(err)
		b.Setenv("COS_PROFILE", "play")
		fails("cos.conf has no section [play]")
		chosen, err := cos.FromEnv("", &cos.ClientOptions{API: b.API(), Profile: "work",
			DownloadHostname: b.emulator.Host})
		b.must(err)
		defer chosen.Close()
		b.Setenv("COS_PROFILE", "")
		write("appid = 1250000000\nregion = 'a' b\n")
		fails("cos.conf:2: this is not NAME = VALUE")
		write("appid = 1250000000\nSECRET_KEY\n")
		fails("cos.conf:2: this is not NAME = VALUE")
		write("a\x00")
		fails("this is not UTF-8 text")
		write(strings.Repeat("#", 70000))
		fails("too large")
		b.Setenv("COS_CONFIG", filepath.Join(directory, "none"))
		fails("none", fs.ErrNotExist)
	})
}

func TestSecretsAreNotShown(t *testing.T) {
	forEachAPI(t, func(b *bed) {
		opts := cos.ClientOptions{Token: "OF_TEMPORARY_KEYS", Proxy: "http://user:PASSWORD@localhost:1"}
		changes := cos.ConfigOptions{Token: opts.Token, Proxy: opts.Proxy}
		shown := fmt.Sprintf("%v %+v %#v %v %+v %#v %v %+v", opts, opts, opts, &changes, changes, changes, b.Client, b.Client)
		for _, secret := range []string{opts.Token, "PASSWORD", emulator.SecretKey} {
			if strings.Contains(shown, secret) {
				b.Error(shown)
			}
		}
	})
}

func TestFoldersTravelAndTellOfEachFile(t *testing.T) {
	forEachAPI(t, func(b *bed) {
		from, to := b.TempDir(), filepath.Join(b.TempDir(), "to")
		b.must(os.MkdirAll(filepath.Join(from, "sub"), 0o700))
		b.must(os.WriteFile(filepath.Join(from, "a"), []byte("a"), 0o600))
		b.must(os.WriteFile(filepath.Join(from, "sub", "b"), []byte("bb"), 0o600))
		told := int64(0)
		sent, err := b.UploadFolder(ctx, bucket, "/tree/", from,
			&cos.UploadFolderOptions{Progress: func(done, _ int64) { told = done }})
		b.must(err)
		if sent.Uploaded != 2 || len(sent.Files) != 2 || sent.Bytes != 3 || told != 3 {
			b.Errorf("%+v, %d bytes", sent, told)
		}
		b.emulator.Fault(map[string]any{"path": "sub/b", "times": nil, "action": map[string]any{
			"type": "reply", "status": 403, "body": "no"}})
		got, err := b.DownloadFolder(ctx, bucket, "/tree/", to, nil)
		if err == nil || got.Downloaded != 1 || got.Failed != 1 {
			b.Errorf("%+v: %v", got, err)
		}
		for _, file := range got.Files {
			if (file.Err != nil) != (file.Path == "sub/b") || (file.Action == "failed") != (file.Err != nil) {
				b.Errorf("%+v", file)
			}
		}
		b.must(os.WriteFile(filepath.Join(to, "a"), []byte("mine"), 0o600))
		got, err = b.DownloadFolder(ctx, bucket, "/tree/", to, &cos.DownloadFolderOptions{Overwrite: cos.Ptr(false)})
		if len(got.Files) != 2 || !errors.Is(got.Files[0].Err, fs.ErrExist) {
			b.Errorf("%+v: %v", got, err)
		}
		deleted, err := b.DelFolder(ctx, bucket, "/tree/", &cos.DelFolderOptions{Recursive: true})
		if err == nil && (deleted.Files != 2 || deleted.Failed != 0) || err != nil && deleted.Failed == 0 {
			b.Errorf("%+v: %v", deleted, err)
		}
	})
}
