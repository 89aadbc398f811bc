package cos

/*
#include <cos.h>
*/
import "C"

import (
	"strings"
	"time"
)

// Signatures and URLs that carry them. Nothing is sent, and whether the file exists is not looked at. They
// end after the time that is given, at most 90 days.

// Presigned is a URL for one kind of request, and the headers that have to be sent with it.
type Presigned struct {
	URL     string
	Headers map[string]string
}

// PresignGet makes a URL that anybody can download the file from.
func (c *Client) PresignGet(bucket, path string, expires time.Duration, opts *SignURLOptions) (string, error) {
	signed, err := c.SignURL("GET", bucket, path, expires, opts)
	if err != nil {
		return "", err
	}
	return signed.URL, nil
}

// PresignPut makes a URL that anybody can upload the file to. XML API.
func (c *Client) PresignPut(bucket, path string, expires time.Duration, opts *SignURLOptions) (*Presigned, error) {
	return c.SignURL("PUT", bucket, path, expires, opts)
}

// PublicURL is the URL of a file that everybody may read, without a signature.
func (c *Client) PublicURL(bucket, path string) (string, error) {
	_, signed, err := c.SignDownload(bucket, path, time.Minute)
	address, _, _ := strings.Cut(signed, "?")
	return address, err
}

// SignURL makes a URL for requests of one kind. The JSON API has it for "GET" alone.
func (c *Client) SignURL(method, bucket, path string, expires time.Duration, opts *SignURLOptions) (*Presigned, error) {
	reply, err := c.now(opts, texts{"method", method, "bucket", bucket, "cos_path", path}, func(a *call) C.int {
		return C.cos_sign_url(c.handle, a.text(0), a.text(1), a.text(2), seconds(expires), a.options, &a.reply)
	})
	if err != nil {
		return nil, err
	}
	data := reply.part("data")
	return &Presigned{data.text("url"), data.texts("headers")}, nil
}

// SignDownload makes a signature for downloads, as for the header Authorization, and a URL with it.
func (c *Client) SignDownload(bucket, path string, expires time.Duration) (sign, url string, err error) {
	reply, err := c.now(nil, texts{"bucket", bucket, "cos_path", path}, func(a *call) C.int {
		return C.cos_sign_download(c.handle, a.text(0), a.text(1), seconds(expires), &a.reply)
	})
	data := reply.part("data")
	return data.text("sign"), data.text("url"), err
}

// SignMore makes a signature for any number of uploads, stats, lists and creations. JSON API.
func (c *Client) SignMore(bucket, path string, expires time.Duration) (string, error) {
	reply, err := c.now(nil, texts{"bucket", bucket, "cos_path", path}, func(a *call) C.int {
		return C.cos_sign_more(c.handle, a.text(0), a.text(1), seconds(expires), &a.reply)
	})
	return reply.part("data").text("sign"), err
}

// SignOnce makes a signature for a single delete, update or move. JSON API.
func (c *Client) SignOnce(bucket, path string) (string, error) {
	reply, err := c.now(nil, texts{"bucket", bucket, "cos_path", path}, func(a *call) C.int {
		return C.cos_sign_once(c.handle, a.text(0), a.text(1), &a.reply)
	})
	return reply.part("data").text("sign"), err
}

func seconds(duration time.Duration) C.int64_t { return C.int64_t(in(time.Second, duration)) }
