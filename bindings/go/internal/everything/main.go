// Every method and every way to end a call: everything HOST:PORT, in a directory with `tree`.
// COS_API says which API is used. The server stays silent when something is uploaded to a path with
// `silent` in it.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"
	"time"

	"libcos.invalid/cos"
)

const (
	bucket    = "private-bucket"
	appid     = "1250000000"
	secretID  = "EXAMPLE_SECRET_ID"
	secretKey = "EXAMPLE_SECRET_KEY"
)

// api is the API that is used: the environment's COS_API, or v4.
var api = func() string {
	if given := os.Getenv("COS_API"); given != "" {
		return given
	}
	return "v4"
}()

func expect(what string, well bool) {
	if !well {
		panic("not so: " + what)
	}
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// only checks that the API which does not have something refuses it. It returns whether this API has it.
func only(which, argument string, err error) bool {
	if api == which {
		check(err)
		return true
	}
	var refused *cos.Error
	expect("an error", errors.As(err, &refused) && errors.Is(err, cos.ErrParam))
	expect(argument, refused.Argument == argument)
	return false
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

var ctx = context.Background()

func main() {
	host := os.Args[1]
	client := must(cos.NewClient(appid, secretID, secretKey, "sh", &cos.ClientOptions{
		API: api, Scheme: "http", Hostname: host, DownloadHostname: host,
	}))
	settings(client)
	foldersAndFiles(client)
	large := transfers(client)
	requests(client)
	failures(client)
	endings(client, large)

	check(client.Close())
	check(client.Close())
	_, err := client.StatFile(ctx, bucket, "/large", nil)
	expect("a closed client is refused", errors.Is(err, cos.ErrClosed) && errors.Is(err, cos.ErrParam))
	fmt.Println("everything went well")
}

func settings(client *cos.Client) {
	expect("there is a version", cos.Version() != "")
	check(client.SetConfig(&cos.ConfigOptions{Retries: cos.Ptr(1), UserAgent: "everything"}))
	check(client.SetCredentials(appid, secretID, secretKey))
	only("v5", "token", client.SetTemporaryCredentials(appid, "TEMPORARY_ID", "TEMPORARY_KEY", "TEMPORARY_TOKEN"))
	must(client.StatFolder(ctx, bucket, "/", nil))
	check(client.SetCredentials(appid, secretID, secretKey))
	var lines []string
	check(client.SetLog(cos.LogRequests, func(_ cos.LogLevel, line string) { lines = append(lines, line) }))
	check(client.CreateFolder(ctx, bucket, "/folder/", &cos.CreateFolderOptions{BizAttr: "one"}))
	expect("there is a log", len(lines) > 0 && strings.Contains(lines[0], "op=create"))
	check(client.SetLog(cos.LogOff, func(cos.LogLevel, string) { panic("the log is off") }))

	for _, path := range []string{"/large", "/你好"} {
		sign, err := client.SignMore(bucket, path, time.Minute)
		expect("signed", only("v4", "api", err) == (sign != ""))
		sign, err = client.SignOnce(bucket, path)
		expect("signed", only("v4", "api", err) == (sign != ""))
		_, url, err := client.SignDownload(bucket, path, time.Minute)
		expect("signed", must(url, err) != "")
		expect("signed", must(client.SignURL("GET", bucket, path, time.Minute, nil)).URL != "")
	}
	kind := &cos.SignURLOptions{Headers: map[string]string{"Content-Type": "text/plain"}}
	signed, err := client.SignURL("PUT", bucket, "/signed", time.Minute, kind)
	if only("v5", "method", err) {
		expect("a header is signed", signed.Headers["Content-Type"] == "text/plain")
	}
}

// requests tries the functions that only the XML API has.
func requests(client *cos.Client) {
	buckets, err := client.ListBuckets(ctx, nil)
	if only("v5", "api", err) {
		expect("a bucket", buckets[0].Name == bucket)
	}
	_, err = client.Request(ctx, &cos.Request{Method: "PUT", Bucket: bucket, Path: "/asked",
		Headers: map[string]string{"Content-Type": "text/plain"}, Body: []byte("text")}, nil)
	only("v5", "api", err)
	response, err := client.Request(ctx, &cos.Request{Method: "GET", Bucket: bucket, Path: "/asked",
		Params: url.Values{"response-expires": {"1"}}}, nil)
	if only("v5", "api", err) {
		expect("the text", string(response.Body) == "text")
	}
}

func foldersAndFiles(client *cos.Client) {
	check(client.UpdateFolder(ctx, bucket, "/folder/", &cos.UpdateFolderOptions{BizAttr: cos.Ptr(`"你好"`)}))
	expect("the folder is updated", must(client.StatFolder(ctx, bucket, "/folder/", nil)).BizAttr == `"你好"`)

	must(client.UploadBuffer(ctx, bucket, "/folder/a", []byte("a\x00b"), nil))
	expect("three bytes are there", must(client.StatFile(ctx, bucket, "/folder/a", nil)).Size == 3)
	must(client.UpdateFile(ctx, bucket, "/folder/a", &cos.UpdateFileOptions{Meta: map[string]string{"of": "me"}}))
	expect("it is mine", must(client.StatFile(ctx, bucket, "/folder/a", nil)).Meta("of") == "me")
	check(client.CopyFile(ctx, bucket, "/folder/a", "/folder/b", nil))
	check(client.MoveFile(ctx, bucket, "/folder/a", "/folder/b", &cos.MoveFileOptions{Overwrite: true}))
	page := must(client.ListFolder(ctx, bucket, "/folder/", &cos.ListFolderOptions{All: true}))
	expect("only b is left", len(page.Entries) == 1 && page.Entries[0].Name == "b")
	expect("the bytes come back",
		string(must(client.DownloadBuffer(ctx, bucket, "/folder/b", nil))) == "a\x00b")
	must(client.UploadBuffer(ctx, bucket, "/folder/empty", nil, nil))
	expect("nothing comes back", len(must(client.DownloadBuffer(ctx, bucket, "/folder/empty", nil))) == 0)
	check(client.DelFile(ctx, bucket, "/folder/b", nil))
	expect("nothing is left", len(must(client.DeleteFiles(ctx, bucket, []string{"/folder/b", "/folder/empty"}, nil))) == 0)
	must(client.DelFolder(ctx, bucket, "/folder/", &cos.DelFolderOptions{Recursive: true}))
}

func transfers(client *cos.Client) []byte {
	var done, total int64
	progress := func(d, t int64) {
		expect("progress goes on", d >= done)
		done, total = d, t
	}
	must(client.UploadFile(ctx, bucket, "/large", "large", &cos.UploadOptions{Progress: progress}))
	large := must(os.ReadFile("large"))
	expect("all is done", done == int64(len(large)) && total == done)

	must(client.DownloadFile(ctx, bucket, "/large", "copy", nil))
	var pieces bytes.Buffer
	must(client.DownloadStream(ctx, bucket, "/large", &pieces, nil))
	expect("a copy", bytes.Equal(large, must(os.ReadFile("copy"))))
	expect("a stream", bytes.Equal(large, pieces.Bytes()))
	must(client.UploadStream(ctx, bucket, "/stream", int64(len(large)), &pieces,
		&cos.UploadOptions{SliceSize: 1 << 20}))
	expect("a copy of a stream", bytes.Equal(large, must(client.DownloadBuffer(ctx, bucket, "/stream", nil))))
	_, err := client.UploadStream(ctx, bucket, "/unknown", -1, strings.NewReader("text"), nil)
	only("v5", "size", err)
	reader := must(client.Open(ctx, bucket, "/large", nil))
	expect("it is read while it is downloaded", bytes.Equal(large, must(io.ReadAll(reader))))
	check(reader.Close())
	must(client.UploadFolder(ctx, bucket, "/tree/", "tree", nil))
	must(client.DownloadFolder(ctx, bucket, "/tree/", "tree-copy", nil))
	must(os.Stat("tree-copy/sub/b"))
	return large
}

func failures(client *cos.Client) {
	var missing, refused *cos.Error
	_, err := client.DownloadBuffer(ctx, bucket, "/missing", nil)
	expect("an error", errors.As(err, &missing) && errors.Is(err, cos.ErrNotFound))
	expect("the server's", missing.Code == -197 && missing.Name == "COS_ERR_NOT_FOUND")
	expect("with a message", missing.Message != "")
	_, err = client.ListFolder(ctx, bucket, "/", &cos.ListFolderOptions{Num: 2000})
	expect("an error", errors.As(err, &refused) && refused.Argument == "num")
	_, err = cos.NewClient("not a number", "", "", "sh", nil)
	expect("no client", errors.Is(err, cos.ErrParam))
	_, err = client.StatFile(ctx, bucket, "/large\x00/other", nil)
	expect("no zero byte", errors.As(err, &refused) && refused.Argument == "cos_path")
}

type broken struct{ error }

func (b broken) Write([]byte) (int, error) { return 0, b.error }
func (b broken) Read([]byte) (int, error)  { return 0, b.error }

// endings are a context, a writer that fails, and a panic, while the server is silent.
func endings(client *cos.Client, large []byte) {
	late, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
	defer cancel()
	_, err := client.UploadBuffer(late, bucket, "/silent", large, nil)
	expect("the time is up", errors.Is(err, context.DeadlineExceeded) && errors.Is(err, cos.ErrCancelled))
	_, err = client.UploadBuffer(late, bucket, "/late", large, nil)
	expect("it was up before", errors.Is(err, context.DeadlineExceeded))

	full := errors.New("full")
	_, err = client.DownloadStream(ctx, bucket, "/large", broken{full}, nil)
	expect("the error of the writer", errors.Is(err, full))
	_, err = client.UploadStream(ctx, bucket, "/no", 9, broken{full}, nil)
	expect("the error of the reader", errors.Is(err, full))

	enough := func(_, _ int64) { panic(full) }
	_, err = client.UploadBuffer(ctx, bucket, "/silent", large, &cos.UploadOptions{Progress: enough})
	var panicked *cos.PanicError
	expect("the panic arrives", errors.As(err, &panicked) && errors.Is(err, full))
}
