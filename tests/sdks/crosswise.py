"""What one client writes the others read: libcos through both APIs, and the official clients."""

import base64
import io
import json
import os
import subprocess
import sys
import tempfile
import threading
import time

import cos
from coscmd_command import Command, admin
from python_sdk import BUCKET, client, fetch

PORT = os.environ["COS_PORT"]
MIB = 1024 * 1024
# Names that every client and a file system can have; what is large goes in parts.
COMMON = {
    "plain.txt": b"plain",
    "中文/你好 世界.txt": "你好".encode(),
    "a b+c%d~e=f&g#h;i,j@k$l.txt": b"signs",
    "it's (one)!.txt": b"more signs",
    "100%25.txt": b"looks encoded",
    "[x]{y}^`z`.txt": b"brackets",
    "empty": b"",
    "large.bin": os.urandom(3 * MIB + 77),
}
# Names that the JSON API and file systems can't have.
ODD = {
    "two//slashes.txt": b"two",
    "star*.txt": b"star",
    '<a>&"b"\'?:|\\.txt': b"markup",
}


class Libcos:
    def __init__(self, api):
        hosts = {"hostname": "localhost:" + PORT}
        if api == "v4":
            hosts = {"hostname": "127.0.0.1:" + PORT, "download_hostname": "localhost:" + PORT}
        self.client = cos.Client(
            "1250000000", "EXAMPLE_SECRET_ID", "EXAMPLE_SECRET_KEY", api=api, scheme="http", **hosts
        )
        self.api = api
        self.can_be_odd = api == "v5"

    def write(self, prefix, files):
        for name, content in files.items():
            self.client.upload_buffer(
                "private-bucket",
                f"/{prefix}{name}",
                content,
                slice_threshold=MIB,
                slice_size=MIB,
            )

    def read(self, prefix):
        found = {}
        folders = ["/" + prefix]
        for folder in folders:
            listed = self.client.list_folder("private-bucket", folder, num=3, all=True)
            for entry in listed["data"]["infos"]:
                path = folder + entry["name"]
                if path.endswith("/"):
                    folders.append(path)
                    continue
                content = self.client.download_buffer("private-bucket", path)
                assert entry["filesize"] == len(content), entry
                found[path[1 + len(prefix) :]] = content
        return found

    def delete(self, prefix):
        self.client.del_folder("private-bucket", "/" + prefix, recursive=True)


class PythonSdk:
    can_be_odd = True

    def __init__(self):
        self.client = client()

    def write(self, prefix, files):
        for name, content in files.items():
            if len(content) < MIB:
                self.client.put_object(BUCKET, content, prefix + name)
                continue
            with tempfile.NamedTemporaryFile() as file:
                file.write(content)
                file.flush()
                self.client.upload_file(BUCKET, prefix + name, file.name, PartSize=1)

    def keys(self, prefix):
        page = {"IsTruncated": "true", "NextMarker": ""}
        while page["IsTruncated"] == "true":
            page = self.client.list_objects(BUCKET, prefix, Marker=page["NextMarker"], MaxKeys=3)
            for entry in page.get("Contents", []):
                yield entry["Key"]

    def read(self, prefix):
        def content(key):
            return self.client.get_object(BUCKET, key)["Body"].get_raw_stream().read()

        return {key[len(prefix) :]: content(key) for key in self.keys(prefix)}

    def delete(self, prefix):
        objects = [{"Key": key} for key in self.keys(prefix)]
        assert "Error" not in self.client.delete_objects(BUCKET, {"Object": objects})


class NodeSdk:
    can_be_odd = True

    def ask(self, what, prefix, files=None):
        files = {
            name: base64.b64encode(content).decode() for name, content in (files or {}).items()
        }
        program = os.path.join(os.path.dirname(__file__), "crosswise_node.js")
        answer = subprocess.run(
            ["node", program],
            check=True,
            stdout=subprocess.PIPE,
            input=json.dumps({"what": what, "prefix": prefix, "files": files}).encode(),
        )
        found = json.loads(answer.stdout)
        return {name: base64.b64decode(content) for name, content in found.items()}

    def write(self, prefix, files):
        self.ask("write", prefix, files)

    def read(self, prefix):
        return self.ask("read", prefix)

    def delete(self, prefix):
        self.ask("delete", prefix)


