"""What horovodrun prints and returns: a last line with the reason of a failure, and the failed rank's status.

Horovod's launcher raises one RuntimeError for all failures. Its ranks write to pipes, so they cannot know
that a terminal shows their output.
"""

import os
import re
import signal
import sys
from collections.abc import Callable, Mapping
from typing import Any, TextIO

from landmark_lib.console import COLUMNS, Display, note
from landmark_lib.errors import RESUME
from landmark_lib.running import FAILED, USAGE

SIGNALLED = 128  # a shell's status for a program that a signal ended is this plus its number
FIRST_FAILURE = re.compile(r"Process name: (\d+)\s+Exit code: (\d+)")
# The beginning that Horovod gives each line of a rank, and how a rank reports an error.
RANK_ERROR = re.compile(r"\[(\d+)\]<std\w+>:(?:.* ERROR (?:rank \d+: )?|error: (?:rank \d+: )?)(.+)")


class RanksOutput:
    """A stream that keeps the last error of each rank, and drops one that another rank reported.

    Attributes:
        errors: The errors, by rank.
    """

    def __init__(self, stream: TextIO) -> None:
        """Begin with no errors."""
        self._stream = stream
        self.errors: dict[int, str] = {}

    def write(self, text: str) -> int:
        """Write a line of a rank."""
        if found := RANK_ERROR.match(text):
            rank, error = int(found[1]), found[2].strip()
            repeated = error in self.errors.values()
            self.errors[rank] = error
            if repeated:
                return len(text)
        return self._stream.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def launch(run: Callable[[], None]) -> int:
    """Run Horovod's launcher, and return the exit status of the job; report a failure in one line."""
    if Display().isatty():
        os.environ[COLUMNS] = str(Display().columns())
    stderr = sys.stderr
    output = RanksOutput(stderr)
    sys.stderr = output
    try:
        run()
    except RuntimeError as error:  # of a rank or a host
        message, status = describe_failure(str(error), output.errors)
        sys.stderr = stderr
        note(f"horovodrun: {message}")
        return status
    except KeyboardInterrupt:
        sys.stderr = stderr
        note("\nhorovodrun: interrupted")
        return FAILED
    return 0


def describe_failure(message: str, errors: Mapping[int, str]) -> tuple[str, int]:
    """Return why a job failed and its exit status.

    Args:
        message: Horovod's; it has the first process that failed.
        errors: The last error that each rank reported.
    """
    found = FIRST_FAILURE.search(message)
    if found is None:
        return " ".join(message.split()), FAILED
    rank, status = int(found[1]), int(found[2])
    ended_by = status - SIGNALLED if status > SIGNALLED else 0
    if rank not in errors and errors and ended_by in (0, signal.SIGTERM):  # it ended because of another
        rank, ended_by = min(errors), 0
    if ended_by:
        why = f"was ended by {_signal_name(ended_by)}"
    else:
        why = f"failed: {errors[rank]}" if rank in errors else f"ended with status {status}, see its output"
    if status == USAGE:
        return f"rank {rank} {why}", USAGE
    return f"rank {rank} {why}" if RESUME in why else f"rank {rank} {why}; {RESUME}", FAILED


def _signal_name(number: int) -> str:
    names = {each.value: each.name for each in signal.Signals}
    return names.get(number, f"signal {number}")
