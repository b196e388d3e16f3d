"""jobs/train.py, hit by a signal at a given place of the training: `interrupted.py SIGNAL PLACE RANK …`.

The places are functions of the training; the signal strikes the process as it is about to call one of them.
HANG is no signal: the program waits there for ever, while its other threads go on.
"""

import os
import runpy
import signal
import sys
import threading
from functools import partial
from pathlib import Path

from landmark_lib import storage
from landmark_lib.training import member_training
from landmark_lib.training.model_directory import MemberFiles


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
        member_training.MemberTraining,
        "_look_at",
        lambda training, _, step: (training.epoch.number, step) == (1, 3),
    ),
    "the best model": lambda: strike(MemberFiles, "write_epoch", lambda *given: len(given[2]) == 2),
    "a checkpoint": lambda: strike(
        member_training, "write_checkpoint", lambda _, written: written.progress.epochs == 2
    ),
    "the renaming of a checkpoint": lambda: strike(storage.os, "fsync", seconds_call()),
    "the last model": lambda: strike(MemberFiles, "finish", lambda *_: True),
}


def seconds_call():
    """Hold for the second call alone."""
    calls = []
    return lambda *_: calls.append(1) or len(calls) == 2


if __name__ == "__main__":
    _, signal_name, place, rank, *options = sys.argv
    if signal_name == "HANG":
        hit = threading.Event().wait
    else:
        hit = partial(os.kill, os.getpid(), getattr(signal, signal_name))
    if os.environ.get("HOROVOD_RANK", "0") == rank:
        PLACES[place]()
    job = str(Path(__file__).parents[2] / "jobs/train.py")
    sys.argv = [job, *options]
    runpy.run_path(job, run_name="__main__")
