"""A server that stands in for Tencent Cloud COS, for the tests of programs that use it.

    with cos_emulator.Emulator() as emulator:
        client = CosS3Client(CosConfig(**emulator.sdk_options()))
        client.put_object(Bucket=emulator.bucket.full_name, Key="a.txt", Body=b"hello")
        assert emulator.bucket.get("a.txt") == b"hello"

With pytest the fixtures `cos_emulator` and `cos_bucket` are there without an import.
"""

from ._admin import EmulatorError
from ._emulator import (
    Api, Bucket, BucketConfig, Credential, Emulator, EmulatorOptions, FaultAction, Object, Request, TemporaryKey,
)

__all__ = [
    "Api",
    "Bucket",
    "BucketConfig",
    "Credential",
    "Emulator",
    "EmulatorError",
    "EmulatorOptions",
    "FaultAction",
    "Object",
    "Request",
    "TemporaryKey",
]
