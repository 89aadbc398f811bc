"""A program with the official SDK."""

import pytest
from qcloud_cos import CosConfig, CosS3Client, CosServiceError


@pytest.fixture
def client(cos_emulator):
    return CosS3Client(CosConfig(**cos_emulator.sdk_options()), retry=2)


def test_what_it_uploads_is_there(client, cos_emulator, cos_bucket, tmp_path):
    file = tmp_path / "large"
    file.write_bytes(bytes(range(256)) * 12288)
    client.upload_file(Bucket=cos_bucket.full_name, Key="large", LocalFilePath=str(file), PartSize=1)
    assert cos_bucket.get("large") == file.read_bytes()
    assert len(cos_emulator.requests("upload_part")) == 3


def test_it_tries_again_when_the_service_is_busy(client, cos_emulator, cos_bucket):
    cos_emulator.inject("error", op="put_object", code="SlowDown")
    client.put_object(Bucket=cos_bucket.full_name, Key="f", Body=b"x")
    assert [request.word for request in cos_emulator.requests("put_object")] == ["SlowDown", None]
    assert cos_bucket.get("f") == b"x"


def test_it_is_told_what_is_missing(client, cos_emulator, cos_bucket):
    with pytest.raises(CosServiceError) as refusal:
        client.get_object(Bucket=cos_bucket.full_name, Key="missing")
    assert refusal.value.get_error_code() == "NoSuchKey"
    assert cos_emulator.requests()[-1].path == "/missing"
