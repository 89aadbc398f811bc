"""Every method and every way to end a call: everything.py HOST:PORT, in a directory with `tree`.

COS_API says which API is used. The server stays silent when something is uploaded to a path with
`silent` in it.
"""

import asyncio
import io
import os
import pickle
import signal
import sys
import threading

import cos

host = sys.argv[1]
api = os.environ.get("COS_API", "v4")
account = ("1250000000", "EXAMPLE_SECRET_ID", "EXAMPLE_SECRET_KEY")
bucket = "private-bucket"
client = cos.Client(*account, region="sh", api=api, scheme="http", hostname=host,
                    download_hostname=host)


def fails(error, call, *arguments, **options):
    try:
        call(*arguments, **options)
    except error as failure:
        return failure
    raise AssertionError(f"no {error.__name__}")


def only(which, call, *arguments, refused="api", **options):
    """Checks that the API which does not have this refuses it."""
    if api == which:
        return call(*arguments, **options)
    assert fails(cos.BadArgument, call, *arguments, **options).argument == refused
    return None


assert cos.version()
client.set_config(retries=1, user_agent="everything")
client.set_credentials(*account)
only("v5", client.set_temporary_credentials, account[0], "TEMPORARY_ID", "TEMPORARY_KEY",
     "TEMPORARY_TOKEN", refused="token")
assert client.stat_folder(bucket, "/")["code"] == 0
client.set_credentials(*account)
lines = []
client.set_log(cos.LogLevel.REQUESTS, lambda level, line: lines.append(line))

client.create_folder(bucket, "/folder/", biz_attr="one")
client.update_folder(bucket, "/folder/", biz_attr="two")
assert client.stat_folder(bucket, "/folder/")["data"]["biz_attr"] == "two"
assert len(lines) >= 3 and "op=create" in lines[0]

client.upload_buffer(bucket, "/folder/a", b"a\0b", biz_attr='"你好"')
assert client.stat_file(bucket, "/folder/a")["data"]["biz_attr"] == '"你好"'
client.update_file(bucket, "/folder/a", authority="eWRPrivate", meta={"of": "me"})
client.copy_file(bucket, "/folder/a", "/folder/b")
client.move_file(bucket, "/folder/a", "/folder/b", overwrite=True)
entries = client.list_folder(bucket, "/folder/", all=True)["data"]["infos"]
assert [entry["name"] for entry in entries] == ["b"]
assert client.download_buffer(bucket, "/folder/b") == b"a\0b"
client.upload_buffer(bucket, "/folder/empty", b"")
assert client.download_buffer(bucket, "/folder/empty") == b""
with client.open(bucket, "/folder/b") as opened:
    assert opened.read() == b"a\0b"
assert sorted(entry.name for entry in client.iter_tree(bucket, "/folder/")) == ["b", "empty"]
client.del_file(bucket, "/folder/b")
assert client.delete_files(bucket, ["/folder/b", "/folder/empty"]) == []
assert not client.exists(bucket, "/folder/empty")
client.create_folder(bucket, "/folder/sub/")
client.del_folder(bucket, "/folder/", recursive=True)

told = []
transfer = cos.Transfer()
client.upload_file(bucket, "/large", "large", transfer=transfer,
                   progress=lambda done, total: told.append((done, total)))
size = os.path.getsize("large")
assert told[-1] == transfer.progress() == (size, size) and told == sorted(told)
assert transfer.travelled() == size
client.download_file(bucket, "/large", "copy")
pieces = []
client.download_stream(bucket, "/large", pieces.append)
with open("large", "rb") as large, open("copy", "rb") as copy:
    assert b"".join(pieces) == copy.read() == large.read()
with open("large", "rb") as large:
    client.upload_stream(bucket, "/stream", size, large, slice_size=1 << 20)
    large.seek(0)
    assert client.download_buffer(bucket, "/stream") == large.read()
only("v5", client.upload_stream, bucket, "/iterable", -1, (b"x" * n for n in (0, 3, 1)),
     refused="size")
