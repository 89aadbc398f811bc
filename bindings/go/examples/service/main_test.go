package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"libcos.invalid/cos"
	"libcos.invalid/cos/internal/emulator"
)

// The service is a process of its own, with this program in it: a signal ends it.
func TestMain(m *testing.M) {
	if os.Getenv("RUN_SERVICE") != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// started is a service that runs, the emulator behind it, and a client of that.
type started struct {
	*testing.T
	emulator *emulator.Emulator
	client   *cos.Client
	url      string
	process  *exec.Cmd
}

func forEachAPI(t *testing.T, test func(s *started)) {
	for _, api := range []string{"v4", "v5"} {
		t.Run(api, func(t *testing.T) { test(start(t, api)) })
	}
}

func start(t *testing.T, api string) *started {
	server := emulator.Start(t)
	settings := map[string]string{"APPID": emulator.AppID, "SECRET_ID": emulator.SecretID,
		"SECRET_KEY": emulator.SecretKey, "API": api, "SCHEME": "http", "HOSTNAME": server.Host,
		"DOWNLOAD_HOSTNAME": server.Host, "CONFIG": os.DevNull}
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), "RUN_SERVICE=1", "ADDRESS=localhost:0", "BUCKET="+emulator.Bucket)
	for name, value := range settings {
		command.Env = append(command.Env, "COS_"+name+"="+value)
		t.Setenv("COS_"+name, value)
	}
	command.Stderr = os.Stderr
	output, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { command.Process.Kill() })
	line, err := bufio.NewReader(output).ReadString('\n')
	_, url, isReady := strings.Cut(strings.TrimSpace(line), "listening on ")
	if err != nil || !isReady {
		t.Fatalf("the service said %q: %v", line, err)
	}
	client, err := cos.FromEnv("", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return &started{t, server, client, url, command}
}

