"""What coscmd can do, with the emulator, which is its proxy."""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

PORT = os.environ["COS_PORT"]
COSCMD = os.path.join(os.path.dirname(sys.executable), "coscmd")
MIB = 1024 * 1024


def admin(what, data=None, method=None):
    url = "http://127.0.0.1:%s/_emulator/%s" % (PORT, what)
    data = None if data is None else json.dumps(data).encode()
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(urllib.request.Request(url, data=data, method=method)) as reply:
        return json.load(reply)


class Command:
    def __init__(self, home):
        self.environment = {
            "HOME": home,
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "PYTHONWARNINGS": "ignore",
            "http_proxy": "http://127.0.0.1:" + PORT,
            "no_proxy": "none",
        }
        self.home = home

    def configure(self, key):
        self.run(
            "config",
            "-a",
            "EXAMPLE_SECRET_ID",
            "-s",
            key,
            "-b",
            "private-bucket-1250000000",
            "-r",
            "ap-shanghai",
            "--do-not-use-ssl",
            "--retry",
            "1",
        )
        # The smallest size from which it uploads and downloads in parts.
        with open(self.path(".cos.conf"), "a") as file:
            file.write("\nmultiupload_threshold = 20\nmultidownload_threshold = 20\n")

    def start(self, *words):
        return subprocess.Popen(
            [sys.executable, COSCMD, *words],
            env=self.environment,
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *words, fails=False):
        process = self.start(*words)
        output = process.communicate(timeout=200)[0]
        assert (process.returncode != 0) == fails, (words, process.returncode, output)
        return output

    def path(self, *names):
        return os.path.join(self.home, *names)

    def write(self, content, *names):
        os.makedirs(os.path.dirname(self.path(*names)), exist_ok=True)
        with open(self.path(*names), "wb") as file:
            file.write(content)
        return self.path(*names)

    def read(self, *names):
        with open(self.path(*names), "rb") as file:
            return file.read()


def files(cos):
    cos.write("你好\n".encode(), "树", "一 + 页.txt")
    cos.write(b"two", "树", "下", "two.txt")
    cos.write(b"", "树", "empty")
    cos.run("upload", "树/一 + 页.txt", "文档/一 + 页.txt")
    cos.run(
        "upload", "-H", '{"x-cos-meta-a": "1", "Cache-Control": "no-cache"}', "树/empty", "empty"
    )
    cos.run("upload", "-r", "树/", "树")
    assert "3 files skipped" in cos.run("upload", "-rs", "树/", "树")
    names = cos.run("list", "-ar")
    for name in ["文档/一 + 页.txt", "empty", "树/一 + 页.txt", "树/下/two.txt", "树/empty"]:
        assert name in names, names
    assert "树/" in cos.run("list")
    assert re.search(r"x-cos-meta-a\W+1", cos.run("info", "empty"))
    cos.run("download", "文档/一 + 页.txt", "back.txt")
    assert cos.read("back.txt") == "你好\n".encode()
    cos.run("download", "-r", "树", "tree back")
    assert cos.read("tree back", "下", "two.txt") == b"two"
    source = "private-bucket-1250000000.cos.ap-shanghai.myqcloud.com/"
    cos.run("copy", source + "文档/一 + 页.txt", "copy.txt")
    cos.run("move", source + "copy.txt", "moved.txt")
    cos.run("download", "moved.txt", "moved.txt")
    assert cos.read("moved.txt") == "你好\n".encode()
    cos.run("info", "copy.txt", fails=True)
    cos.run("copy", "-r", source + "树", "又一棵树")
    assert "又一棵树/下/two.txt" in cos.run("list", "-ar", "又一棵树")


def pages(cos):
    for number in range(30):
        cos.write(b"x", "页", "第 %02d 页.txt" % number)
    cos.run("upload", "-r", "页/", "页/")
    admin("settings", {"largest_page": 8}, "PUT")
    listed = cos.run("list", "-ar", "页/")
    admin("settings", {"largest_page": 1000}, "PUT")
    assert all("第 %02d 页.txt" % number in listed for number in range(30)), listed


def access(cos):
    cos.run("putobjectacl", "--grant-read", "anyone", "moved.txt")
    assert "anyone" in cos.run("getobjectacl", "moved.txt")
    url = re.search(r"http[^'\s]+", cos.run("signurl", "moved.txt", "-t", "300")).group()
    proxy = urllib.request.ProxyHandler({"http": "http://127.0.0.1:" + PORT})
    with urllib.request.build_opener(proxy).open(url) as reply:
        assert reply.read() == "你好\n".encode()


def large(cos):
    content = os.urandom(21 * MIB + 77)
    cos.write(content, "large.bin")
    # Killed half-way, it goes on with what is there.
    admin("faults", {"op": "upload_part", "skip": 5, "action": {"type": "withhold"}})
    process = cos.start("upload", "large.bin", "大/large.bin")
    while admin("faults"):
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert "大/large.bin" in cos.run("listparts")
    before = len(admin("requests"))
    cos.run("upload", "large.bin", "大/large.bin")
    asked = [request["op"] for request in admin("requests")[before:]]
    assert "list_parts" in asked and "initiate_multipart_upload" not in asked, asked
    assert asked.count("upload_part") < 22, asked
    cos.run("download", "大/large.bin", "large back.bin")
    assert cos.read("large back.bin") == content


def archive(cos):
    cos.run("upload", "-H", '{"x-cos-storage-class": "ARCHIVE"}', "树/一 + 页.txt", "cold/a")
    cos.run("upload", "-H", '{"x-cos-storage-class": "DEEP_ARCHIVE"}', "树/下/two.txt", "cold/b")
    cos.run("download", "cold/a", "cold.txt", fails=True)
    cos.run("restore", "-d", "3", "-t", "Expedited", "cold/a")
    cos.run("download", "cold/a", "cold.txt")
    assert cos.read("cold.txt") == "你好\n".encode()
    assert "ongoing-request" in cos.run("info", "cold/a")
    cos.run("restore", "-r", "-d", "3", "-t", "Bulk", "cold/")
    cos.run("download", "cold/b", "cold.txt", "-f")
    assert cos.read("cold.txt") == b"two"


def errors(cos):
    assert "NoSuchResource" in cos.run("download", "none", "none", fails=True)
    assert "NoSuchBucket" in cos.run("-b", "none-1250000000", "list", fails=True)
    with tempfile.TemporaryDirectory() as home:
        other = Command(home)
        other.configure("WRONG")
        assert "SignatureDoesNotMatch" in other.run("list", fails=True)


def deletions(cos):
    cos.run("delete", "-f", "moved.txt")
    cos.run("delete", "-rf", "页/")
    assert "第" not in cos.run("list", "-ar", "页/")
    cos.run("delete", "-rf", "树/")
    listed = cos.run("list", "-ar")
    assert "树/empty" not in listed.replace("又一棵树/empty", "") and "又一棵树/empty" in listed


def main():
    with tempfile.TemporaryDirectory() as home:
        cos = Command(home)
        cos.configure("EXAMPLE_SECRET_KEY")
        files(cos)
        pages(cos)
        access(cos)
        large(cos)
        archive(cos)
        errors(cos)
        deletions(cos)
    print("coscmd: all is well")


if __name__ == "__main__":
    main()