client.upload_stream(bucket, "/function", 4, io.BytesIO(b"xxxx-").read)
assert client.download_buffer(bucket, "/function") == b"xxxx"
client.upload_folder(bucket, "/tree/", "tree")
client.download_folder(bucket, "/tree/", "tree-copy")
assert os.path.exists("tree-copy/sub/b")

only("v4", client.sign_more, bucket, "/large", 60)
only("v4", client.sign_once, bucket, "/large")
assert client.sign_download(bucket, "/large", 60)["data"]["url"]
assert client.sign_url("GET", bucket, "/large", 60)["data"]["url"]
kind = {"Content-Type": "text/plain"}
signed = only("v5", client.sign_url, "PUT", bucket, "/signed", 60, headers=kind, refused="method")
assert not signed or signed["data"]["headers"] == kind
buckets = only("v5", client.list_buckets)
assert not buckets or bucket in [one["name"] for one in buckets["data"]["buckets"]]
only("v5", client.request, "PUT", bucket, "/asked", headers=kind, body=b"text")
asked = only("v5", client.request, "GET", bucket, "/asked", params={"response-expires": "1"})
assert not asked or asked["data"]["body"] == "text"

# Errors are the language's own.
missing = fails(cos.NotFound, client.download_buffer, bucket, "/missing")
assert (missing.code, missing.name) == (-197, "COS_ERR_NOT_FOUND")
assert missing.reply["error"]["origin"] == "server"
assert str(pickle.loads(pickle.dumps(missing))) == str(missing)
refused = fails(cos.CosError, client.stat_file, bucket, "/large", no_such_option=1)
assert refused.reply["error"]["argument"] == "no_such_option"
fails(cos.CosError, cos.Client, "not a number", "", "")
fails(ValueError, client.stat_file, bucket, "/large\0/other")
fails(TypeError, client.stat_file, bucket, 5)
fails(TypeError, cos.Client, 1250000000, "", "")
fails(TypeError, client.sign_more, bucket, "/large", "60")
fails(OverflowError, client.sign_more, bucket, "/large", 2**70)
fails(TypeError, client.upload_stream, bucket, "/no", 1, "text")
fails(TypeError, client.request, "PUT", bucket, "/no", body="text")


# A call ends when another thread says so, with Ctrl-C, and with what a callback raises.
def later(action, *arguments):
    timer = threading.Timer(0.3, action, arguments)
    timer.start()
    return timer


transfer = cos.Transfer()
later(transfer.cancel)
cancelled = fails(cos.Cancelled, client.upload_buffer, bucket, "/silent", b"", transfer=transfer)
assert cancelled.name == "COS_ERR_CANCELLED"
later(os.kill, os.getpid(), signal.SIGINT)
fails(KeyboardInterrupt, client.upload_file, bucket, "/silent", "large")
fails(ZeroDivisionError, client.upload_file, bucket, "/silent", "large",
      progress=lambda done, total: 1 // 0)
fails(ZeroDivisionError, client.download_stream, bucket, "/large", lambda data: 1 // 0)
fails(ZeroDivisionError, client.upload_stream, bucket, "/no", 9, lambda size: 1 // 0)
fails(cos.DeadlineExceeded, client.upload_file, bucket, "/silent", "large", deadline=0.1)


async def everything_at_once():
    async with cos.aio.Client(*account, "sh", api=api, scheme="http", hostname=host,
                              download_hostname=host) as client:
        paths = [f"/aio/{number}" for number in range(20)]
        await asyncio.gather(*(client.upload_buffer(bucket, path, b"x") for path in paths))
        pieces = [piece async for piece in client.iter_download(bucket, "/large")]
        assert sum(map(len, pieces)) == size
        assert len([entry async for entry in client.iter_folder(bucket, "/aio/")]) == 20
        upload = asyncio.ensure_future(client.upload_file(bucket, "/silent", "large"))
        await asyncio.sleep(0.3)
        upload.cancel()
        await asyncio.wait({upload})
        assert upload.cancelled()
        assert await client.delete_tree(bucket, "/aio/") == []


asyncio.run(everything_at_once())

client.close()
client.close()
assert fails(cos.CosError, client.stat_file, bucket, "/large").code == -1
print("everything went well")
