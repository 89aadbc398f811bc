// An HTTP service that keeps files in COS: bytes flow through, none stay in memory or on the disk.
//
//	export COS_APPID=... COS_SECRET_ID=... COS_SECRET_KEY=... COS_REGION=ap-shanghai
//	BUCKET=mybucket go run .
//	curl -T photo.jpg localhost:8080/photos/photo.jpg            # stores or replaces it
//	curl --data-binary @photo.jpg localhost:8080/photos/a.jpg    # POST: 409 if it is there
//	curl localhost:8080/photos/photo.jpg -o copy.jpg             # ranges as well
//	curl localhost:8080/photos/                                  # a list
//	curl -X DELETE localhost:8080/photos/photo.jpg
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"libcos.invalid/cos"
)

// How long requests under way may take when the service is told to end.
const patience = 30 * time.Second

func main() {
	client, err := cos.FromEnv("", &cos.ClientOptions{MaxIdleConnections: cos.Ptr(200)})
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	listener, err := net.Listen("tcp", setting("ADDRESS", "localhost:8080"))
	if err != nil {
		log.Fatal(err)
	}
	server := &http.Server{
		Handler:           &service{client, setting("BUCKET", "private-bucket")},
		ReadHeaderTimeout: 10 * time.Second,
	}
	told, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	fmt.Println("listening on http://" + listener.Addr().String())

	select {
	case err := <-ended:
		log.Fatal(err)
	case <-told.Done():
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if server.Shutdown(ctx) != nil {
		// What is still under way ends with its connection.
		server.Close()
	}
}

func setting(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}

type service struct {
	client *cos.Client
	bucket string
}

// The context of a request ends when whoever asked has gone away: nobody needs the rest.
func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var err error
	switch isFolder := strings.HasSuffix(r.URL.Path, "/"); {
	case r.Method == http.MethodPut || r.Method == http.MethodPost:
		err = s.upload(w, r)
	case r.Method == http.MethodGet && isFolder:
		err = s.list(w, r)
	case r.Method == http.MethodGet || r.Method == http.MethodHead:
		err = s.download(w, r)
	case r.Method == http.MethodDelete:
		if err = s.client.DelFile(r.Context(), s.bucket, r.URL.Path, nil); err == nil {
			answer(w, http.StatusOK, "deleted")
		}
	default:
		w.Header().Set("Allow", "GET, HEAD, PUT, POST, DELETE")
		answer(w, http.StatusMethodNotAllowed, "no such method")
	}
	if err != nil {
		refuse(w, r, err)
	}
}

func (s *service) upload(w http.ResponseWriter, r *http.Request) error {
	if r.ContentLength < 0 && s.client.API() == "v4" {
		answer(w, http.StatusLengthRequired, "a length is needed")
		return nil
	}
	_, err := s.client.UploadStream(r.Context(), s.bucket, r.URL.Path, r.ContentLength, r.Body, &cos.UploadOptions{
		InsertOnly:  cos.Ptr(r.Method == http.MethodPost),
		ContentType: r.Header.Get("Content-Type"),
		// 3 MiB in memory for each upload: the default, 40 MiB, is too much for many at a time. The largest
		// whose length nobody knows has 10000 slices.
		SliceSize:   1 << 20,
		Concurrency: 2,
	})
	if err == nil {
		answer(w, http.StatusCreated, "stored")
	}
	return err
}

// download leaves ranges and conditions to net/http, which reads what it needs.
func (s *service) download(w http.ResponseWriter, r *http.Request) error {
	info, err := s.client.StatFile(r.Context(), s.bucket, r.URL.Path, nil)
	if err != nil {
		return err
	}
	kind := info.Headers["Content-Type"]
	if kind == "" {
		kind = "application/octet-stream"
	}
	w.Header().Set("Content-Type", kind)
	if info.ETag != "" {
		w.Header().Set("ETag", `"`+strings.Trim(info.ETag, `"`)+`"`)
	}
	from := &content{service: s, r: r, size: info.Size}
	defer from.Close()
	// An error from here on cuts the answer off, so that nobody takes it for the whole.
	http.ServeContent(w, r, "", info.Modified, from)
	return nil
}

// content is a file that can be read from any place: a download begins there when it is read.
type content struct {
	service  *service
	r        *http.Request
	at, size int64
	reader   *cos.Reader
}

func (c *content) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += c.at
	case io.SeekEnd:
		offset += c.size
	}
	if offset < 0 {
		return 0, errors.New("before the beginning of the file")
	}
	if offset != c.at {
		c.Close()
		c.at = offset
	}
	return offset, nil
}

func (c *content) Read(data []byte) (int, error) {
	if c.at >= c.size {
		return 0, io.EOF
	}
	if c.reader == nil {
		reader, err := c.service.client.Open(c.r.Context(), c.service.bucket, c.r.URL.Path,
			&cos.DownloadOptions{RangeStart: c.at})
		if err != nil {
			return 0, c.told(err)
		}
		c.reader = reader
	}
	count, err := c.reader.Read(data)
	c.at += int64(count)
	if err == io.EOF && c.at < c.size {
		err = io.ErrUnexpectedEOF
	}
	if err != nil && err != io.EOF {
		err = c.told(err)
	}
	return count, err
}

// told writes a failure to the log: net/http keeps it to itself.
func (c *content) told(err error) error {
	if c.r.Context().Err() == nil {
		log.Printf("%s %s: %v", c.r.Method, c.r.URL.Path, err)
	}
	return err
}

func (c *content) Close() error {
	if c.reader != nil {
		c.reader.Close()
		c.reader = nil
	}
	return nil
}

func (s *service) list(w http.ResponseWriter, r *http.Request) error {
	files := s.client.Walk(r.Context(), s.bucket, r.URL.Path, nil)
	isBegun := false
	encoder := json.NewEncoder(w)
	for files.Next() {
		if !isBegun {
			w.Header().Set("Content-Type", "application/x-ndjson")
			isBegun = true
		}
		file := files.Entry()
		if err := encoder.Encode(map[string]any{"path": file.Path, "size": file.Size}); err != nil {
			return nil
		}
	}
	if files.Err() != nil && isBegun {
		log.Printf("%s %s: %v", r.Method, r.URL.Path, files.Err())
		// The answer is cut off.
		panic(http.ErrAbortHandler)
	}
	return files.Err()
}

func answer(w http.ResponseWriter, status int, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(map[string]string{"message": message})
}

// What an error of COS is in HTTP.
var statuses = []struct {
	err    error
	status int
}{
	{context.DeadlineExceeded, http.StatusGatewayTimeout},
	{cos.ErrNotFound, http.StatusNotFound},
	{cos.ErrFileExists, http.StatusConflict},
	{cos.ErrParam, http.StatusBadRequest},
	{cos.ErrRateLimited, http.StatusServiceUnavailable},
	{cos.ErrUnavailable, http.StatusServiceUnavailable},
	{cos.ErrConnect, http.StatusBadGateway},
}

func refuse(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() != nil {
		return
	}
	status := http.StatusBadGateway
	for _, known := range statuses {
		if errors.Is(err, known.err) {
			status = known.status
			break
		}
	}
	message := "the storage failed"
	var failure *cos.Error
	if errors.As(err, &failure) {
		message = failure.Message
	} else if errors.Is(err, io.ErrUnexpectedEOF) {
		status, message = http.StatusBadRequest, "the upload was broken off"
	}
	if status >= 500 {
		log.Printf("%s %s: %v", r.Method, r.URL.Path, err)
	}
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "5")
	}
	answer(w, status, message)
}
