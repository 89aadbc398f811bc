package cos

/*
#include <cos.h>
*/
import "C"

import (
	"context"
	"encoding/xml"
	"errors"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"
)

// Entry is a file or a folder of a list.
type Entry struct {
	// The whole path in the bucket. That of a folder ends with '/'.
	Path string
	// The path from the folder on that was listed.
	Name     string
	IsFolder bool
	// As far as lists tell: Size, Modified and others.
	FileInfo
}

// Page is a page of a list.
type Page struct {
	Entries []Entry
	// Where the next page begins; "" if there is none.
	Context string
	Reply   Reply
}

// ListFolder lists a page of the files and folders in a folder or, with All, everything. Entries and Walk
// go through all pages.
func (c *Client) ListFolder(ctx context.Context, bucket, path string, opts *ListFolderOptions) (*Page, error) {
	reply, err := c.do(ctx, opts, texts{"bucket", bucket, "cos_path", path}, func(a *call) C.int {
		return C.cos_list_folder(a.client, a.text(0), a.text(1), a.options, &a.reply)
	})
	if err != nil {
		return nil, err
	}
	data := reply.part("data")
	page := &Page{Reply: reply}
	for _, info := range data.objects("infos") {
		name := info.text("name")
		page.Entries = append(page.Entries, Entry{Path: path + name, Name: name,
			IsFolder: strings.HasSuffix(name, "/"), FileInfo: fileInfo(info)})
	}
	if !data.flag("listover") {
		page.Context = data.text("context")
		if page.Context == "" || opts != nil && page.Context == opts.Context {
			return nil, made(ErrNetwork, "the list goes on and does not say where")
		}
	}
	return page, nil
}

// Entries goes through a list, a page at a time:
//
//	list := client.Walk(ctx, bucket, "/photos/", nil)
//	for list.Next() {
//		fmt.Println(list.Entry().Path)
//	}
//	err := list.Err()
//
// It keeps no more than a page, and nothing is to be closed. It serves one goroutine.
type Entries struct {
	// The next page; nil when there is none.
	more  func() (*Page, error)
	page  []Entry
	entry Entry
	err   error
}

// Entries are the files and folders in a folder.
func (c *Client) Entries(ctx context.Context, bucket, path string, opts *ListFolderOptions) *Entries {
	given := ListFolderOptions{}
	if opts != nil {
		given = *opts
	}
	given.All = false
	isOver := false
	return &Entries{more: func() (*Page, error) {
		if isOver {
			return nil, nil
		}
		page, err := c.ListFolder(ctx, bucket, path, &given)
		if err == nil {
			given.Context = page.Context
			isOver = page.Context == ""
		}
		return page, err
	}}
}

// Walk are the files in a folder and in all folders below it.
func (c *Client) Walk(ctx context.Context, bucket, path string, opts *CallOptions) *Entries {
	given := CallOptions{}
	if opts != nil {
		given = *opts
	}
	if c.api == "v5" {
		return c.Entries(ctx, bucket, path, &ListFolderOptions{
			Num: batch, Recursive: true, Timeout: given.Timeout, Retries: given.Retries})
	}
	// The JSON API has a list for each folder.
	folders := []string{path}
	var inFolder *Entries
	isTop := true
	return &Entries{more: func() (*Page, error) {
		if inFolder == nil {
			last := len(folders) - 1
			if last < 0 {
				return nil, nil
			}
			inFolder = c.Entries(ctx, bucket, folders[last],
				&ListFolderOptions{Timeout: given.Timeout, Retries: given.Retries})
			folders = folders[:last]
		}
		page, err := inFolder.more()
		// Others may delete folders meanwhile.
		wasDeleted := !isTop && errors.Is(err, ErrNotFound)
		if err != nil && !wasDeleted {
			return nil, err
		}
		if page == nil {
			inFolder, isTop = nil, false
			return &Page{}, nil
		}
		files := &Page{}
		for _, entry := range page.Entries {
			if entry.IsFolder {
				folders = append(folders, entry.Path)
				continue
			}
			entry.Name = strings.TrimPrefix(entry.Path, path)
			files.Entries = append(files.Entries, entry)
		}
		return files, nil
	}}
}

// Next goes to the next entry, and asks for a page if that is needed. It returns false at the end and after
// a failure.
func (e *Entries) Next() bool {
	for len(e.page) == 0 {
		if e.more == nil {
			return false
		}
		page, err := e.more()
		if err != nil || page == nil {
			e.err, e.more = err, nil
			return false
		}
		e.page = page.Entries
	}
	e.entry, e.page = e.page[0], e.page[1:]
	return true
}

// Entry is the entry that Next went to.
func (e *Entries) Entry() Entry { return e.entry }

// Err is why Next returned false: nil at the end of the list.
func (e *Entries) Err() error { return e.err }

