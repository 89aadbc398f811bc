// Package emulator starts the server that stands in for COS, for tests.
package emulator

import (
	"bufio"
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// What the server knows.
const (
	Bucket    = "private-bucket"
	AppID     = "1250000000"
	SecretID  = "EXAMPLE_SECRET_ID"
	SecretKey = "EXAMPLE_SECRET_KEY"
)

// Emulator is a server that ends with its test.
type Emulator struct {
	t testing.TB
	// Where it is: hostname and download_hostname of both APIs.
	Host string
}

// Start starts the program that the environment's COS_EMULATOR names.
func Start(t testing.TB) *Emulator {
	t.Helper()
	program := os.Getenv("COS_EMULATOR")
	if program == "" {
		t.Fatal("COS_EMULATOR must name the program cos-emulator of libcos")
	}
	command := exec.Command(program, "--port", "0", "--data", t.TempDir())
	output, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		command.Process.Signal(syscall.SIGTERM)
		command.Wait()
	})
	line, err := bufio.NewReader(output).ReadString('\n')
	_, port, isReady := strings.Cut(line, "http://127.0.0.1:")
	if err != nil || !isReady {
		t.Fatalf("the emulator said %q: %v", line, err)
	}
	return &Emulator{t, "localhost:" + strings.TrimSpace(port)}
}

// Fault makes something go wrong; see cos-emulator --help.
func (e *Emulator) Fault(fault map[string]any) {
	e.t.Helper()
	body, err := json.Marshal(fault)
	if err != nil {
		e.t.Fatal(err)
	}
	response, err := http.Post("http://"+e.Host+"/_emulator/faults", "application/json", bytes.NewReader(body))
	if err != nil {
		e.t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode >= 300 {
		e.t.Fatal("the emulator refuses the fault: ", response.Status)
	}
}
