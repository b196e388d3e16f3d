"""Commands as a user types them."""

import sys

import pytest


@pytest.fixture(autouse=True, scope="session")
def _ranks_before_tensorflow(request):
    """Set TensorFlow's threads as training does, before any test has fixed them."""
    if "tensorflow" in sys.modules:
        request.getfixturevalue("one_rank")
