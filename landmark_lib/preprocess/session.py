"""Spark, started the way the jobs need it."""

import os

from pyspark import SparkConf, SparkContext
from pyspark.sql import SparkSession

# A batch of 256 rows with JPEGs is about 8 MB on its way between Spark and Python.
ROWS_PER_BATCH = "256"


def spark_session(name: str) -> SparkSession:
    """Start Spark, or join the session that spark-submit prepared. Settings given there win."""
    # What spark-submit was told is known to the JVM alone; a SparkConf made before it is there is empty, and
    # every setting below would then override the user's, the master first.
    SparkContext._ensure_initialized()  # noqa: SLF001 - PySpark has no public name for it
    conf = SparkConf()
    conf.setIfMissing("spark.app.name", name)
    conf.setIfMissing("spark.master", "local[*]")
    conf.setIfMissing("spark.ui.showConsoleProgress", "false")
    conf.setIfMissing("spark.sql.execution.arrow.maxRecordsPerBatch", ROWS_PER_BATCH)
    if str(conf.get("spark.master")).startswith("local"):
        # One machine talks to itself only, whatever its host name resolves to.
        conf.setIfMissing("spark.driver.bindAddress", "127.0.0.1")
        conf.setIfMissing("spark.driver.host", "127.0.0.1")
        conf.setIfMissing("spark.ui.enabled", "false")
        conf.setIfMissing("spark.sql.shuffle.partitions", str(4 * (os.cpu_count() or 1)))
    return SparkSession.builder.config(conf=conf).getOrCreate()
