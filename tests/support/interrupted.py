"""jobs/train.py, hit by a signal at a given place of the training: `interrupted.py SIGNAL PLACE RANK …`.

The places are functions of the training; the signal reaches the process just before it calls one of them.
HANG is not a signal: the program waits there forever, while its other threads run. LATE waits for a while, as
for a slow disk. PAUSED stops the process for a while, as a machine that sleeps does. NOTICE reports the place
and waits until SIGTERM arrives from those who started it. With `all` for the rank, each has its own of
`LATE,PAUSED`.


for a slow disk. PAUSED stops the process for a while, as a machine that sleeps does. With `all` for the rank,
each rank has its own of `LATE,PAUSED`. With places PLACE,PLACE … process after process is hit, each at the
next: all but the last are forked from this one, which has loaded TensorFlow and started nothing of it.
"""

import os
import runpy
import signal
import subprocess
import sys
import threading
from functools import partial
from pathlib import Path

import small_network

from landmark_lib import storage
from landmark_lib.training import recorder
from landmark_lib.training.member_training import MemberTraining
from landmark_lib.training.model_directory import MemberFiles

SECONDS_LATE = 40  # longer than Gloo waits by itself, and than a warning takes
AT_THE_PLACE = "waiting for SIGTERM at the place"


def strike(owner: object, name: str, when) -> None:
    """Hit the process before a call for which `when` holds."""
    function = getattr(owner, name)

    def struck(*arguments, **options):
        if when(*arguments):
            hit()
        return function(*arguments, **options)

    setattr(owner, name, struck)


PLACES = {
    "a step": lambda: strike(
        MemberTraining,
        "_count",
        lambda training, _, step: (training._epoch.number, step) == (1, 3),
    ),
    "the best model": lambda: strike(MemberFiles, "write_epoch", lambda *given: len(given[2]) == 2),
    "a checkpoint": lambda: strike(
        recorder, "write_checkpoint", lambda _, written: written.progress.epochs == 2
    ),
    "the renaming of a checkpoint": lambda: strike(storage.os, "fsync", seconds_call()),
    "the last model": lambda: strike(MemberFiles, "finish", lambda *_: True),
}


def seconds_call():
    """Hold for the second call alone."""
    calls = []
    return lambda *_: calls.append(1) or len(calls) == 2


def striking(name):
    """Return a function that hits the process."""
    if name in ("HANG", "LATE"):
        return partial(threading.Event().wait, None if name == "HANG" else SECONDS_LATE)
    if name == "PAUSED":
        return pause
    if name == "NOTICE":
        return await_notice
    return partial(os.kill, os.getpid(), getattr(signal, name))


def pause():
    """Stop this process; another one wakes it."""
    subprocess.Popen(["sh", "-c", f"sleep {SECONDS_LATE}; kill -CONT {os.getpid()}"])
    os.kill(os.getpid(), signal.SIGSTOP)


def await_notice():
    """Report the place, and wait until the training has SIGTERM: it handles the first alone."""
    print(AT_THE_PLACE, file=sys.stderr, flush=True)
    while signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        threading.Event().wait(0.01)


def first_hit(places):
    """Return a place for this process, when a process before it was hit at each of the others in turn."""
    *others, last = places
    for place in others:
        child = os.fork()
        if not child:
            return place
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if status != -getattr(signal, signal_name):
            sys.exit(f"expected {signal_name} at {place}, found status {status}")
    return last


if __name__ == "__main__":
    _, signal_name, places, rank, *options = sys.argv
    small_network.register()
    place = first_hit(places.split(","))
    here = os.environ.get("HOROVOD_RANK", "0")
    hit = striking(signal_name.split(",")[int(here)] if rank == "all" else signal_name)
    if rank in (here, "all"):
        PLACES[place]()
    job = str(Path(__file__).parents[2] / "jobs/train.py")
    sys.argv = [job, *options]
    runpy.run_path(job, run_name="__main__")
