"""Start Spark as the preprocessing job needs it."""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from pyspark import SparkConf, SparkContext
from pyspark.sql import SparkSession

logger = logging.getLogger(__name__)

# 256 rows with JPEGs, about 8 MB, pass between Spark and Python at a time.
ROWS_PER_BATCH = "256"
NETWORK_TIMEOUT = "7d"


def spark_session(name: str) -> SparkSession:
    """Start Spark, or join the session that spark-submit prepared; settings given there take precedence."""
    # Only the JVM knows the options of spark-submit. Before it has started, a SparkConf is empty, and every
    # setting below would override the user's, such as the master.
    SparkContext._ensure_initialized()  # noqa: SLF001 - PySpark has no public name for it
    conf = SparkConf()
    conf.setIfMissing("spark.app.name", name)
    conf.setIfMissing("spark.master", "local[*,4]")  # retries tasks whose Python process died
    # YARN puts --py-files on Python's path when an executor starts; other clusters do so only when a task
    # needs it, after the daemon has started.
    if not conf.get("spark.submit.pyFiles") or conf.get("spark.master") == "yarn":
        conf.setIfMissing("spark.python.daemon.module", "landmark_lib.preprocess.daemon")
    conf.setIfMissing("spark.ui.showConsoleProgress", "false")
    conf.setIfMissing("spark.sql.execution.arrow.maxRecordsPerBatch", ROWS_PER_BATCH)
    # Spark assumes that frames made by Python are tiny, and would collect millions of rows on the driver.
    conf.setIfMissing("spark.sql.autoBroadcastJoinThreshold", "-1")
    if str(conf.get("spark.master")).startswith("local"):
        # A single machine only talks to itself, whatever its host name resolves to.
        conf.setIfMissing("spark.driver.bindAddress", "127.0.0.1")
        conf.setIfMissing("spark.driver.host", "127.0.0.1")
        conf.setIfMissing("spark.ui.enabled", "false")
        # Parts of one process cannot lose each other, but time out if the machine sleeps or is very slow.
        conf.setIfMissing("spark.network.timeout", NETWORK_TIMEOUT)
        conf.setIfMissing("spark.sql.shuffle.partitions", str(4 * (os.cpu_count() or 1)))
        # PYSPARK_PYTHON is the Python of other machines. On this one, the driver's has all packages.
        os.environ["PYSPARK_PYTHON"] = str(conf.get("spark.pyspark.python", sys.executable))
    return SparkSession.builder.config(conf=conf).getOrCreate()


@contextmanager
def running_spark(name: str) -> Iterator[SparkSession]:
    """Start Spark, and its first Python process, for as long as the context lasts."""
    logger.info("Starting Spark …")
    spark = spark_session(name)
    try:
        # Otherwise the first stage would wait for that process and Spark's compiler, and its rate be too low.
        spark.range(1).mapInArrow(lambda batches: batches, "id bigint").collect()
        yield spark
    finally:
        spark.stop()
