package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"

	"first_upload/cos"
)

// What the command line says, and a context that Ctrl-C ends.
var (
	file, emulator = arguments()
	ctx, _         = signal.NotifyContext(context.Background(), os.Interrupt)
)

func arguments() (file string, emulator cos.Options) {
	host, api := "localhost:9000", "v4"
	if len(os.Args) > 2 {
		host = os.Args[2]
	}
	if given := os.Getenv("COS_API"); given != "" {
		api = given
	}
	return os.Args[1], cos.Options{
		"api": api, "scheme": "http", "hostname": host, "download_hostname": host,
	}
}

func rest(client *cos.Client) {
	fmt.Println("uploaded", file, "to /first/你好.txt")

	var folder struct{ Infos []struct{ Name string } }
	check(must(client.ListFolder("private-bucket", "/first/")).Decode(&folder))
	for _, entry := range folder.Infos {
		fmt.Println("listed", entry.Name)
	}

	var signed struct{ URL string }
	check(must(client.SignDownload("private-bucket", "/first/你好.txt", 60)).Decode(&signed))
	response := must(http.Get(signed.URL))
	defer response.Body.Close()
	same("fetched", must(io.ReadAll(response.Body)), "from the signed URL")

	copied := file + ".copy"
	must(client.DownloadFile(ctx, "private-bucket", "/first/你好.txt", copied))
	same("downloaded", must(os.ReadFile(copied)), "to "+copied)

	if _, err := client.StatFile("private-bucket", "/first/no-such.txt"); err != nil {
		fmt.Println("refused:", err)
	} else {
		panic("no-such.txt is there")
	}
}

func same(what string, data []byte, where string) {
	if !bytes.Equal(data, must(os.ReadFile(file))) {
		panic(what + ": not the bytes that were uploaded")
	}
	fmt.Printf("%s %d bytes %s, the same\n", what, len(data), where)
}

func must[T any](value T, err error) T {
	check(err)
	return value
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
