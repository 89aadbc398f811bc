// Package cos is a client for Tencent Cloud Object Storage (COS), JSON API v4 and XML API v5, through the
// library libcos.
//
// The methods of a Client are the functions of cos.h: the same names, the same order of arguments, the
// options at the end; nil stands for none. What fails returns an *Error, and errors.Is tells why:
//
//	client, err := cos.NewClient("1250000000", "SECRET_ID", "SECRET_KEY", "ap-shanghai", nil)
//	...
//	_, err = client.UploadFile(ctx, "mybucket", "/docs/a.txt", "a.txt", nil)
//	if errors.Is(err, cos.ErrFileExists) {
//
// Whatever waits for a server takes a context, and stops within a second when that ends. A bucket is given
// without the appid; a path begins with '/', and that of a folder ends with it.
//
// pkg-config tells where the library is; the build tag cos_static links the static one. On Windows
// CGO_CFLAGS and CGO_LDFLAGS tell: -IC:/cos/include and -LC:/cos/lib.
package cos

/*
#cgo !windows,!cos_static pkg-config: cos
#cgo !windows,cos_static pkg-config: --static cos
#cgo !windows,cos_static CFLAGS: -DCOS_STATIC
// The shared library, which pkg-config names as well, is left out then: nothing of it is needed.
#cgo !windows,cos_static LDFLAGS: -l:libcos.a -Wl,--as-needed
#cgo windows LDFLAGS: -lcos
#include <cos.h>

void cosGoLog(int level, char *line, uintptr_t log);

// A cgo.Handle is a number, which Go must not see as a pointer.
static inline void log_line(int level, const char *line, void *user)
{
	cosGoLog(level, (char *)line, (uintptr_t)user);
}

static inline int set_log(const cos_client *client, int level, uintptr_t log)
{
	return cos_client_set_log(client, level, log ? log_line : NULL, (void *)log);
}
*/
import "C"

import (
	"fmt"
	"log"
	"runtime/cgo"
	"strings"
	"sync"
)

// Client is an account, the place of the service, and the connections to it. It serves any number of
// goroutines; one is enough for a whole program.
type Client struct {
	api   string
	turns chan struct{}

	mu     sync.Mutex
	handle *C.cos_client
	// The calls under way, and one more until Close.
	users    int
	isClosed bool
	// Calls under way may use a log that was replaced.
	logs []cgo.Handle
}

// As many calls at a time keep a program far from Go's limit of 10000 threads.
const defaultMaxCalls = 1000

// NewClient makes a client. Nothing is sent: wrong credentials show in the first call. Without a region
// ("") the options give the hostnames.
func NewClient(appid, secretID, secretKey, region string, opts *ClientOptions) (*Client, error) {
	if loaded := int(C.cos_abi_version()); loaded != C.COS_ABI_VERSION {
		return nil, made(ErrInternal, fmt.Sprintf(
			"the library that is loaded has the binary interface %d, this program needs %d: build it anew",
			loaded, C.COS_ABI_VERSION))
	}
	given := ClientOptions{}
	if opts != nil {
		given = *opts
	}
	if given.MaxCalls < 0 {
		return nil, refused("MaxCalls", "must not be negative")
	}
	if given.MaxCalls == 0 {
		given.MaxCalls = defaultMaxCalls
	}
	client := &Client{api: given.API, turns: make(chan struct{}, given.MaxCalls), users: 1}
	if client.api == "" {
		client.api = "v4"
		if strings.Contains(region, "-") {
			client.api = "v5"
		}
	}
	_, err := now(&given, texts{"appid", appid, "secret_id", secretID, "secret_key", secretKey,
		"region", region}, func(a *call) C.int {
		return C.cos_client_new(a.text(0), a.text(1), a.text(2), a.textOrNull(3), a.options,
			&client.handle, &a.reply)
	})
	if err != nil {
		return nil, err
	}
	return client, nil
}