// ask sends a request and returns status and body of the answer.
func (s *started) ask(method, path string, body io.Reader, headers ...string) (int, []byte) {
	s.Helper()
	request, err := http.NewRequest(method, s.url+path, body)
	if err != nil {
		s.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		s.Fatal(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		s.Fatal(err)
	}
	return response.StatusCode, content
}

func (s *started) expect(wanted, status int) {
	s.Helper()
	if status != wanted {
		s.Errorf("the status is %d and not %d", status, wanted)
	}
}

func random(size int) []byte {
	content := make([]byte, size)
	rand.Read(content)
	return content
}

func TestFilesGoToCOSAndComeBack(t *testing.T) {
	forEachAPI(t, func(s *started) {
		content := random(20 << 20)
		status, _ := s.ask("PUT", "/service/a%20b", bytes.NewReader(content), "Content-Type", "text/x-own")
		s.expect(201, status)
		stored, err := s.client.DownloadBuffer(context.Background(), emulator.Bucket, "/service/a b", nil)
		if err != nil || !bytes.Equal(stored, content) {
			s.Error("other bytes are stored: ", err)
		}
		status, got := s.ask("GET", "/service/a%20b", nil)
		s.expect(200, status)
		if !bytes.Equal(got, content) {
			s.Error("other bytes come back")
		}
		status, got = s.ask("GET", "/service/a%20b", nil, "Range", "bytes=1000-1999")
		s.expect(206, status)
		if !bytes.Equal(got, content[1000:2000]) {
			s.Error("other bytes are in the range")
		}
		status, got = s.ask("GET", "/service/a%20b", nil, "Range", "bytes=-7")
		s.expect(206, status)
		if !bytes.Equal(got, content[len(content)-7:]) {
			s.Error("other bytes are at the end")
		}
		status, _ = s.ask("GET", "/service/a%20b", nil, "Range", fmt.Sprintf("bytes=%d-", len(content)))
		s.expect(416, status)
		response, err := http.Head(s.url + "/service/a%20b")
		if err != nil || response.ContentLength != int64(len(content)) ||
			response.Header.Get("Content-Type") != "text/x-own" {
			s.Error("the head says something else: ", response, err)
		}
		_, got = s.ask("GET", "/service/", nil)
		if wanted := fmt.Sprintf(`{"path":"/service/a b","size":%d}`+"\n", len(content)); string(got) != wanted {
			s.Errorf("the list is %s", got)
		}
		status, _ = s.ask("DELETE", "/service/a%20b", nil)
		s.expect(200, status)
		status, _ = s.ask("GET", "/service/a%20b", nil)
		s.expect(404, status)
	})
}

func TestARefusalIsAnAnswerAlsoInTheMiddleOfAnUpload(t *testing.T) {
	forEachAPI(t, func(s *started) {
		op, action := "upload_slice_init", map[string]any{"type": "code", "code": -5999}
		if s.client.API() == "v5" {
			op, action = "initiate_multipart_upload", map[string]any{"type": "error", "code": "AccessDenied"}
		}
		s.emulator.Fault(map[string]any{"path": "/refused", "op": op, "action": action})
		status, _ := s.ask("PUT", "/refused", bytes.NewReader(random(40<<20)))
		s.expect(502, status)
		status, _ = s.ask("POST", "/new", strings.NewReader("x"))
		s.expect(201, status)
		status, _ = s.ask("POST", "/new", strings.NewReader("y"))
		s.expect(409, status)
		status, _ = s.ask("GET", "/a%0Ab", nil)
		s.expect(400, status)
		status, _ = s.ask("PATCH", "/new", nil)
		s.expect(405, status)
		// The size is not told.
		status, _ = s.ask("PUT", "/chunked", io.MultiReader(strings.NewReader("a"), strings.NewReader("b")))
		s.expect(map[string]int{"v4": 411, "v5": 201}[s.client.API()], status)
	})
}

func TestAnUploadThatIsBrokenOffLeavesNoFile(t *testing.T) {
	forEachAPI(t, func(s *started) {
		connection, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
		if err != nil {
			s.Fatal(err)
		}
		fmt.Fprintf(connection, "PUT /broken HTTP/1.1\r\nHost: service\r\nContent-Length: %d\r\n\r\n", 9<<20)
		connection.Write(random(1 << 20))
		connection.Close()
		s.mustEnd()
		// With the JSON API what is unfinished shows, with the bytes that are there.
		info, err := s.client.StatFile(context.Background(), emulator.Bucket, "/broken", nil)
		if !errors.Is(err, cos.ErrNotFound) && (s.client.API() == "v5" || err != nil || info.Stored >= info.Size) {
			s.Errorf("there is %+v: %v", info, err)
		}
	})
}

// mustEnd tells the service to end: it does when nothing is under way any more.
func (s *started) mustEnd() {
	s.Helper()
	s.process.Process.Signal(syscall.SIGTERM)
	ended := make(chan error)
	go func() { ended <- s.process.Wait() }()
	select {
	case err := <-ended:
		if err != nil {
			s.Error("the service ended badly: ", err)
		}
	case <-time.After(20 * time.Second):
		s.Error("the service does not end")
	}
}

func TestWhoGoesAwayStopsADownloadAndTheServiceEnds(t *testing.T) {
	forEachAPI(t, func(s *started) {
		status, _ := s.ask("PUT", "/slow", bytes.NewReader(random(4<<20)))
		s.expect(201, status)
		// It would take minutes.
		s.emulator.Fault(map[string]any{"path": "/slow", "op": downloads[s.client.API()], "times": nil,
			"action": map[string]any{"type": "drip", "interval_ms": 100, "bytes": 2000}})
		ctx, goAway := context.WithCancel(context.Background())
		request, err := http.NewRequestWithContext(ctx, "GET", s.url+"/slow", nil)
		if err != nil {
			s.Fatal(err)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			s.Fatal(err)
		}
		goAway()
		response.Body.Close()
		s.mustEnd()
	})
}

// How the emulator calls downloads.
var downloads = map[string]string{"v4": "download", "v5": "get_object"}