class Coscmd:
    can_be_odd = False

    def __init__(self, home):
        self.command = Command(home)
        self.command.configure("EXAMPLE_SECRET_KEY")

    def write(self, prefix, files):
        for name, content in files.items():
            self.command.write(content, prefix, name)
        self.command.run("upload", "-r", prefix, prefix)

    def read(self, prefix):
        place = tempfile.mkdtemp(dir=self.command.home)
        self.command.run("download", "-r", prefix, place)
        found = {}
        for directory, _, names in os.walk(place):
            for name in names:
                path = os.path.join(directory, name)
                with open(path, "rb") as file:
                    found[os.path.relpath(path, place)] = file.read()
        return found

    def delete(self, prefix):
        self.command.run("delete", "-rf", prefix)


def contents(clients, names, written):
    """What each client writes all read, and another one deletes."""
    for writer, deleter in zip(names, names[1:] + names[:1]):
        clients[writer].write(f"{writer}/", written)
        for reader in names:
            found = clients[reader].read(f"{writer}/")
            assert found == written, (writer, reader, sorted(found))
        clients[deleter].delete(f"{writer}/")
        assert not list(clients["python"].keys(f"{writer}/")), (writer, deleter)


def large(libcos, coscmd):
    """Large files, which coscmd uploads and downloads in parts."""
    content = os.urandom(21 * MIB + 9)
    coscmd.write("large/", {"by coscmd": content})
    libcos.write("large/", {"by libcos": content})
    both = {"by coscmd": content, "by libcos": content}
    assert libcos.read("large/") == both
    assert coscmd.read("large/") == both


def attributes(libcos, old, sdk):
    """All see the same attributes of an object."""
    bucket, path = "private-bucket", "/attributes/一 页.txt"
    sdk.put_object(
        BUCKET,
        b"x",
        path[1:],
        ContentType="text/plain",
        CacheControl="no-cache",
        Metadata={"x-cos-meta-a": "one two", "x-cos-meta-biz-attr": "%E4%B8%80"},
    )
    for each in [libcos, old]:
        headers = each.stat_file(bucket, path)["data"]["custom_headers"]
        assert headers["Content-Type"] == "text/plain", headers
        assert headers["Cache-Control"] == "no-cache" and headers["x-cos-meta-a"] == "one two"
    assert libcos.stat_file(bucket, path)["data"]["biz_attr"] == "一"
    for each, value in [(libcos, "new"), (old, "old")]:
        each.update_file(bucket, path, content_type="text/html", **{"x-cos-meta-b": value})
        head = sdk.head_object(BUCKET, path[1:])
        assert head["Content-Type"] == "text/html" and head["x-cos-meta-b"] == value, head
        assert "Cache-Control" not in head and "x-cos-meta-a" not in head, head
    sdk.put_object_acl(BUCKET, path[1:], ACL="public-read")
    assert libcos.stat_file(bucket, path)["data"]["authority"] == "eWPrivateRPublic"
    libcos.update_file(bucket, path, authority="eWRPrivate")
    grants = sdk.get_object_acl(BUCKET, path[1:])["AccessControlList"]["Grant"]
    assert [grant["Permission"] for grant in grants] == ["FULL_CONTROL"], grants
    # Both know the checksum of what either wrote.
    old.upload_buffer(bucket, "/attributes/old", b"123456789")
    assert (
        sdk.head_object(BUCKET, "attributes/old")["x-cos-hash-crc64ecma"] == "11051210869376104954"
    )
    assert libcos.stat_file(bucket, "/attributes/old")["data"]["crc64"] == "11051210869376104954"


def folders(libcos, old, sdk):
    for each, path in [(libcos, "/folders/一/"), (old, "/folders/二/")]:
        each.create_folder("private-bucket", path, biz_attr="x")
        assert sdk.head_object(BUCKET, path[1:])["Content-Length"] == "0"
    sdk.put_object(BUCKET, b"", "folders/三/")
    sdk.put_object(BUCKET, b"x", "folders/四/x")
    for each in [libcos, old]:
        listed = each.list_folder("private-bucket", "/folders/", all=True)["data"]["infos"]
        assert sorted(entry["name"] for entry in listed) == ["一/", "三/", "二/", "四/"], listed
        each.stat_folder("private-bucket", "/folders/三/")
    libcos.del_folder("private-bucket", "/folders/二/")
    old.del_folder("private-bucket", "/folders/一/")
    left = sdk.list_objects(BUCKET, "folders/")["Contents"]
    assert [entry["Key"] for entry in left] == ["folders/三/", "folders/四/x"], left


def parts_sent(work):
    """How many parts are uploaded while `work` runs."""
    before = len(admin("requests"))
    work()
    return sum(request["op"] == "upload_part" for request in admin("requests")[before:])


