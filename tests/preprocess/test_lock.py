"""One job at a time fills an output directory; a dead one keeps nobody out."""

import json
import subprocess
import sys
import time

import fsspec
import pytest

from landmark_lib.errors import UserError
from landmark_lib.preprocess.lock import LOCK, SECONDS_UNTIL_STALE, locked

HOLD = """
import sys
from landmark_lib.preprocess.lock import locked
with locked(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""


def refused(output):
    with pytest.raises(UserError, match=f"--output: another job is at work on {output}"), locked(output):
        pass


@pytest.fixture
def holder(tmp_path):
    """Give a process that holds the lock of a directory."""
    command = [sys.executable, "-c", HOLD, tmp_path]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_directory_that_another_process_fills_is_refused(holder, tmp_path):
    refused(str(tmp_path))


def test_a_killed_process_keeps_nobody_out(holder, tmp_path):
    holder.kill()
    holder.wait()
    with locked(str(tmp_path)):
        refused(str(tmp_path))


def test_nothing_is_left_of_a_lock_given_back(tmp_path):
    out = tmp_path / "deep" / "out"
    with locked(str(out)):
        assert (out / LOCK).exists()
    assert list(out.iterdir()) == []
    with locked(str(out)):
        pass


def test_a_directory_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(UserError, match=r"--output: cannot write to .*file/out"),
        locked(f"{tmp_path}/file/out"),
    ):
        pass


@pytest.fixture
def store():
    """Give a file system that has no locks of its own, as object stores."""
    filesystem = fsspec.filesystem("memory")
    yield filesystem
    filesystem.store.clear()


def sign_of_life(store, seconds_ago):
    content = {"holder": "elsewhere", "renewed": time.time() - seconds_ago}
    store.pipe_file(f"/out/{LOCK}", json.dumps(content).encode())


def test_an_object_store_that_another_job_fills_is_refused(store):
    with locked("memory://out"):
        refused("memory://out")
    assert store.find("/out") == []
    sign_of_life(store, SECONDS_UNTIL_STALE / 2)
    refused("memory://out")


def test_a_job_without_a_sign_of_life_keeps_nobody_out_of_an_object_store(store):
    sign_of_life(store, SECONDS_UNTIL_STALE * 2)
    with locked("memory://out"):
        refused("memory://out")
