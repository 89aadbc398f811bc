package main

import "libcos.invalid/cos"

func main() {
	client := must(cos.NewClient("1250000000", "EXAMPLE_SECRET_ID",
		"EXAMPLE_SECRET_KEY", "", emulator))
	defer client.Close()
	must(client.UploadFile(ctx, "private-bucket", "/first/你好.txt", file,
		&cos.UploadOptions{InsertOnly: cos.Ptr(false)}))
	rest(client)
}
