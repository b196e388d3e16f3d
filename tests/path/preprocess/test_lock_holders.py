"""The lock of an output directory lives and dies with the process that holds it."""

import subprocess
import sys

import pytest

from landmark_lib.errors import UserError
from landmark_lib.preprocess.lock import locked


def refused(output):
    with (
        pytest.raises(UserError, match=f"--output: another job is writing to {output}"),
        locked(output),
    ):
        pass


HOLD = """
import sys
from landmark_lib.preprocess.lock import locked
with locked(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path):
    """Return a process that holds the lock of a directory."""
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


LOSE = """
import sys, threading
import fsspec
from landmark_lib.logs import start_logging
from landmark_lib.preprocess import lock_steps
from landmark_lib.preprocess.lock import locked
from landmark_lib.storage import Place

start_logging()
lock_steps.SECONDS_BETWEEN_SIGNS = 0.02
store = fsspec.filesystem("memory")
with locked("memory://out"):
    (mine,) = Place("memory://out").names()
    if sys.argv[1] == "taken":
        store.pipe_file("/out/.lock.other", b"holds 1 elsewhere")
        store.rm_file(f"/out/{mine}")
    else:
        lock_steps.SECONDS_OF_A_SIGN = 0.2
        def fail(*_, **__):
            raise OSError("the store does not answer")
        type(store).cat_file = fail
    threading.Event().wait()  # as a job waits for Spark
"""


@pytest.mark.parametrize("lost", ["taken", "not renewed"])
def test_a_job_that_loses_its_lock_ends_with_a_line(lost):
    ended = subprocess.run([sys.executable, "-c", LOSE, lost], capture_output=True, text=True, check=False)
    (line,) = ended.stderr.splitlines()
    assert line.startswith("error: --output: this job lost the lock of memory://out: another job took it")
    assert (ended.returncode, ended.stdout) == (1, "")