// Close ends the client: no call can begin any more. Those under way go on, and the last one that ends
// closes the connections and wipes the secret key. To close it again does nothing.
func (c *Client) Close() error {
	c.mu.Lock()
	wasClosed := c.isClosed || c.users == 0
	c.isClosed = true
	c.mu.Unlock()
	if !wasClosed {
		c.leave()
	}
	return nil
}

// enter keeps the client from being freed until leave.
func (c *Client) enter() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.isClosed || c.users == 0 {
		err := refused("client", "is closed")
		err.cause = ErrClosed
		return err
	}
	c.users++
	return nil
}

func (c *Client) leave() {
	c.mu.Lock()
	c.users--
	isLast := c.users == 0
	c.mu.Unlock()
	if isLast {
		C.cos_client_free(c.handle)
		for _, log := range c.logs {
			log.Delete()
		}
	}
}

// now makes a call of this client that does not block.
func (c *Client) now(opts any, arguments texts, work func(*call) C.int) (Reply, error) {
	if err := c.enter(); err != nil {
		return nil, err
	}
	defer c.leave()
	return now(opts, arguments, work)
}

// API is "v4" for the JSON API and "v5" for the XML API.
func (c *Client) API() string { return c.api }

// Version is the version of the library.
func Version() string { return C.GoString(C.cos_version()) }

// Ptr makes a pointer, for options that may be zero: InsertOnly: cos.Ptr(false).
func Ptr[T any](value T) *T { return &value }

// SetConfig changes the options that are given, all together or none. Calls under way keep what they
// began with.
func (c *Client) SetConfig(opts *ConfigOptions) error {
	if opts == nil {
		opts = &ConfigOptions{}
	}
	fields, err := optionsOf(opts)
	if err != nil {
		return err
	}
	for _, name := range opts.Reset {
		fields[name] = nil
	}
	_, err = c.now(fields, nil, func(a *call) C.int {
		return C.cos_client_set_config(c.handle, a.options, &a.reply)
	})
	return err
}

// SetCredentials changes the credentials, all together; a token is forgotten. Calls under way keep the
// ones they began with.
func (c *Client) SetCredentials(appid, secretID, secretKey string) error {
	_, err := c.now(nil, texts{"appid", appid, "secret_id", secretID, "secret_key", secretKey},
		func(a *call) C.int {
			return C.cos_client_set_credentials(c.handle, a.text(0), a.text(1), a.text(2), &a.reply)
		})
	return err
}

// SetTemporaryCredentials changes the credentials to temporary ones, which the XML API has: call it when
// new ones have come, before the old ones end.
func (c *Client) SetTemporaryCredentials(appid, secretID, secretKey, token string) error {
	_, err := c.now(nil, texts{"appid", appid, "secret_id", secretID, "secret_key", secretKey,
		"token", token}, func(a *call) C.int {
		return C.cos_client_set_temporary_credentials(c.handle, a.text(0), a.text(1), a.text(2), a.text(3),
			&a.reply)
	})
	return err
}

// LogLevel says which lines a log gets.
type LogLevel int

// SetLog sets where lines about requests go; they have no secrets. Several calls may tell their lines at
// once. nil is no log. If the function panics, the call goes on, and the standard logger is told.
func (c *Client) SetLog(level LogLevel, write func(level LogLevel, line string)) error {
	if err := c.enter(); err != nil {
		return err
	}
	defer c.leave()
	var handle cgo.Handle
	if write != nil {
		handle = cgo.NewHandle(write)
		c.mu.Lock()
		c.logs = append(c.logs, handle)
		c.mu.Unlock()
	}
	if C.set_log(c.handle, C.int(level), C.uintptr_t(handle)) != C.COS_OK {
		return refused("level", "must be LogOff, LogFailures or LogRequests")
	}
	return nil
}

//export cosGoLog
func cosGoLog(level C.int, line *C.char, handle C.uintptr_t) {
	write := cgo.Handle(handle).Value().(func(LogLevel, string))
	err := protected(func() error {
		write(LogLevel(level), C.GoString(line))
		return nil
	})
	if err != nil {
		log.Print("cos: the log: ", err)
	}
}
