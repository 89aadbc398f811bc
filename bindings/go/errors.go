package cos

/*
#include <cos.h>
*/
import "C"

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Code is the reason for which a call failed, as a number, and as an error that errors.Is compares with.
type Code int

// Error is the name of the code in cos.h, such as COS_ERR_NOT_FOUND.
func (c Code) Error() string { return C.GoString(C.cos_code_name(C.int(c))) }

// Kinds of one reason: errors.Is finds the second where the code is the first.
var kinds = map[Code]Code{
	ErrSameFile:          ErrFileExists,
	ErrSHAMismatch:       ErrIntegrity,
	ErrSizeMismatch:      ErrIntegrity,
	ErrMissingSHA:        ErrIntegrity,
	ErrSecretIDUnknown:   ErrAccessDenied,
	ErrSecretIDUnknownV1: ErrAccessDenied,
	ErrSignExpired:       ErrAccessDenied,
	ErrSignExpiredV1:     ErrAccessDenied,
	ErrSignBucket:        ErrAccessDenied,
	ErrSignSecretID:      ErrAccessDenied,
	ErrSignPath:          ErrAccessDenied,
	ErrSignAppID:         ErrAccessDenied,
	ErrSignOnceExpiry:    ErrAccessDenied,
	ErrSignMultiExpiry:   ErrAccessDenied,
	ErrSignReplayed:      ErrAccessDenied,
	ErrSignEmpty:         ErrAccessDenied,
	ErrSignInvalid:       ErrAccessDenied,
	ErrStorageTimeout:    ErrUnavailable,
	ErrStorage:           ErrUnavailable,
	ErrOverloaded:        ErrUnavailable,
	ErrBackendNetwork:    ErrUnavailable,
}

// ErrClosed is the reason for which a client that is closed refuses a call.
var ErrClosed = errors.New("the client is closed")

// Error is the failure of a call. errors.Is(err, ErrNotFound) and the like compare its code. It is also
// what it was caused by: context.Canceled or context.DeadlineExceeded where a context ended; fs.ErrNotExist
// where a local file or its directory is missing, fs.ErrExist where a local file must not be replaced.
type Error struct {
	Code Code
	// The name of the code in cos.h, such as COS_ERR_NOT_FOUND.
	Name string
	// What happened, in words that may change.
	Message string
	// What usually helps, or "".
	Hint string
	// Whether the same call may succeed later. The library has tried a few times already.
	Retryable bool
	// How far the call came: "argument", "local_file", "resolve", "connect", "tls", "send", "receive" or
	// "server"; "" where it was stopped by the caller.
	Phase string
	// The argument or option that was refused, by its name in cos.h.
	Argument string
	// The word by which the XML API refused, such as "NoSuchKey".
	ServerCode string
	// What the service's support asks for.
	RequestID string
	// The HTTP status, or 0 if there was no answer.
	HTTPStatus int
	// How often the request was tried.
	Attempts int
	// Of an upload that a file was in the way of: whether it has the same content. nil if nobody knows.
	SameContent *bool
	// All that the library said.
	Reply Reply

	cause error
}

func (e *Error) Error() string {
	text := fmt.Sprintf("%s (%d): %s", e.Name, int(e.Code), e.Message)
	if e.Hint != "" {
		text += " (" + e.Hint + ")"
	}
	if e.Code == ErrCancelled && e.cause != nil {
		text += ": " + e.cause.Error()
	}
	return text
}

// Is tells whether the target is the code of the error, or the code of which it is a kind.
func (e *Error) Is(target error) bool {
	code, isCode := target.(Code)
	return isCode && (code == e.Code || code == kinds[e.Code] && code != 0)
}

// Unwrap is what the error was caused by, if that is known.
func (e *Error) Unwrap() error { return e.cause }

// PanicError is a panic in a function of the caller's, such as the Read of a stream. It ended the call, and
// not the program.
type PanicError struct {
	// What panic was called with.
	Value any
	Stack []byte
}

func (p *PanicError) Error() string { return fmt.Sprint("it panicked: ", p.Value) }

// Unwrap is the value, if it is an error.
func (p *PanicError) Unwrap() error {
	err, _ := p.Value.(error)
	return err
}

// newError reads a failure from its reply.
func newError(code Code, reply Reply) *Error {
	var said struct {
		Message   string
		RequestID string `json:"request_id"`
		Error     struct {
			Hint        string
			Retryable   bool
			Phase       string
			Argument    string
			ServerCode  string `json:"server_code"`
			HTTPStatus  int    `json:"http_status"`
			Attempts    int
			SameContent *bool `json:"same_content"`
		}
	}
	// What is not as it should be is left out. The code is known, and the reply is there.
	_ = json.Unmarshal(reply, &said)
	return &Error{
		Code: code, Name: code.Error(), Message: said.Message, Hint: said.Error.Hint,
		Retryable: said.Error.Retryable, Phase: said.Error.Phase, Argument: said.Error.Argument,
		ServerCode: said.Error.ServerCode, RequestID: said.RequestID,
		HTTPStatus: said.Error.HTTPStatus, Attempts: said.Error.Attempts,
		SameContent: said.Error.SameContent, Reply: reply,
	}
}

// made is an error that is not the library's.
func made(code Code, message string) *Error {
	reply, _ := json.Marshal(map[string]any{"code": int(code), "message": message})
	return newError(code, reply)
}

// refused is the error of an argument that never reaches the library.
func refused(argument, message string) *Error {
	err := made(ErrParam, argument+" "+message)
	err.Phase, err.Argument = "argument", argument
	return err
}

// notBegun is the error of a call whose context had ended before.
func notBegun(cause error) *Error {
	err := made(ErrCancelled, "the call did not begin")
	err.cause = cause
	return err
}

// about adds the system's reason to an error about a local file, which the library tells in words alone.
func about(err error, problem func() error) error {
	if failure, isOfCos := err.(*Error); isOfCos && failure.Phase == "local_file" && failure.cause == nil {
		failure.cause = problem()
	}
	return err
}

// problemOfReading is why a file or a directory can't be read.
func problemOfReading(path string) error {
	info, err := os.Stat(path)
	// Opening a pipe could make the program wait.
	if err != nil || !info.Mode().IsRegular() {
		return err
	}
	file, err := os.Open(path)
	if err == nil {
		file.Close()
	}
	return err
}

// problemOfWriting is why a file can't be written, or created where it must not be there.
func problemOfWriting(path string, isNew bool) error {
	if _, err := os.Stat(filepath.Dir(filepath.Clean(path))); err != nil {
		return err
	}
	if _, err := os.Lstat(path); err == nil && isNew {
		return &os.PathError{Op: "create", Path: path, Err: os.ErrExist}
	}
	return nil
}
