"""A bucket of an object store, started once for the tests of a module."""

import fsspec
import pytest


@pytest.fixture(scope="module")
def bucket():
    """Return the address of an empty bucket."""
    from object_store import object_store

    with object_store() as address:
        yield address


@pytest.fixture(scope="module")
def store(bucket):
    """Return the file system of the bucket."""
    filesystem, _ = fsspec.core.url_to_fs(bucket)
    return filesystem
