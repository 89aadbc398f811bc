"""What cos-python-sdk-v5 can do, with the emulator, which is its proxy."""

import hashlib
import io
import os
import tempfile
import threading
import urllib.parse
import urllib.request

from qcloud_cos import CosConfig, CosS3Client, CosServiceError

PORT = os.environ["COS_PORT"]
BUCKET = "private-bucket-1250000000"
PROXY = {"http": "http://127.0.0.1:" + PORT}
KEYS = [
    "plain.txt",
    "文档/你好 世界.txt",
    "docs/a b+c%d&e=f~!'()*.txt",
    "docs//two/slashes.txt",
    "docs/quote\"and'<tag>.txt",
    "folder/",
]


def client(key="EXAMPLE_SECRET_KEY", secret_id="EXAMPLE_SECRET_ID", token=None):
    config = CosConfig(
        Region="ap-shanghai",
        SecretId=secret_id,
        SecretKey=key,
        Token=token,
        Scheme="http",
        Proxies=PROXY,
    )
    return CosS3Client(config, retry=1)


def refused(code, work, status=None):
    try:
        work()
    except CosServiceError as error:
        assert error.get_error_code() == code, error
        assert status is None or error.get_status_code() == status, error
        assert error.get_request_id()
        return error
    raise AssertionError("not refused: " + code)


def fetch(url, method="GET", data=None, headers=None):
    opener = urllib.request.build_opener(urllib.request.ProxyHandler(PROXY))
    request = urllib.request.Request(url, method=method, data=data, headers=headers or {})
    with opener.open(request) as reply:
        return reply.read()


def body(reply):
    return reply["Body"].get_raw_stream().read()


def objects(cos):
    for number, key in enumerate(KEYS):
        content = b"" if key.endswith("/") else ("content %d" % number).encode()
        put = cos.put_object(
            Bucket=BUCKET,
            Key=key,
            Body=content,
            EnableMD5=True,
            ContentType="text/plain; charset=utf-8",
            CacheControl="max-age=60",
            Metadata={"x-cos-meta-number": str(number), "x-cos-meta-name": "a b"},
        )
        assert put["ETag"] == '"%s"' % hashlib.md5(content).hexdigest()
        head = cos.head_object(Bucket=BUCKET, Key=key)
        assert head["Content-Length"] == str(len(content)), head
        assert head["Content-Type"] == "text/plain; charset=utf-8"
        assert head["Cache-Control"] == "max-age=60"
        assert head["x-cos-meta-number"] == str(number)
        assert head["x-cos-meta-name"] == "a b"
        assert body(cos.get_object(Bucket=BUCKET, Key=key)) == content
    assert cos.object_exists(BUCKET, KEYS[1])
    assert not cos.object_exists(BUCKET, "none")
    part = cos.get_object(Bucket=BUCKET, Key=KEYS[0], Range="bytes=2-4")
    assert part["Content-Range"] == "bytes 2-4/9" and body(part) == b"nte"
    other = cos.get_object(
        Bucket=BUCKET, Key=KEYS[0], ResponseContentDisposition='attachment; filename="你 好.txt"'
    )
    assert "attachment" in other["Content-Disposition"]
    stream = cos.put_object(Bucket=BUCKET, Key="stream", Body=io.BytesIO(b"x" * 3_000_000))
    assert stream["x-cos-hash-crc64ecma"].isdigit()
    etag = cos.head_object(Bucket=BUCKET, Key="stream")["ETag"]
    refused("PreconditionFailed", lambda: cos.get_object(BUCKET, "stream", IfMatch='"x"'), 412)
    assert len(body(cos.get_object(BUCKET, "stream", IfMatch=etag))) == 3_000_000


