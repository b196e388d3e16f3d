"""Start a job by spark-submit or horovodrun. The line that runs is printed first, so that it can be copied.

The other program replaces this process: signals reach it, and its exit status is the command's.
"""

import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import click

from landmark_lib import jobs
from landmark_lib.console import note
from landmark_lib.errors import UserError
from landmark_lib.options import Text, Whole
from landmark_lib.preprocess.submit import SUBMIT, own_spark
from landmark_lib.settings.declare import require

JOBS = Path(jobs.__file__).parent
RANKS, SPARK_ARGUMENTS = "--ranks", "--spark-submit-args"
HOROVODRUN = "landmark_lib.horovodrun"
BY_SPARK = ("preprocess",)
ON_RANKS = ("train", "predict")


@dataclass(frozen=True)
class Line:
    """A command and its environment."""

    words: Sequence[str]
    environ: Mapping[str, str]

    def __str__(self) -> str:
        """Return the line as typed in a shell with the environment of this process."""
        dropped = [word for name in sorted(os.environ.keys() - self.environ.keys()) for word in ("-u", name)]
        changed = sorted(f"{name}={value}" for name, value in self.environ.items() - os.environ.items())
        return shlex.join([*(["env", *dropped, *changed] if dropped or changed else []), *self.words])

    def run(self) -> NoReturn:
        """Print the line to stderr, and replace this process by its program."""
        note(str(self))
        os.execve(self.words[0], list(self.words), dict(self.environ))  # noqa: S606 - the project's own


def options_of_launch(job: str) -> list[click.Option]:
    """Return the options of `landmark` for the program that starts a job. No file of settings has them."""
    if job in BY_SPARK:
        explanation = 'Options of spark-submit, in quotes: "--driver-memory 4g --master local[2]".'
        return [click.Option([SPARK_ARGUMENTS], type=Text(), default="", help=explanation)]
    if job in ON_RANKS:
        explanation = "Processes on this machine, started by horovodrun.  [default: this one, without it]"
        return [click.Option([RANKS], type=Whole(), help=explanation)]
    return []


def start(job: str, arguments: Sequence[str], options: Mapping[str, Any]) -> None:
    """Replace this process by the program that starts a job, if it is not to run in this one.

    Args:
        job: Its name.
        arguments: Its command line, as written.
        options: The values of all options, by name.

    Raises:
        UserError: The job cannot be started so.
    """
    if job in BY_SPARK:
        spark_line(job, arguments, options["spark_submit_args"]).run()
    elif options.get("ranks") is not None:
        ranks_line(job, arguments, options["ranks"]).run()


def spark_line(job: str, arguments: Sequence[str], spark_arguments: str) -> Line:
    """Return the line that runs a job by this environment's spark-submit.

    Raises:
        UserError: The options of spark-submit are not quoted as in a shell.
    """
    try:
        words = [str(SUBMIT), *shlex.split(spark_arguments), str(JOBS / f"{job}.py")]
    except ValueError as error:
        raise UserError(f"{SPARK_ARGUMENTS}: {error} in {spark_arguments}") from None
    environ = dict(os.environ)
    own_spark(environ, words)
    return Line([*words, *without(SPARK_ARGUMENTS, arguments)], environ)


def ranks_line(job: str, arguments: Sequence[str], ranks: int) -> Line:
    """Return the line that runs a job on several processes of this machine.

    Raises:
        UserError: There cannot be so many, or horovodrun has started this process.
    """
    require(ranks >= 1, "ranks", "at least 1", ranks)
    if "HOROVOD_RANK" in os.environ:
        raise UserError(f"{RANKS}: horovodrun started this process already; use only one of them")
    horovodrun = [sys.executable, "-P", "-m", HOROVODRUN]  # -P: without the modules of the working directory
    words = [*horovodrun, "-np", str(ranks), sys.executable, str(JOBS / f"{job}.py")]
    return Line([*words, *without(RANKS, arguments)], os.environ)


def without(option: str, arguments: Sequence[str]) -> list[str]:
    """Return a command line without an option and its value."""
    words, kept = iter(arguments), list[str]()
    for word in words:
        if word == option:
            next(words, None)
        elif not word.startswith(f"{option}="):
            kept.append(word)
    return kept
