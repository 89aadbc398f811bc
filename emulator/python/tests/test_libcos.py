"""A program with libcos, which has both APIs."""

import cos
import pytest


@pytest.fixture(params=["v4", "v5"])
def api(request):
    return request.param


@pytest.fixture
def client(api, cos_emulator):
    with cos.Client(**cos_emulator.options(api)) as client:
        yield client


def test_one_api_reads_what_the_test_has_put(client, cos_bucket):
    cos_bucket.put("in/a.txt", "a")
    cos_bucket.put("in/b.txt", "bb")
    found = [(entry.path, entry.size) for entry in client.iter_folder(cos_bucket.name, "/in/")]
    assert found == [("/in/a.txt", 1), ("/in/b.txt", 2)]


def test_an_answer_that_is_lost_does_no_harm(client, api, cos_emulator, cos_bucket):
    op = {"v4": "upload", "v5": "put_object"}[api]
    cos_emulator.inject("lose_reply", op=op, end="reset")
    client.upload_buffer(cos_bucket.name, "/f", b"once")
    assert cos_bucket.get("f") == b"once"
    assert cos_emulator.requests(op)[0].fault


def test_the_account_comes_from_the_environment(api, cos_emulator, cos_bucket, monkeypatch):
    for name, value in cos_emulator.environment(api).items():
        monkeypatch.setenv(name, value)
    with cos.Client.from_env() as client:
        client.upload_buffer(cos_bucket.name, "/f", b"x")
    assert cos_bucket.keys() == ["f"]
