"""The wheel of a platform, with nothing but the standard library beside it: serve.py OPTIONS"""

import json
import os
import sys

import cos

options = json.loads(sys.argv[1])
content = os.urandom(3 * 1024 * 1024 + 1)
with cos.Client("1250000000", "EXAMPLE_SECRET_ID", "EXAMPLE_SECRET_KEY", **options) as client:
    with open("来自.bin", "wb") as file:
        file.write(content)
    client.upload_file("public-bucket", "/py/文件 一.bin", "来自.bin")
    assert [entry.path for entry in client.iter_folder("public-bucket", "/py/")] == ["/py/文件 一.bin"]
    assert client.download_buffer("public-bucket", "/py/文件 一.bin") == content
    try:
        client.stat_file("public-bucket", "/py/not there")
    except cos.NotFound as error:
        assert error.request_id
    else:
        sys.exit("a file is there that was not uploaded")
    client.del_file("public-bucket", "/py/文件 一.bin")
print("all went well")
