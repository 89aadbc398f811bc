"""Fixtures for pytest, which finds them by itself."""

from typing import Iterator

import pytest

from ._emulator import Bucket, Emulator, EmulatorOptions


@pytest.fixture(scope="session")
def cos_emulator_options() -> EmulatorOptions:
    """What the emulator is started with; define it anew in conftest.py for other buckets or settings."""
    return {}


@pytest.fixture(scope="session")
def cos_emulator(cos_emulator_options: EmulatorOptions) -> Iterator[Emulator]:
    """An emulator for all tests."""
    with Emulator(**cos_emulator_options) as emulator:
        yield emulator


@pytest.fixture
def cos_bucket(cos_emulator: Emulator) -> Bucket:
    """Its first bucket. The emulator is as at its start: no objects, no faults, nothing in the log."""
    cos_emulator.reset()
    return cos_emulator.bucket
