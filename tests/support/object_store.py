"""An object store on loopback: an emulator of Google's, as a process of its own."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from unittest.mock import patch

import fsspec
from loopback import free_port

BUCKET = "b"
SECONDS_TO_START = 60
EMULATOR = Path(sys.executable).with_name("gcp-storage-emulator")


@contextmanager
def object_store() -> Iterator[str]:
    """Start a store with one empty bucket, and give its address.

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
        running.enter_context(_emulator(port))
        running.enter_context(patch.dict(os.environ, environment))
        # fsspec read its part of the environment when it was imported.
        running.enter_context(patch.dict(fsspec.config.conf, {"gs": {"token": "anon"}}))
        yield f"gs://{BUCKET}"


@contextmanager
def _emulator(port: int) -> Iterator[None]:
    where = ["--host=127.0.0.1", f"--port={port}", "--in-memory", f"--default-bucket={BUCKET}"]
    with subprocess.Popen([EMULATOR, "start", *where], stderr=subprocess.PIPE, text=True) as process:
        started = threading.Event()

        def read_log() -> None:
            for line in process.stderr:
                if "All services started" in line:
                    started.set()

        reader = threading.Thread(target=read_log)
        reader.start()
        try:
            assert started.wait(SECONDS_TO_START), "the emulator did not start"
            yield
        finally:
            process.terminate()
            reader.join()
