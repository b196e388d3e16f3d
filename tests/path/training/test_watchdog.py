"""The watchdog ends a process that makes no progress while it is watched, and no other."""

import signal
import subprocess
import sys

import pytest

WORK = """
import threading
from landmark_lib.logs import start_logging
from landmark_lib.training import watchdog
start_logging()
watchdog.SECONDS_TO_FIRST_WARNING = {warning}
dog = watchdog.Watchdog("rank 1", {limit}, ends={ends})
idle = threading.Event()

def items(seconds):
    yield 1
    print("begun", flush=True)
    idle.wait(seconds)
    yield 2

{work}
print("done")
"""


def started(work, *, limit=1.0, warning=30.0, ends=True):
    code = WORK.format(work=work, limit=limit, warning=warning, ends=ends)
    return subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def run(work, **settings):
    with started(work, **settings) as process:
        out, err = process.communicate()
    return process.returncode, out, err


def test_watched_process_without_progress_ends_with_a_message_that_names_the_option():
    status, out, err = run("for _ in dog.watch(items(60), 'rows of epoch 3'): pass")
    assert (status, out) == (1, "begun\n")
    assert err.startswith("error: rank 1: no rows of epoch 3 for 1 seconds;")
    assert "--stall-timeout" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    "work",
    [
        "for _ in dog.watch(items(0), 'rows'): pass\nidle.wait(3)",
        "with dog.paused(): pass\nidle.wait(3)",
        "for _ in dog.watch(items(0), 'rows'):\n    with dog.paused(): idle.wait(1.5)",
    ],
)
def test_unwatched_process_may_idle(work):
    assert run(work) == (0, "begun\ndone\n" if "items" in work else "done\n", "")


def test_slow_process_gets_warnings_and_does_not_end_if_nobody_waits():
    status, out, err = run("for _ in dog.watch(items(3), 'rows'): pass", warning=0.5, ends=False)
    assert (status, out) == (0, "begun\ndone\n")
    first, *_ = err.splitlines()
    assert first == "warning: rank 1: waiting for rows, 0 s so far"


def test_time_while_a_process_is_stopped_does_not_count():
    with started("for _ in dog.watch(items(1), 'rows'): pass", limit=3.0) as process:
        assert process.stdout.readline() == "begun\n"
        process.send_signal(signal.SIGSTOP)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(5)
        process.send_signal(signal.SIGCONT)
        assert process.communicate() == ("done\n", "")
    assert process.returncode == 0
