package cos

/*
#include <cos.h>
#include <stdlib.h>
#include <string.h>
*/
import "C"

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/url"
	"reflect"
	"runtime/debug"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
	"unsafe"
)

// How often progress is told.
const tellEvery = 100 * time.Millisecond

// texts are arguments of a call with their names in cos.h: name, value, name, value.
type texts []string

// call is a call of the library: what goes there and what comes back.
type call struct {
	// Its own handle of the client, which the transfer stops.
	client   *C.cos_client
	transfer *C.cos_transfer
	texts    []*C.char
	options  *C.char
	reply    *C.char

	// Ends when the caller's context ends, or something of the caller's has failed.
	ctx  context.Context
	stop context.CancelFunc

	mu     sync.Mutex
	failed error
}

// now makes a call that does not block. What is in opts is a pointer to a struct of options, or a map.
func now(opts any, arguments texts, work func(*call) C.int) (Reply, error) {
	a := &call{}
	defer a.free()
	if err := a.take(opts, arguments); err != nil {
		return nil, err
	}
	return a.result(work(a))
}

// do makes a call that ends with the context, and tells how far it has come if the options want that.
func (c *Client) do(ctx context.Context, opts any, arguments texts, work func(*call) C.int) (Reply, error) {
	if err := c.enter(); err != nil {
		return nil, err
	}
	defer c.leave()
	a := &call{}
	defer a.free()
	if err := a.take(opts, arguments); err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, notBegun(ctx.Err())
	}
	select {
	case c.turns <- struct{}{}:
		defer func() { <-c.turns }()
	case <-ctx.Done():
		return nil, notBegun(ctx.Err())
	}
	a.transfer = C.cos_transfer_new()
	code := C.cos_client_with_transfer(c.handle, a.transfer, &a.client, &a.reply)
	if code != C.COS_OK {
		return a.result(code)
	}
	C.cos_string_free(a.reply)
	a.reply = nil

	a.ctx, a.stop = context.WithCancel(ctx)
	ended := make(chan struct{})
	var watchers sync.WaitGroup
	watchers.Add(2)
	go func() {
		defer watchers.Done()
		<-a.ctx.Done()
		C.cos_transfer_cancel(a.transfer)
	}()
	go func() {
		defer watchers.Done()
		a.tell(progressOf(opts), ended)
	}()
	code = work(a)
	close(ended)
	a.stop()
	watchers.Wait()

	reply, err := a.result(code)
	failure, isOfCos := err.(*Error)
	wasStopped := isOfCos && failure.Code == ErrCancelled
	if a.failed != nil && (wasStopped || err == nil) {
		return reply, a.failed
	}
	if wasStopped {
		failure.cause = ctx.Err()
	}
	return reply, err
}

// tell tells of progress until the call has ended, and how far it came.
func (a *call) tell(progress func(done, total int64), ended <-chan struct{}) {
	if progress == nil {
		return
	}
	ticker := time.NewTicker(tellEvery)
	defer ticker.Stop()
	lastDone, lastTotal := int64(-1), int64(-1)
	for isOver := false; !isOver; {
		select {
		case <-ended:
			isOver = true
		case <-ticker.C:
		}
		var done, total C.uint64_t
		C.cos_transfer_progress(a.transfer, &done, &total)
		if int64(done) == lastDone && int64(total) == lastTotal {
			continue
		}
		lastDone, lastTotal = int64(done), int64(total)
		err := protected(func() error {
			progress(lastDone, lastTotal)
			return nil
		})
		if err != nil {
			a.fail(fmt.Errorf("cos: the progress function: %w", err))
			return
		}
	}
}

// fail ends the call with an error of the caller's.
func (a *call) fail(err error) {
	a.mu.Lock()
	if a.failed == nil {
		a.failed = err
	}
	a.mu.Unlock()
	a.stop()
}

