package cos

/*
#include <cos.h>
*/
import "C"

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
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

// As many files as one page has.
const batch = 1000

// DeleteFiles deletes any number of files, and returns those that are still there because the service
// refused. Files that are not there count as deleted. An error ends the whole; what was deleted by then
// is gone.
func (c *Client) DeleteFiles(
	ctx context.Context, bucket string, paths []string, opts *DeleteFilesOptions,
) ([]Failure, error) {
	for _, path := range paths {
		// Other bytes would take its place in JSON.
		if !utf8.ValidString(path) {
			return nil, refused("cos_paths", "must be valid UTF-8, not "+strconv.Quote(path))
		}
	}
	array, err := json.Marshal(append([]string{}, paths...))
	if err != nil {
		return nil, err
	}
	reply, err := c.do(ctx, opts, texts{"bucket", bucket, "cos_paths", string(array)}, func(a *call) C.int {
		return C.cos_del_files(a.client, a.text(0), a.text(1), a.options, &a.reply)
	})
	failures := reply.part("data").failures()
	failure, isOfCos := err.(*Error)
	if !isOfCos || failure.Phase != "server" || len(failures) == 0 {
		return failures, err
	}
	for _, left := range failures {
		if left.Err.Code != ErrConnect && left.Err.Code != ErrNetwork {
			left.Err.Phase = "server"
		}
	}
	return failures, nil
}
