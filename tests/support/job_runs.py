"""Jobs and other programs, run in this process: an engine starts once for all of them."""

import io
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from importlib import import_module

import small_network

from landmark_lib.command_line import exit_status
from landmark_lib.settings import (
    EvaluateSettings,
    PredictSettings,
    PreprocessSettings,
    TrainSettings,
    TuneSettings,
)

SETTINGS = {
    "preprocess": PreprocessSettings,
    "train": TrainSettings,
    "tune": TuneSettings,
    "evaluate": EvaluateSettings,
    "predict": PredictSettings,
}


@dataclass(frozen=True)
class Done:
    """How a job ended and what it wrote; the names are those of `subprocess.CompletedProcess`."""

    returncode: int
    stdout: str
    stderr: str


def run_here(job: str, *arguments: object) -> Done:
    """Run a job in this process."""
    if job in ("train", "tune"):
        small_network.register()
    function = getattr(import_module(f"landmark_lib.jobs.{job}"), job)
    with (
        redirect_stdout(io.StringIO()) as out,
        redirect_stderr(io.StringIO()) as err,
        process_left_as_it_was(),
    ):
        status = exit_status(SETTINGS[job], function, [str(each) for each in arguments])
    return Done(status, out.getvalue(), err.getvalue())


def execute(program: str) -> str:
    """Run a program in this process; return what it prints."""
    with redirect_stdout(io.StringIO()) as out:
        exec(compile(program, "<program>", "exec"), {"__name__": "__main__"})  # noqa: S102 - a test's own
    return out.getvalue()


@contextmanager
def process_left_as_it_was() -> Iterator[None]:
    """Take back what a training changes for its process, which ends after it elsewhere."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        if "tensorflow" in sys.modules:
            import keras
            from tensorflow.python.framework import config

            config.disable_op_determinism()
            keras.config.set_dtype_policy("float32")