// take makes C strings of the arguments and of the options.
func (a *call) take(opts any, arguments texts) error {
	fields, err := optionsOf(opts)
	if err != nil {
		return err
	}
	for name, field := range fields {
		if !isUTF8(field) {
			return refused(name, "must be valid UTF-8")
		}
	}
	if _, isMap := opts.(map[string]any); isMap || len(fields) > 0 {
		text, err := json.Marshal(fields)
		if err != nil {
			return refused("options", err.Error())
		}
		a.options = C.CString(string(text))
	}
	for i := 0; i < len(arguments); i += 2 {
		if strings.IndexByte(arguments[i+1], 0) >= 0 {
			return refused(arguments[i], "must not contain a zero byte")
		}
		a.texts = append(a.texts, C.CString(arguments[i+1]))
	}
	return nil
}

func (a *call) text(i int) *C.char { return a.texts[i] }

// textOrNull is NULL for an empty text.
func (a *call) textOrNull(i int) *C.char {
	if *a.texts[i] == 0 {
		return nil
	}
	return a.texts[i]
}

func (a *call) free() {
	for _, text := range append(a.texts, a.options) {
		if text != nil {
			// A secret may be in it.
			C.memset(unsafe.Pointer(text), 0, C.strlen(text))
			C.free(unsafe.Pointer(text))
		}
	}
	C.cos_string_free(a.reply)
	C.cos_client_free(a.client)
	C.cos_transfer_free(a.transfer)
}

func (a *call) result(code C.int) (Reply, error) {
	reply := Reply(C.GoString(a.reply))
	if code == C.COS_OK {
		return reply, nil
	}
	return reply, newError(Code(code), reply)
}

// optionsOf collects what is set in a struct of options, by the names in the tags. A map is taken as it is.
func optionsOf(opts any) (map[string]any, error) {
	fields := map[string]any{}
	value := reflect.ValueOf(opts)
	if given, isMap := opts.(map[string]any); isMap {
		return given, nil
	}
	if opts == nil || value.IsNil() {
		return fields, nil
	}
	value = value.Elem()
	for i := 0; i < value.NumField(); i++ {
		name, field := value.Type().Field(i).Tag.Get("cos"), value.Field(i)
		if name == "" || field.IsZero() {
			continue
		}
		switch given := field.Interface().(type) {
		case time.Duration:
			unit := time.Second
			if strings.HasSuffix(name, "_ms") {
				unit = time.Millisecond
			}
			fields[name] = in(unit, given)
		case map[string]string:
			if name != metaPrefix {
				fields[name] = given
				continue
			}
			for key, text := range given {
				fields[metaPrefix+key] = text
			}
		default:
			fields[name] = given
		}
	}
	return fields, nil
}

// isUTF8 is false for texts that JSON can't have: other bytes would take their place.
func isUTF8(field any) bool {
	switch given := field.(type) {
	case string:
		return utf8.ValidString(given)
	case *string:
		return utf8.ValidString(*given)
	case map[string]string:
		for name, text := range given {
			if !utf8.ValidString(name) || !utf8.ValidString(text) {
				return false
			}
		}
	case url.Values:
		for name, texts := range given {
			if !utf8.ValidString(name) || !utf8.ValidString(strings.Join(texts, ",")) {
				return false
			}
		}
	}
	return true
}

// progressOf is the function that is told how far an upload or a download has come.
func progressOf(opts any) (progress func(done, total int64)) {
	value := reflect.ValueOf(opts)
	if value.Kind() == reflect.Pointer && !value.IsNil() {
		if field := value.Elem().FieldByName("Progress"); field.IsValid() {
			progress = field.Interface().(func(done, total int64))
		}
	}
	return progress
}

// The beginning of the names of a program's own headers.
const metaPrefix = "x-cos-meta-"

// in counts the units of a duration; one that was begun is a whole one.
func in(unit, duration time.Duration) int64 {
	return int64(math.Ceil(float64(duration) / float64(unit)))
}

// protected runs a function of the caller's. It returns a panic as an error, because none may pass through
// C. Neither may runtime.Goexit: it ends a goroutine of its own.
func protected(work func() error) error {
	result := make(chan error, 1)
	go run(work, result)
	return <-result
}

func run(work func() error, result chan<- error) {
	err := errEnded
	defer func() {
		if value := recover(); value != nil {
			err = &PanicError{Value: value, Stack: debug.Stack()}
		}
		result <- err
	}()
	err = work()
}

var errEnded = errors.New("it has ended its goroutine")
