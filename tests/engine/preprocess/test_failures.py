"""Failures of disks, networks and executors are reported in one line; bugs keep their traceback."""

import pytest
from pyspark.errors import PySparkException

from landmark_lib.errors import LandmarkError, UserError
from landmark_lib.preprocess.failures import RESUME, explain_failures

OF_PYTHON = (
    "An error occurred while calling o1.collect.\n: org.apache.spark.SparkException: Job aborted due to stage"
    " failure: Task 3 in stage 2.0 failed 4 times, most recent failure: Lost task 3.3 in stage 2.0 (TID 9)"
    " (10.0.0.7 executor): org.apache.spark.api.python.PythonException: Traceback (most recent call last):\n"
    '  File "corpus.py", line 1, in write\n    raise OSError\n{cause}\n\n'
    "\tat org.apache.spark.api.python.BasePythonRunner.handlePythonException(PythonRunner.scala:572)\n"
    "Caused by: java.lang.Other: far behind\n"
)
OF_JAVA = (
    "An error occurred while calling o1.collect.\n: org.apache.spark.SparkException: Job aborted due to stage"
    " failure: Task 0 in stage 1.0 failed 4 times, most recent failure: {cause}\n\tat java.io.Writer\n"
)


def told(error):
    with pytest.raises(LandmarkError) as raised, explain_failures():
        raise error
    return raised.value


FULL = "No space left on device"


@pytest.mark.parametrize(
    ("trace", "cause", "message"),
    [
        (OF_PYTHON, f"OSError: [Errno 28] {FULL}: '/out/a'", f"[Errno 28] {FULL}: '/out/a'"),
        (OF_PYTHON, "PermissionError: [Errno 13] denied: '/out'", "[Errno 13] denied: '/out'"),
        (OF_PYTHON, "landmark_lib.errors.SourceVanishedError: the source is gone", "the source is gone"),
        (OF_JAVA, f"Lost task 0.0 (TID 1) (host executor driver): java.io.IOException: {FULL}", FULL),
        (OF_JAVA, "ExecutorLostFailure (executor 1 exited caused by one of the running tasks)", None),
    ],
)
def test_the_cause_of_a_failed_task_is_reported_with_how_to_resume(trace, cause, message):
    error = told(PySparkException(trace.format(cause=cause)))
    assert "\n" not in str(error)
    assert str(error).endswith(RESUME)
    assert message is None or str(error) == f"{message}; {RESUME}"


def test_a_full_disk_of_the_driver_is_reported_with_how_to_resume():
    assert str(told(OSError(28, "No space left on device", "/out"))) == (
        f"[Errno 28] No space left on device: '/out'; {RESUME}"
    )


def test_a_users_mistake_found_in_a_task_stays_one():
    error = told(PySparkException(OF_PYTHON.format(cause="landmark_lib.errors.UserError: --input: no")))
    assert isinstance(error, UserError)
    assert str(error) == "--input: no"


def test_executors_with_another_python_are_reported_with_both_versions():
    cause = (
        "pyspark.errors.exceptions.base.PySparkRuntimeError: [PYTHON_VERSION_MISMATCH] Python in worker has"
        " different version (3, 12) than that in driver 3.11, PySpark cannot run with different minor"
        " versions.\n"
        "Please check environment variables PYSPARK_PYTHON and PYSPARK_DRIVER_PYTHON are correctly set."
    )
    error = told(PySparkException(OF_PYTHON.format(cause=cause)))
    assert isinstance(error, UserError)
    assert str(error).startswith("expected Python 3.11 on the executors, as on the driver, found 3.12;")


def test_a_defect_in_a_task_keeps_its_traceback():
    with pytest.raises(PySparkException), explain_failures():
        raise PySparkException(OF_PYTHON.format(cause="KeyError: 'image'"))
    with pytest.raises(ZeroDivisionError), explain_failures():
        raise ZeroDivisionError
