"""What fails in a task or on a disk, told in one line with the way to go on."""

import builtins
import re
from collections.abc import Iterator
from contextlib import contextmanager

from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException

from landmark_lib import errors
from landmark_lib.errors import LandmarkError, UserError

CAUSE = r"(?:[\w.]+\.)?(\w+(?:Error|Exception)): ?"
GO_ON = "the same command goes on from where this run ended"


@contextmanager
def told_in_one_line() -> Iterator[None]:
    """Turn failures of disks, networks and executors, here or in a task, into our errors.

    What is none of these is a defect of ours, and keeps its traceback.

    Raises:
        LandmarkError: With the cause, and what to do.
    """
    try:
        yield
    except (Py4JJavaError, PySparkException) as error:
        told = _of_a_task(str(error))
        if told is None:
            raise
        raise told from error
    except OSError as error:
        raise LandmarkError(f"{error}; {GO_ON}") from error


def _of_a_task(trace: str) -> LandmarkError | None:
    # Python's own traceback stands before Java's and its last line is the cause; Java's is the end of a line.
    before_java = trace.partition("\n\tat ")[0]
    causes = re.findall(rf"^{CAUSE}(.*)$", before_java, re.MULTILINE) or re.findall(
        rf".*\b{CAUSE}(.*)", before_java
    )
    if not causes:
        return None
    name, message = causes[-1]
    ours = getattr(errors, name, None)
    if ours is not None and issubclass(ours, UserError):
        return UserError(message)
    outside = getattr(builtins, name, None)
    is_outside = isinstance(outside, type) and issubclass(outside, OSError)
    if ours is not None or is_outside or name in {"IOException", "SparkException"}:
        return LandmarkError(f"{message}; {GO_ON}")
    return None
