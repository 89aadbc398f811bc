package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"time"

	"libcos.invalid/cos"
)

// What the command line says, and a context that Ctrl-C ends.
var (
	file, emulator = arguments()
	ctx, _         = signal.NotifyContext(context.Background(), os.Interrupt)
)

func arguments() (string, *cos.ClientOptions) {
	host, api := "localhost:9000", "v4"
	if len(os.Args) > 2 {
		host = os.Args[2]
	}
	if given := os.Getenv("COS_API"); given != "" {
		api = given
	}
	return os.Args[1], &cos.ClientOptions{API: api, Scheme: "http", Hostname: host, DownloadHostname: host}
}

func rest(client *cos.Client) {
	fmt.Println("uploaded", file, "to /first/你好.txt")

	list := client.Entries(ctx, "private-bucket", "/first/", nil)
	for list.Next() {
		fmt.Println("listed", list.Entry().Name)
	}
	check(list.Err())

	url := must(client.PresignGet("private-bucket", "/first/你好.txt", time.Minute, nil))
	response := must(http.Get(url))
	defer response.Body.Close()
	same("fetched", must(io.ReadAll(response.Body)), "from the signed URL")

	copied := file + ".copy"
	must(client.DownloadFile(ctx, "private-bucket", "/first/你好.txt", copied, nil))
	same("downloaded", must(os.ReadFile(copied)), "to "+copied)

	_, err := client.StatFile(ctx, "private-bucket", "/first/no-such.txt", nil)
	if !errors.Is(err, cos.ErrNotFound) {
		check(fmt.Errorf("no-such.txt: %w", err))
	}
	fmt.Println("refused:", err)
}

func same(what string, data []byte, where string) {
	if !bytes.Equal(data, must(os.ReadFile(file))) {
		check(errors.New(what + ": not the bytes that were uploaded"))
	}
	fmt.Printf("%s %d bytes %s, the same\n", what, len(data), where)
}

func must[T any](value T, err error) T {
	check(err)
	return value
}

// check ends the program, which closes the client before.
func check(err error) {
	if err != nil {
		panic(err)
	}
}