// All is the rest of the list for a loop of Go 1.23 and newer: for entry, err := range list.All().
func (e *Entries) All() func(yield func(Entry, error) bool) {
	return func(yield func(Entry, error) bool) {
		for e.Next() {
			if !yield(e.Entry(), nil) {
				return
			}
		}
		if e.Err() != nil {
			yield(Entry{}, e.Err())
		}
	}
}

// As many files as one request deletes, or one page has.
const batch = 1000

// DeleteFilesOptions are the options of DeleteFiles.
type DeleteFilesOptions struct {
	// JSON API: deletions under way at a time. Default: 8. The XML API deletes 1000 files by one request.
	Concurrency int
	// How long a request may make no progress before it fails, in place of the client's.
	Timeout time.Duration
	// How often a failed request is repeated, 0 to 10, in place of the client's.
	Retries *int
}

// DeleteFiles deletes any number of files, and returns those that are still there because the service
// refused. Files that are not there count as deleted. An error ends the whole; what was deleted by then
// is gone.
func (c *Client) DeleteFiles(
	ctx context.Context, bucket string, paths []string, opts *DeleteFilesOptions,
) ([]Failure, error) {
	given := DeleteFilesOptions{}
	if opts != nil {
		given = *opts
	}
	if given.Concurrency < 0 {
		return nil, refused("Concurrency", "must not be negative")
	}
	for _, path := range paths {
		if !isOfFile(path) {
			return nil, refused("paths", "must be paths of files, such as \"/a.txt\", not "+strconv.Quote(path))
		}
	}
	options := &CallOptions{Timeout: given.Timeout, Retries: given.Retries}
	if c.api != "v5" {
		return c.deleteEach(ctx, bucket, paths, given.Concurrency, options)
	}
	var failures []Failure
	for len(paths) > 0 {
		count := len(paths)
		if count > batch {
			count = batch
		}
		refused, err := c.deleteTogether(ctx, bucket, paths[:count], options)
		failures = append(failures, refused...)
		if err != nil {
			return failures, err
		}
		paths = paths[count:]
	}
	return failures, nil
}

// isOfFile tells what can be written in XML as it is: nothing else may be deleted. The service says of "//a"
// that it is deleted, and keeps it.
func isOfFile(path string) bool {
	return strings.HasPrefix(path, "/") && !strings.HasPrefix(path, "//") && !strings.HasSuffix(path, "/") &&
		utf8.ValidString(path) && strings.IndexFunc(path, unicode.IsControl) < 0 &&
		!strings.ContainsAny(path, "\ufffe\uffff")
}

func (c *Client) deleteTogether(
	ctx context.Context, bucket string, paths []string, options *CallOptions,
) ([]Failure, error) {
	type key struct{ Key string }
	order := struct {
		XMLName xml.Name `xml:"Delete"`
		Quiet   bool
		Object  []key
	}{Quiet: true}
	for _, path := range paths {
		order.Object = append(order.Object, key{path[1:]})
	}
	body, err := xml.Marshal(order)
	if err != nil {
		return nil, err
	}
	response, err := c.Request(ctx, &Request{Method: "POST", Bucket: bucket, Path: "/",
		Params:  url.Values{"delete": {""}},
		Headers: map[string]string{"Content-Type": "application/xml"}, Body: body}, options)
	if err != nil {
		return nil, err
	}
	var answer struct {
		Error []struct{ Key, Code, Message string }
	}
	if err := xml.Unmarshal(response.Body, &answer); err != nil {
		return nil, made(ErrNetwork, "the answer to a deletion is not XML")
	}
	var failures []Failure
	for _, said := range answer.Error {
		code := ErrRefused
		if said.Code == "AccessDenied" {
			code = ErrAccessDenied
		}
		failures = append(failures, Failure{"/" + said.Key, &Error{
			Code: code, Name: code.Error(), Message: said.Message, ServerCode: said.Code, Phase: "server"}})
	}
	return failures, nil
}

func (c *Client) deleteEach(
	ctx context.Context, bucket string, paths []string, concurrency int, options *CallOptions,
) ([]Failure, error) {
	if concurrency == 0 {
		concurrency = 8
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var mu sync.Mutex
	var failures []Failure
	var ended error
	next := make(chan string)
	var workers sync.WaitGroup
	for i := 0; i < concurrency && i < len(paths); i++ {
		workers.Add(1)
		go func() {
			defer workers.Done()
			for path := range next {
				err := c.DelFile(ctx, bucket, path,
					&DelFileOptions{Timeout: options.Timeout, Retries: options.Retries})
				failure, isOfCos := err.(*Error)
				mu.Lock()
				switch {
				case err == nil || errors.Is(err, ErrNotFound):
				case isOfCos && failure.Phase == "server":
					failures = append(failures, Failure{path, failure})
				case ended == nil:
					ended = err
					stop()
				}
				mu.Unlock()
			}
		}()
	}
	for _, path := range paths {
		select {
		case next <- path:
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			break
		}
	}
	close(next)
	workers.Wait()
	if ended == nil && ctx.Err() != nil {
		ended = notBegun(ctx.Err())
	}
	return failures, ended
}
