"""Spark in this process, started once, with options for quick runs."""

import shlex
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from unittest.mock import patch

from commands import REPOSITORY

JOB = REPOSITORY / "jobs" / "preprocess.py"
# A run of seconds ends before Java's second compiler or generated code pay off. Spark's classes are known.
QUICK_JAVA = (
    "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:+UnlockDiagnosticVMOptions -XX:-BytecodeVerificationRemote"
)
QUICK_SPARK = [
    *("--driver-java-options", QUICK_JAVA),
    *("--conf", "spark.sql.codegen.wholeStage=false", "--conf", "spark.sql.shuffle.partitions=2"),
]


@contextmanager
def spark_that_stays() -> Iterator[None]:
    """Start Java, and let Spark outlive the jobs that stop it, as in a notebook: the next job joins it."""
    from pyspark import SparkContext
    from pyspark.sql import SparkSession

    environment = {
        "PYSPARK_SUBMIT_ARGS": shlex.join(["--master", "local[2]", *QUICK_SPARK, "pyspark-shell"]),
        "PYSPARK_PYTHON": sys.executable,
    }
    with patch.dict("os.environ", environment):
        SparkContext._ensure_initialized()
    with patch.object(SparkSession, "stop"):
        yield
    _stop_spark()


@contextmanager
def spark_started_with(settings: Mapping[str, str]) -> Iterator[None]:
    """Have the next Spark of this process start again, with other settings, and end it."""
    from pyspark import SparkContext

    properties = SparkContext._jvm.java.lang.System  # where Spark looks for the options of spark-submit
    before = {name: properties.getProperty(name) for name in settings}
    _stop_spark()
    for name, value in settings.items():
        properties.setProperty(name, value)
    try:
        yield
    finally:
        _stop_spark()
        for name, value in before.items():
            if value is None:
                properties.clearProperty(name)
            else:
                properties.setProperty(name, value)


def _stop_spark() -> None:
    from pyspark import SparkContext

    if SparkContext._active_spark_context is not None:
        SparkContext._active_spark_context.stop()
