"""What the tests of all tiers share."""

import gc

import pytest
from hypothesis import settings

from landmark_lib.logs import start_logging

pytest_plugins = (
    *("tiers", "corpus_fixtures", "model_fixtures", "page_fixtures"),
    *("search_fixtures", "store_fixtures"),
)

# A deadline measures how busy the machine is, not whether the code is right.
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")


def pytest_collection_finish():
    """Spare the garbage collector what was imported and collected: each training would look through it."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _logging():
    """Send the log to stderr as the jobs do."""
    start_logging()
