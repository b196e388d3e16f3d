"""Spark, started the way the jobs need it."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from pyspark import SparkConf, SparkContext
from pyspark.sql import SparkSession

# A batch of 256 rows with JPEGs is about 8 MB on its way between Spark and Python.
ROWS_PER_BATCH = "256"
PATIENCE = "7d"


def spark_session(name: str) -> SparkSession:
    """Start Spark, or join the session that spark-submit prepared. Settings given there win."""
    # What spark-submit was told is known to the JVM alone; a SparkConf made before it is there is empty, and
    # every setting below would then override the user's, the master first.
    SparkContext._ensure_initialized()  # noqa: SLF001 - PySpark has no public name for it
    conf = SparkConf()
    conf.setIfMissing("spark.app.name", name)
    conf.setIfMissing("spark.master", "local[*,4]")  # a task that lost its Python process is tried again
    if _nodes_have_package(conf):
        conf.setIfMissing("spark.python.daemon.module", "landmark_lib.preprocess.daemon")
    conf.setIfMissing("spark.ui.showConsoleProgress", "false")
    conf.setIfMissing("spark.sql.execution.arrow.maxRecordsPerBatch", ROWS_PER_BATCH)
    # Spark takes frames that Python makes for tiny, and would bring millions of rows together on the driver.
    conf.setIfMissing("spark.sql.autoBroadcastJoinThreshold", "-1")
    if str(conf.get("spark.master")).startswith("local"):
        # One machine talks to itself only, whatever its host name resolves to.
        conf.setIfMissing("spark.driver.bindAddress", "127.0.0.1")
        conf.setIfMissing("spark.driver.host", "127.0.0.1")
        conf.setIfMissing("spark.ui.enabled", "false")
        # Parts of one process cannot lose each other: they seem to when the machine slept, or is very slow.
        conf.setIfMissing("spark.network.timeout", PATIENCE)
        conf.setIfMissing("spark.sql.shuffle.partitions", str(4 * (os.cpu_count() or 1)))
        # PYSPARK_PYTHON names the Python of other machines. On this one, the driver's has what tasks need.
        os.environ["PYSPARK_PYTHON"] = str(conf.get("spark.pyspark.python", sys.executable))
    return SparkSession.builder.config(conf=conf).getOrCreate()


def _nodes_have_package(conf: SparkConf) -> bool:
    """Tell whether Python finds this package on a node before its first task comes.

    What --py-files ships is put on Python's path by YARN when an executor starts, and by other clusters not
    before the task that needs it.
    """
    return not conf.get("spark.submit.pyFiles") or conf.get("spark.master") == "yarn"


@contextmanager
def running_spark(name: str) -> Iterator[SparkSession]:
    """Start Spark for as long as the context lasts."""
    spark = spark_session(name)
    try:
        yield spark
    finally:
        spark.stop()
