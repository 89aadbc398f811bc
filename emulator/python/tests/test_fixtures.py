"""The fixtures and what an emulator does, as a test uses them."""

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request

import pytest

import cos_emulator as package


def test_a_test_leaves_everything_changed(cos_emulator, cos_bucket):
    cos_bucket.put("left/over.txt", "text")
    cos_emulator.buckets["open"].put("too", b"")
    cos_emulator.settings(latency_ms=1)
    cos_emulator.inject("withhold", op="get_object", times=None)
    with pytest.raises(urllib.error.HTTPError):
        urllib.request.urlopen(f"{cos_emulator.url}/{cos_bucket.full_name}/left/over.txt?acl")
    assert len(cos_emulator.faults()) == len(cos_emulator.requests()) == 1


def test_the_next_one_finds_the_state_of_the_start(cos_emulator, cos_bucket):
    assert cos_bucket.keys() == cos_emulator.buckets["open"].keys() == []
    assert cos_emulator.faults() == cos_emulator.requests() == []
    settings = cos_emulator.settings()
    assert (settings["latency_ms"], settings["largest_page"]) == (0, 7)


def test_objects_are_there_without_a_client(cos_bucket):
    key = "a b/你好+%?#.txt"
    cos_bucket.put(key, "你好", {"Content-Type": "text/plain", "x-cos-meta-of": "me"})
    cos_bucket.put("b", b"\0\1")
    assert cos_bucket.get(key).decode() == "你好"
    first, second = cos_bucket.list()
    assert (first.key, first.size, second.key, second.size) == (key, 6, "b", 2)
    assert first.headers == {"Content-Type": "text/plain", "x-cos-meta-of": "me"}
    assert cos_bucket.keys("a b/") == [key]
    cos_bucket.delete(key)
    cos_bucket.delete("was never there")
    assert cos_bucket.keys() == ["b"]
    with pytest.raises(package.EmulatorError, match="NoSuchKey"):
        cos_bucket.get(key)


def test_the_second_bucket_is_open_to_all_and_elsewhere(cos_emulator, cos_bucket):
    bucket = cos_emulator.buckets["open"]
    bucket.put("f", "for all")
    url = f"{cos_emulator.url}/{bucket.full_name}/f"
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    assert opener.open(url).read() == b"for all"
    cos_bucket.put("f", "for some")
    with pytest.raises(urllib.error.HTTPError, match="403"):
        opener.open(f"{cos_emulator.url}/{cos_bucket.full_name}/f")
    statuses = [(request.op, request.status) for request in cos_emulator.requests()]
    assert statuses == [("get_object", 200), ("get_object", 403)]
    assert (bucket.region, bucket.public, cos_bucket.region) == ("ap-guangzhou", True, "ap-shanghai")


def test_what_the_program_refuses_is_told(cos_emulator):
    with pytest.raises(package.EmulatorError, match="unknown field `latency`"):
        cos_emulator.settings(latency=1)
    with pytest.raises(package.EmulatorError, match="KeyTooLong"):
        cos_emulator.bucket.put("k" * 851, b"")
    with pytest.raises(package.EmulatorError, match="refuses the request with status 4"):
        cos_emulator.bucket.get("k" * 1000000)
    with pytest.raises(package.EmulatorError, match="unknown variant `explode`"):
        cos_emulator.inject("explode")
    with pytest.raises(package.EmulatorError, match="unknown field `latency`"):
        package.Emulator(settings={"latency": 1})
    with pytest.raises(package.EmulatorError, match=f"port {cos_emulator.port} of 127.0.0.1 is taken"):
        package.Emulator(port=cos_emulator.port)


def test_a_data_directory_stays(tmp_path):
    account = {"appid": "77", "secret_id": "ID", "secret_key": "KEY"}
    with package.Emulator(data=tmp_path / "data", credentials=[account]) as emulator:
        emulator.bucket.put("f", "x")
        assert emulator.bucket.full_name == "private-bucket-77"
        assert (emulator.appid, emulator.secret_id, emulator.secret_key) == ("77", "ID", "KEY")
    with pytest.raises(package.EmulatorError, match="no answer"):
        emulator.reset()
    emulator.stop()
    with package.Emulator(data=tmp_path / "data", credentials=[account]) as emulator:
        assert emulator.bucket.get("f") == b"x"


def test_the_command_is_the_program(tmp_path):
    command = os.path.join(os.path.dirname(sys.executable), "cos-emulator")
    for start in [[command], [sys.executable, "-m", "cos_emulator"]]:
        said = subprocess.run([*start, "--version"], check=True, stdout=subprocess.PIPE).stdout
        assert said.startswith(b"cos-emulator ")


def test_environment_tells_what_options_tell(cos_emulator):
    environment, options = cos_emulator.environment("v4"), cos_emulator.options("v4")
    assert environment["COS_API"] == options["api"] == "v4"
    assert environment["COS_HOSTNAME"] == f"localhost:{cos_emulator.port}"
    assert {name[4:].lower(): value for name, value in environment.items()} == options
    json.dumps(cos_emulator.sdk_options())
