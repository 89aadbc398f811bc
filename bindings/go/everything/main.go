// Every method and every way to end a call: everything HOST:PORT, in a directory with `tree`.
// COS_API says which API is used. The server stays silent when something is uploaded to a path with
// `silent` in it.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"first_upload/cos"
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
func only(which, argument string, reply cos.Reply, err error) bool {
	if api == which {
		must(reply, err)
		return true
	}
	var refused *cos.Error
	expect("an error", errors.As(err, &refused) && refused.Code == -1)
	expect(argument, strings.Contains(string(refused.Reply), `"argument":"`+argument+`"`))
	return false
}

// data decodes the data of a reply.
func data[T any](reply cos.Reply, err error) (decoded T) {
	must(0, must(reply, err).Decode(&decoded))
	return
}

func main() {
	host := os.Args[1]
	client := must(cos.NewClient(appid, secretID, secretKey, "sh", cos.Options{
		"api": api, "scheme": "http", "hostname": host, "download_hostname": host,
	}))
	settings(client)
	foldersAndFiles(client)
	large := transfers(client)
	requests(client)
	failures(client)
	endings(client, large)

	client.Close()
	client.Close()
	_, err := client.StatFile(bucket, "/large")
	var failure *cos.Error
	expect("a closed client is refused", errors.As(err, &failure) && failure.Code == -1)
	fmt.Println("everything went well")
}

func settings(client *cos.Client) {
	expect("there is a version", cos.Version() != "")
	must(0, client.SetConfig(cos.Options{"retries": 1, "user_agent": "everything"}))
	must(0, client.SetCredentials(appid, secretID, secretKey))
	err := client.SetTemporaryCredentials(appid, "TEMPORARY_ID", "TEMPORARY_KEY", "TEMPORARY_TOKEN")
	expect("the JSON API has no temporary keys", (err == nil) == (api == "v5"))
	must(client.StatFolder(bucket, "/"))
	must(0, client.SetCredentials(appid, secretID, secretKey))
	var lines []string
	client.SetLog(cos.LogRequests, func(_ int, line string) { lines = append(lines, line) })
	must(client.CreateFolder(bucket, "/folder/", cos.Options{"biz_attr": "one"}))
	expect("there is a log", len(lines) > 0 && strings.Contains(lines[0], "op=create"))
	client.SetLog(cos.LogOff, func(int, string) { panic("the log is off") })

	for _, path := range []string{"/large", "/你好"} {
		reply, err := client.SignMore(bucket, path, 60)
		only("v4", "api", reply, err)
		reply, err = client.SignOnce(bucket, path)
		only("v4", "api", reply, err)
		expect("signed", data[struct{ URL string }](client.SignDownload(bucket, path, 60)).URL != "")
		expect("signed", data[struct{ URL string }](client.SignURL("GET", bucket, path, 60)).URL != "")
	}
	kind := cos.Options{"headers": cos.Options{"Content-Type": "text/plain"}}
	reply, err := client.SignURL("PUT", bucket, "/signed", 60, kind)
	if only("v5", "method", reply, err) {
		signed := data[struct{ Headers map[string]string }](reply, nil)
		expect("a header is signed", signed.Headers["Content-Type"] == "text/plain")
	}
}

// requests tries the functions that only the XML API has.
func requests(client *cos.Client) {
	reply, err := client.ListBuckets()
	if only("v5", "api", reply, err) {
		type list struct{ Buckets []struct{ Name string } }
		expect("a bucket", data[list](reply, nil).Buckets[0].Name == bucket)
	}
	kind := cos.Options{"Content-Type": "text/plain"}
	reply, err = client.Request("PUT", bucket, "/asked", nil, kind, []byte("text"))
	only("v5", "api", reply, err)
	reply, err = client.Request("GET", bucket, "/asked", cos.Options{"response-expires": 1}, nil, nil)
	if only("v5", "api", reply, err) {
		expect("the text", data[struct{ Body string }](reply, nil).Body == "text")
	}
}

