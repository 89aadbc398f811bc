package cos

/*
#include <cos.h>
*/
import "C"

import (
	"encoding/json"
	"errors"
	"fmt"
	"syscall"
)

// Code is the reason for which a call failed, as a number, and as an error that errors.Is compares with.
type Code int

// Error is the name of the code in cos.h, such as COS_ERR_NOT_FOUND.
func (c Code) Error() string { return C.GoString(C.cos_code_name(C.int(c))) }

// Kinds of one reason: errors.Is finds the second where the code is the first.
var kinds = map[Code]Code{
	ErrSameFile:          ErrFileExists,
	ErrUploadConflict:    ErrUploadUnfinished,
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

// systemErrors are the reasons that the system may have against a local file.
var systemErrors = map[string]error{
	"ENOENT":       syscall.ENOENT,
	"EACCES":       syscall.EACCES,
	"EEXIST":       syscall.EEXIST,
	"EISDIR":       syscall.EISDIR,
	"ENOTDIR":      syscall.ENOTDIR,
	"ENOSPC":       syscall.ENOSPC,
	"EDQUOT":       syscall.EDQUOT,
	"EFBIG":        syscall.EFBIG,
	"EROFS":        syscall.EROFS,
	"EBUSY":        syscall.EBUSY,
	"ENAMETOOLONG": syscall.ENAMETOOLONG,
	"ENOMEM":       syscall.ENOMEM,
}

// ErrClosed is the reason for which a client that is closed refuses a call.
var ErrClosed = errors.New("the client is closed")

// Error is the failure of a call. errors.Is(err, ErrNotFound) and the like compare its code. It is also
// what it was caused by: context.Canceled or context.DeadlineExceeded where a context ended; where a local
// file can't be used, the system's reason, such as syscall.ENOSPC, which may be fs.ErrNotExist, fs.ErrExist
// or fs.ErrPermission as well.
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
			Errno       string
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
		SameContent: said.Error.SameContent, Reply: reply, cause: systemErrors[said.Error.Errno],
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
