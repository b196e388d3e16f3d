"""jobs/train.py, hit by a signal at a given place of the training: `interrupted.py SIGNAL PLACE RANK …`.

The places are functions of the training; the signal reaches the process just before it calls one of them.
HANG is not a signal: the program waits there forever, while its other threads run. LATE waits for a while, as
for a slow disk. PAUSED stops the process for a while, as a machine that sleeps does. NOTICE reports the place
and waits until SIGTERM arrives from those who started it. With `all` for the rank, each rank has its own of
`LATE,PAUSED`. With places PLACE,PLACE … process after process is hit, each at the next: all but the last are
forked from this one, which has loaded TensorFlow and started nothing of it.

`train_here` trains in a process that has TensorFlow already, and that survives what hits it.
"""

import os
import runpy
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from pathlib import Path
from unittest.mock import patch

import small_network
from job_runs import Done, run_here

from landmark_lib import storage
from landmark_lib.training import recorder
from landmark_lib.training.member_training import MemberTraining
from landmark_lib.training.model_directory import MemberFiles

SECONDS_LATE = 40  # longer than Gloo waits by itself, and than a warning takes
AT_THE_PLACE = "waiting for SIGTERM at the place"


def second_call() -> Callable[..., bool]:
    """Return a condition that holds for the second call alone."""
    calls: list[object] = []
    return lambda *_: calls.append(1) or len(calls) == 2


# Each is a function and the calls of it that are meant.
PLACES: dict[str, tuple[object, str, Callable[..., bool]]] = {
    "a step": (MemberTraining, "_count", lambda training, _, step: (training._epoch.number, step) == (1, 3)),
    "the best model": (MemberFiles, "write_epoch", lambda *given: len(given[2]) == 2),
    "a checkpoint": (recorder, "write_checkpoint", lambda _, written: written.progress.epochs == 2),
    "the renaming of a checkpoint": (storage.os, "fsync", second_call()),
    "the last model": (MemberFiles, "finish", lambda *_: True),
}


@contextmanager
def struck(place: str, hit: Callable[[], object]) -> Iterator[None]:
    """Hit this process before the calls that a place means."""
    owner, name, is_meant = PLACES[place]
    function = getattr(owner, name)

    def call(*arguments, **options):
        if is_meant(*arguments):
            hit()
        return function(*arguments, **options)

    with patch.object(owner, name, call):
        yield


def striking(name: str) -> Callable[[], object]:
    """Return a function that hits the process."""
    if name in ("HANG", "LATE"):
        return partial(threading.Event().wait, None if name == "HANG" else SECONDS_LATE)
    if name == "PAUSED":
        return pause
    if name == "NOTICE":
        return await_notice
    return partial(os.kill, os.getpid(), getattr(signal, name))


def pause() -> None:
    """Stop this process; another one wakes it."""
    waker = subprocess.Popen(["sh", "-c", f"sleep {SECONDS_LATE}; kill -CONT {os.getpid()}"])
    os.kill(os.getpid(), signal.SIGSTOP)
    waker.wait()


def await_notice() -> None:
    """Report the place, and wait until the training has SIGTERM: it handles the first alone."""
    print(AT_THE_PLACE, file=sys.stderr, flush=True)
    while signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        threading.Event().wait(0.01)


def hit_if_meant(names: str, place: str, rank: str) -> AbstractContextManager[None]:
    """Hit this process at a place if it is the rank that is meant, or if all are."""
    here = os.environ.get("HOROVOD_RANK", "0")
    if rank not in (here, "all"):
        return nullcontext()
    return struck(place, striking(names.split(",")[int(here)] if rank == "all" else names))


def train_here(names: str, place: str, rank: str, *options: str) -> Done:
    """Train in this process, hit by what it survives; each of several ranks calls this."""
    with hit_if_meant(names, place, rank):
        return run_here("train", *options)


def first_hit(places: list[str], name: str) -> str:
    """Return a place for this process, when a process before it was hit at each of the others in turn."""
    *others, last = places
    for place in others:
        child = os.fork()
        if not child:
            return place
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if status != -getattr(signal, name):
            sys.exit(f"expected {name} at {place}, found status {status}")
    return last


if __name__ == "__main__":
    _, names, places, rank, *options = sys.argv
    small_network.register()
    place = first_hit(places.split(","), names)
    job = str(Path(__file__).parents[2] / "jobs/train.py")
    sys.argv = [job, *options]
    with hit_if_meant(names, place, rank):
        runpy.run_path(job, run_name="__main__")
