"""The watchdog ends a process that does nothing while it is watched, and no other."""

import subprocess
import sys

import pytest

WORK = """
import threading
from functools import partial
from landmark_lib.training.watchdog import Watchdog
watchdog = Watchdog(0.1, partial(print, flush=True))
idle = threading.Event()
{work}
print("done")
"""


def run(work):
    return subprocess.run(
        [sys.executable, "-c", WORK.format(work=work)], check=False, capture_output=True, text=True
    )


def test_who_does_nothing_while_watched_is_ended():
    done = run("with watchdog.watching():\n    idle.wait(60)")
    assert (done.returncode, "no rows came" in done.stdout, "done" in done.stdout) == (1, True, False)


@pytest.mark.parametrize(
    "work",
    [
        "with watchdog.watching(): pass\nidle.wait(2)",
        "with watchdog.looking_away(): pass\nidle.wait(2)",
        "with watchdog.watching(), watchdog.looking_away(): idle.wait(2)",
    ],
)
def test_who_is_not_watched_may_idle(work):
    done = run(work)
    assert (done.returncode, done.stdout) == (0, "done\n")
