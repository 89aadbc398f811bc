import os
import sys
import urllib.request
import cos

file, host = (sys.argv[1:] + ["localhost:9000"])[:2]
client = cos.Client("1250000000", "EXAMPLE_SECRET_ID", "EXAMPLE_SECRET_KEY",
                    api=os.environ.get("COS_API", "v4"), scheme="http",
                    hostname=host, download_hostname=host)
client.upload_file("private-bucket", "/first/你好.txt", file, insert_only=False)
print(f"uploaded {file} to /first/你好.txt")

for entry in client.list_folder("private-bucket", "/first/")["data"]["infos"]:
    print("listed", entry["name"])


def read(path):
    with open(path, "rb") as opened:
        return opened.read()


def same(what, data, where):
    if data != read(file):
        sys.exit(f"{what}: not the bytes that were uploaded")
    print(f"{what} {len(data)} bytes {where}, the same")


url = client.sign_download("private-bucket", "/first/你好.txt", 60)["data"]["url"]
with urllib.request.urlopen(url) as response:
    same("fetched", response.read(), "from the signed URL")

copy = file + ".copy"
client.download_file("private-bucket", "/first/你好.txt", copy)
same("downloaded", read(copy), f"to {copy}")

try:
    client.stat_file("private-bucket", "/first/no-such.txt")
    sys.exit("no-such.txt is there")
except cos.CosError as error:
    print("refused:", error)