def lists(cos):
    for number in range(25):
        cos.put_object(Bucket=BUCKET, Key="页/第 %02d 页&.txt" % number, Body=b"x")
    found, marker, pages = [], "", 0
    while True:
        page = cos.list_objects(BUCKET, Prefix="页/", MaxKeys=10, Marker=marker, EncodingType="url")
        found += [urllib.parse.unquote(entry["Key"]) for entry in page["Contents"]]
        pages += 1
        if page["IsTruncated"] == "false":
            break
        marker = urllib.parse.unquote(page["NextMarker"])
    assert found == ["页/第 %02d 页&.txt" % number for number in range(25)] and pages == 3
    decoded = cos.list_objects(BUCKET, Prefix="文档/")
    assert [entry["Key"] for entry in decoded["Contents"]] == [KEYS[1]]
    tree = cos.list_objects(BUCKET, Delimiter="/")
    prefixes = [entry["Prefix"] for entry in tree["CommonPrefixes"]]
    assert prefixes == ["docs/", "folder/", "文档/", "页/"], prefixes
    versions = cos.list_objects_versions(BUCKET, Prefix="页/", MaxKeys="5")
    assert len(versions["Version"]) == 5 and versions["IsTruncated"] == "true"
    buckets = cos.list_buckets()["Buckets"]["Bucket"]
    assert BUCKET in [bucket["Name"] for bucket in buckets]
    assert cos.head_bucket(BUCKET)["x-cos-bucket-region"] == "ap-shanghai"
    assert not cos.bucket_exists("none-1250000000")


def large(cos, directory):
    path = os.path.join(directory, "大 file.bin")
    content = os.urandom(5 * 1024 * 1024 + 12345)
    with open(path, "wb") as file:
        file.write(content)
    progress = []
    sent = cos.upload_file(
        BUCKET,
        "大/large.bin",
        path,
        PartSize=1,
        MAXThread=3,
        EnableMD5=True,
        progress_callback=lambda done, total: progress.append((done, total)),
    )
    assert sent["ETag"].strip('"').endswith("-6"), sent
    assert progress[-1] == (len(content), len(content))
    target = os.path.join(directory, "back.bin")
    cos.download_file(BUCKET, "大/large.bin", target, PartSize=1, MAXThread=3, EnableCRC=True)
    with open(target, "rb") as file:
        assert file.read() == content
    # Another program has begun: the SDK goes on with what is there.
    begun = cos.create_multipart_upload(BUCKET, "resumed.bin")["UploadId"]
    mib = 1024 * 1024
    for number in (1, 3):
        piece = content[(number - 1) * mib : number * mib]
        cos.upload_part(BUCKET, "resumed.bin", piece, number, begun)
    parts = cos.list_parts(BUCKET, "resumed.bin", begun)["Part"]
    assert [part["PartNumber"] for part in parts] == ["1", "3"]
    uploads = cos.list_multipart_uploads(BUCKET, Prefix="resumed")
    assert uploads["Upload"][0]["UploadId"] == begun
    cos.upload_file(BUCKET, "resumed.bin", path, PartSize=1)
    assert "Upload" not in cos.list_multipart_uploads(BUCKET)
    assert body(cos.get_object(BUCKET, "resumed.bin")) == content
    aborted = cos.create_multipart_upload(BUCKET, "aborted")["UploadId"]
    cos.abort_multipart_upload(BUCKET, "aborted", aborted)
    refused("NoSuchUpload", lambda: cos.list_parts(BUCKET, "aborted", aborted), 404)
    return content


def copies(cos, content):
    source = {"Bucket": BUCKET, "Key": KEYS[2], "Region": "ap-shanghai"}
    cos.copy_object(BUCKET, "复制/copy.txt", source)
    head = cos.head_object(BUCKET, "复制/copy.txt")
    assert head["x-cos-meta-number"] == "2" and head["Cache-Control"] == "max-age=60"
    cos.copy_object(
        BUCKET, "复制/copy.txt", source, CopyStatus="Replaced", Metadata={"x-cos-meta-new": "1"}
    )
    head = cos.head_object(BUCKET, "复制/copy.txt")
    assert head["x-cos-meta-new"] == "1" and "x-cos-meta-number" not in head
    big = {"Bucket": BUCKET, "Key": "大/large.bin", "Region": "ap-shanghai"}
    cos.copy(BUCKET, "big copy.bin", big, PartSize=1, MAXThread=2)
    begun = cos.create_multipart_upload(BUCKET, "in parts")["UploadId"]
    parts = []
    for number, piece in ((1, "bytes=0-2097151"), (2, "bytes=2097152-2097161")):
        part = cos.upload_part_copy(BUCKET, "in parts", number, begun, big, CopySourceRange=piece)
        parts.append({"PartNumber": number, "ETag": part["ETag"]})
    cos.complete_multipart_upload(BUCKET, "in parts", begun, {"Part": parts})
    assert body(cos.get_object(BUCKET, "in parts")) == content[:2097162]
    assert body(cos.get_object(BUCKET, "big copy.bin")) == content
    # A move is a copy and a deletion.
    cos.copy_object(BUCKET, "moved.txt", source)
    cos.delete_object(BUCKET, KEYS[2])
    assert not cos.object_exists(BUCKET, KEYS[2]) and cos.object_exists(BUCKET, "moved.txt")