func foldersAndFiles(client *cos.Client) {
	ctx := context.Background()
	must(client.UpdateFolder(bucket, "/folder/", cos.Options{"biz_attr": `"你好"`}))
	folder := data[map[string]any](client.StatFolder(bucket, "/folder/"))
	expect("the folder is updated", folder["biz_attr"] == `"你好"`)

	must(client.UploadBuffer(ctx, bucket, "/folder/a", []byte("a\x00b")))
	file := data[struct{ Filesize int64 }](client.StatFile(bucket, "/folder/a"))
	expect("three bytes are there", file.Filesize == 3)
	must(client.UpdateFile(bucket, "/folder/a", cos.Options{"x-cos-meta-of": "me"}))
	must(client.CopyFile(bucket, "/folder/a", "/folder/b"))
	must(client.MoveFile(bucket, "/folder/a", "/folder/b", cos.Options{"overwrite": true}))
	type list struct{ Infos []struct{ Name string } }
	entries := data[list](client.ListFolder(bucket, "/folder/", cos.Options{"all": true})).Infos
	expect("only b is left", len(entries) == 1 && entries[0].Name == "b")
	content, _, err := client.DownloadBuffer(ctx, bucket, "/folder/b")
	expect("the bytes come back", string(must(content, err)) == "a\x00b")
	must(client.UploadBuffer(ctx, bucket, "/folder/empty", nil))
	content, _, err = client.DownloadBuffer(ctx, bucket, "/folder/empty")
	expect("nothing comes back", len(must(content, err)) == 0)
	must(client.DelFile(bucket, "/folder/b"))
	must(client.DelFolder(bucket, "/folder/", cos.Options{"recursive": true}))
}

func transfers(client *cos.Client) []byte {
	var done, total uint64
	ctx := cos.WithProgress(context.Background(), func(d, t uint64) {
		expect("progress goes on", d >= done)
		done, total = d, t
	})
	must(client.UploadFile(ctx, bucket, "/large", "large"))
	large := must(os.ReadFile("large"))
	expect("all is done", done == uint64(len(large)) && total == done)

	ctx = context.Background()
	must(client.DownloadFile(ctx, bucket, "/large", "copy"))
	var pieces bytes.Buffer
	must(client.DownloadStream(ctx, bucket, "/large", &pieces))
	expect("a copy", bytes.Equal(large, must(os.ReadFile("copy"))))
	expect("a stream", bytes.Equal(large, pieces.Bytes()))
	size := int64(len(large))
	must(client.UploadStream(ctx, bucket, "/stream", size, &pieces, cos.Options{"slice_size": 1 << 20}))
	content, _, err := client.DownloadBuffer(ctx, bucket, "/stream")
	expect("a copy of a stream", bytes.Equal(large, must(content, err)))
	reply, err := client.UploadStream(ctx, bucket, "/unknown", -1, strings.NewReader("text"))
	only("v5", "size", reply, err)
	must(client.UploadFolder(ctx, bucket, "/tree/", "tree"))
	must(client.DownloadFolder(ctx, bucket, "/tree/", "tree-copy"))
	must(os.Stat("tree-copy/sub/b"))
	return large
}

func failures(client *cos.Client) {
	var missing, refused *cos.Error
	_, _, err := client.DownloadBuffer(context.Background(), bucket, "/missing")
	expect("an error", errors.As(err, &missing))
	expect("the server's", missing.Code == -197 && missing.Name == "COS_ERR_NOT_FOUND")
	expect("with a message", missing.Message != "")
	_, err = client.StatFile(bucket, "/large", cos.Options{"no_such_option": 1})
	expect("an error", errors.As(err, &refused))
	expect("a reply", strings.Contains(string(refused.Reply), `"argument":"no_such_option"`))
	_, err = cos.NewClient("not a number", "", "", "sh")
	expect("no client", err != nil)
	_, err = client.StatFile(bucket, "/large\x00/other")
	expect("no zero byte", err != nil && !errors.As(err, &refused))
}

type broken struct{ error }

func (b broken) Write([]byte) (int, error) { return 0, b.error }
func (b broken) Read([]byte) (int, error)  { return 0, b.error }

// endings are a context, a writer that fails, and a panic, while the server is silent.
func endings(client *cos.Client, large []byte) {
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	_, err := client.UploadBuffer(ctx, bucket, "/silent", large)
	expect("the time is up", errors.Is(err, context.DeadlineExceeded))
	_, err = client.UploadBuffer(ctx, bucket, "/late", large)
	expect("it was up before", errors.Is(err, context.DeadlineExceeded))

	full := errors.New("full")
	_, err = client.DownloadStream(context.Background(), bucket, "/large", broken{full})
	expect("the error of the writer", err == full)
	_, err = client.UploadStream(context.Background(), bucket, "/no", 9, broken{full})
	expect("the error of the reader", err == full)

	defer func() { expect("the panic arrives", recover() == "enough") }()
	ctx = cos.WithProgress(context.Background(), func(_, _ uint64) { panic("enough") })
	_, _ = client.UploadBuffer(ctx, bucket, "/silent", large)
}
