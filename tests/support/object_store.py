"""An object store on loopback: an emulator of Google's, in a thread."""

import os
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from unittest.mock import patch

import fsspec
from loopback import free_port

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # its packages use what Python and setuptools will drop
    from gcp_storage_emulator.server import create_server

BUCKET = "b"


@contextmanager
def object_store() -> Iterator[str]:
    """Start a store with one empty bucket, and yield its address.

    As long as it runs, gcsfs finds it in this process and in those that this one starts.
    """
    port = free_port()
    environment = {
        "STORAGE_EMULATOR_HOST": f"http://127.0.0.1:{port}",
        "FSSPEC_GS_TOKEN": "anon",
        # Otherwise gcsfs asks Google what kind of bucket it is, and warns whenever it hears nothing.
        "GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT": "false",
    }
    with ExitStack() as running:
        running.enter_context(create_server("127.0.0.1", port, in_memory=True, default_bucket=BUCKET))
        running.enter_context(patch.dict(os.environ, environment))
        # fsspec read its part of the environment when it was imported.
        running.enter_context(patch.dict(fsspec.config.conf, {"gs": {"token": "anon"}}))
        yield f"gs://{BUCKET}"
