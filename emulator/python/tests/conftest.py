import pytest


@pytest.fixture(scope="session")
def cos_emulator_options():
    return {
        "buckets": ["photos", {"name": "open", "public": True, "region": "ap-guangzhou"}],
        "settings": {"largest_page": 7},
    }
