"""Runs of the preprocessing job by spark-submit."""

import subprocess
import sys
from pathlib import Path

from commands import REPOSITORY
from small_corpus import SETTINGS

JOB = REPOSITORY / "jobs" / "preprocess.py"
# A run of seconds ends before Java's second compiler or generated code pay off.
QUICK_JAVA = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
QUICK_SPARK = [
    *("--driver-java-options", QUICK_JAVA),
    *("--conf", "spark.sql.codegen.wholeStage=false", "--conf", "spark.sql.shuffle.partitions=2"),
]


def start_job(master, source, output, photos_per_part, spark_settings):
    command = [
        *(Path(sys.executable).with_name("spark-submit"), "--master", master, *QUICK_SPARK),
        *(word for setting in spark_settings for word in ("--conf", setting)),
        *(JOB, "--input", source, "--output", output, "--photos-per-part", str(photos_per_part), *SETTINGS),
    ]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
