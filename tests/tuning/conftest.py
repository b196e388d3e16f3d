"""Trials run on one rank here, where a test does not start more."""

import pytest


@pytest.fixture(autouse=True)
def _on_one_rank(one_rank):
    """Start Horovod on this process."""
