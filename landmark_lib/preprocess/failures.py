"""Failures of disks, networks and executors, explained in one line."""

import builtins
import re
from collections.abc import Iterator
from contextlib import contextmanager

from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException

from landmark_lib import errors
from landmark_lib.errors import RESUME, LandmarkError, UserError

CAUSE = r"(?:[\w.]+\.)?(\w+(?:Error|Exception)): ?"
# Spark's own words if the Python of an executor is not the driver's.
VERSIONS = re.compile(r"Python in worker has different version (.+?) than that in driver (.+?), PySpark")


@contextmanager
def explain_failures() -> Iterator[None]:
    """Turn failures of disks, networks and executors, here or in a task, into errors of one line.

    Other errors are defects of this project and keep their traceback.

    Raises:
        LandmarkError: With the cause, and what to do.
    """
    try:
        yield
    except (Py4JJavaError, PySparkException) as error:
        explained = _explain(str(error))
        if explained is None:
            raise
        raise explained from error
    except OSError as error:
        raise LandmarkError(f"{error}; {RESUME}") from error


def _explain(trace: str) -> LandmarkError | None:
    if versions := VERSIONS.search(trace):
        executors, driver = (".".join(re.findall(r"\d+", version)) for version in versions.groups())
        return UserError(
            f"expected Python {driver} on the executors, as on the driver, found {executors};"
            " PYSPARK_PYTHON names theirs"
        )
    # Python's traceback precedes Java's, and its last line is the cause. Java's cause ends a line.
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
    builtin = getattr(builtins, name, None)
    is_outside = isinstance(builtin, type) and issubclass(builtin, OSError)
    if ours is not None or is_outside or name in {"IOException", "SparkException"}:
        return LandmarkError(f"{message}; {RESUME}")
    return None