def access(cos):
    cos.put_object_acl(BUCKET, "moved.txt", ACL="public-read")
    grants = cos.get_object_acl(BUCKET, "moved.txt")["AccessControlList"]["Grant"]
    assert {grant["Permission"] for grant in grants} == {"READ", "FULL_CONTROL"}, grants
    plain = "http://%s.cos.ap-shanghai.myqcloud.com/moved.txt" % BUCKET
    assert fetch(plain) == b"content 2"
    cos.put_object_acl(BUCKET, "moved.txt", GrantRead='id="100000000002"')
    tags = {"TagSet": {"Tag": [{"Key": "键", "Value": "a b"}]}}
    cos.put_object_tagging(BUCKET, "moved.txt", tags)
    assert cos.get_object_tagging(BUCKET, "moved.txt")["TagSet"]["Tag"][0]["Key"] == "键"
    cos.delete_object_tagging(BUCKET, "moved.txt")
    cos.put_object(BUCKET, b"x", "cold.txt", StorageClass="STANDARD_IA")
    assert cos.head_object(BUCKET, "cold.txt")["x-cos-storage-class"] == "STANDARD_IA"


def presigned(cos):
    key = "预签名/a b+c.txt"
    url = cos.get_presigned_url(BUCKET, key, "PUT", Expired=300)
    fetch(url, "PUT", b"by url")
    url = cos.get_presigned_url(
        BUCKET, key, "GET", Params={"response-content-type": "text/x-test; charset=utf-8"}
    )
    assert fetch(url) == b"by url"
    assert fetch(cos.get_presigned_download_url(BUCKET, key)) == b"by url"


def errors(cos):
    error = refused("NoSuchKey", lambda: cos.get_object(BUCKET, "none"), 404)
    assert error.get_resource_location().endswith("/none") and error.get_trace_id()
    refused("NoSuchResource", lambda: cos.head_object(BUCKET, "none"), 404)
    refused("NoSuchBucket", lambda: cos.get_object("none-1250000000", "a"), 404)
    refused("SignatureDoesNotMatch", lambda: client(key="x").get_object(BUCKET, "a"), 403)
    refused("InvalidAccessKeyId", lambda: client(secret_id="x").get_object(BUCKET, "a"), 403)
    refused(
        "BadDigest",
        lambda: cos.put_object(BUCKET, b"a", "bad", ContentMD5="1B2M2Y8AsgTpgAmY7PhCfg=="),
    )
    refused("KeyTooLong", lambda: cos.put_object(BUCKET, b"a", "k" * 851), 400)
    refused("MethodNotAllowed", lambda: cos.append_object(BUCKET, "appended", 0, b"x"), 405)
    temporary = client("TEMPORARY_KEY", "TEMPORARY_ID", "token+/=&")
    assert temporary.head_object(BUCKET, "plain.txt")
    wrong = client("TEMPORARY_KEY", "TEMPORARY_ID", "other")
    refused("InvalidAccessKeyId", lambda: wrong.get_object(BUCKET, "plain.txt"), 403)


def deletions(cos):
    assert cos.delete_object(BUCKET, "none") is not None
    keys = [{"Key": "页/第 %02d 页&.txt" % number} for number in range(25)]
    deleted = cos.delete_objects(BUCKET, {"Object": keys, "Quiet": "false"})
    assert len(deleted["Deleted"]) == 25
    assert "Contents" not in cos.list_objects(BUCKET, Prefix="页/")


def main():
    cos = client()
    objects(cos)
    lists(cos)
    with tempfile.TemporaryDirectory() as directory:
        content = large(cos, directory)
    copies(cos, content)
    access(cos)
    presigned(cos)
    errors(cos)
    deletions(cos)
    threads = [
        threading.Thread(target=cos.put_object, args=(BUCKET, b"x", "thread %d" % number))
        for number in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(cos.list_objects(BUCKET, Prefix="thread")["Contents"]) == 8
    print("python: all is well")


if __name__ == "__main__":
    main()