def uploads(libcos, sdk, directory):
    """Each continues an upload that the other has begun."""
    content = os.urandom(5 * MIB + 5)
    path = os.path.join(directory, "large.bin")
    with open(path, "wb") as file:
        file.write(content)

    begun = sdk.create_multipart_upload(BUCKET, "begun by the SDK")["UploadId"]
    for number in (1, 2, 4):
        piece = content[(number - 1) * MIB : number * MIB]
        sdk.upload_part(BUCKET, "begun by the SDK", piece, number, begun)
    sizes = {"slice_threshold": MIB, "slice_size": MIB}
    sent = parts_sent(
        lambda: libcos.upload_file("private-bucket", "/begun by the SDK", path, **sizes)
    )
    assert sent == 3, sent

    admin("faults", {"op": "upload_part", "part": 5, "action": {"type": "withhold"}})
    transfer = cos.Transfer()
    failed = []

    def upload():
        try:
            libcos.upload_file(
                "private-bucket",
                "/begun by libcos",
                path,
                transfer=transfer,
                concurrency=1,
                **sizes,
            )
        except cos.CosError as error:
            failed.append(error.name)

    thread = threading.Thread(target=upload)
    thread.start()
    while admin("faults"):
        assert thread.is_alive(), failed
        time.sleep(0.02)
    transfer.cancel()
    thread.join()
    assert failed == ["COS_ERR_CANCELLED"], failed
    sent = parts_sent(lambda: sdk.upload_file(BUCKET, "begun by libcos", path, PartSize=1))
    assert sent <= 2, sent
    for key in ("begun by the SDK", "begun by libcos"):
        assert sdk.get_object(BUCKET, key)["Body"].get_raw_stream().read() == content
    assert "Upload" not in sdk.list_multipart_uploads(BUCKET)


def signed(libcos, sdk):
    """What is written by a presigned URL of one is read by one of the other."""
    path = "/签名/a b+c.txt"
    fetch(libcos.sign_url("PUT", "private-bucket", path, 60)["data"]["url"], "PUT", b"one")
    assert fetch(sdk.get_presigned_url(BUCKET, path[1:], "GET")) == b"one"
    fetch(sdk.get_presigned_url(BUCKET, path[1:], "PUT"), "PUT", b"two")
    assert fetch(libcos.sign_download("private-bucket", path, 60)["data"]["url"]) == b"two"
    # With temporary keys the token is in the URL.
    keys = ["TEMPORARY_ID", "TEMPORARY_KEY", "token+/=&"]
    theirs = client("TEMPORARY_KEY", "TEMPORARY_ID")
    token = {"x-cos-security-token": keys[2]}
    assert fetch(theirs.get_presigned_url(BUCKET, path[1:], "GET", Params=token)) == b"two"
    libcos.set_temporary_credentials("1250000000", *keys)
    assert fetch(libcos.sign_url("GET", "private-bucket", path, 60)["data"]["url"]) == b"two"
    assert libcos.download_buffer("private-bucket", path) == b"two"
    libcos.set_credentials("1250000000", "EXAMPLE_SECRET_ID", "EXAMPLE_SECRET_KEY")


def buckets(libcos, sdk):
    ours = [bucket["full_name"] for bucket in libcos.list_buckets()["data"]["buckets"]]
    theirs = [bucket["Name"] for bucket in sdk.list_buckets()["Buckets"]["Bucket"]]
    assert sorted(ours) == sorted(theirs) and BUCKET in ours, (ours, theirs)


def streams(libcos, sdk):
    """Content from a callback, of unknown size."""
    content = os.urandom(3 * MIB + 3)
    libcos.upload_stream(
        "private-bucket", "/stream", -1, io.BytesIO(content), slice_threshold=MIB, slice_size=MIB
    )
    stored = sdk.get_object(BUCKET, "stream")
    assert stored["Body"].get_raw_stream().read() == content
    assert "-" in stored["ETag"], "it went in parts"


def main():
    with tempfile.TemporaryDirectory() as home:
        clients = {
            "libcos": Libcos("v5"),
            "libcos-v4": Libcos("v4"),
            "python": PythonSdk(),
            "node": NodeSdk(),
            "coscmd": Coscmd(home),
        }
        libcos, old = clients["libcos"].client, clients["libcos-v4"].client
        sdk = clients["python"].client
        attributes(libcos, old, sdk)
        folders(libcos, old, sdk)
        uploads(libcos, sdk, home)
        signed(libcos, sdk)
        buckets(libcos, sdk)
        streams(libcos, sdk)
        large(clients["libcos"], clients["coscmd"])
        contents(clients, list(clients), COMMON)
        contents(clients, [name for name in clients if clients[name].can_be_odd], ODD)
    print("crosswise: all is well")


if __name__ == "__main__":
    main()
