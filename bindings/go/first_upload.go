package main

import "first_upload/cos"

func main() {
	client := must(cos.NewClient("1250000000", "EXAMPLE_SECRET_ID",
		"EXAMPLE_SECRET_KEY", "", emulator))
	defer client.Close()
	must(client.UploadFile(ctx, "private-bucket", "/first/你好.txt", file,
		cos.Options{"insert_only": false}))
	rest(client)
}
