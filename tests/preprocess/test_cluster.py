"""Preprocessing on a real cluster, master and two workers apart, gives the same bytes as on one machine."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from conftest import JOB, QUICK_SPARK
from small_corpus import SETTINGS, MadeDataset
from standalone_cluster import WORKERS, standalone_cluster

EXECUTOR = "org.apache.spark.executor.CoarseGrainedExecutorBackend"


def executors():
    """List the processes of the executors of a cluster's applications."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_text()
        except OSError:  # it ended meanwhile
            continue
        if EXECUTOR in command:
            yield int(folder.name)


def kill_an_executor_in(stage, output, job):
    """Wait until a part of a stage is done; then kill one of the executors."""
    while not any(output.glob(f"in-progress/done/{stage}/*.json")):
        assert job.poll() is None
        time.sleep(0.005)  # leaves the processor to the job; nothing depends on how long
    os.kill(next(executors()), signal.SIGKILL)


def test_executors_killed_in_every_stage_change_no_byte(made, csv_corpus, tmp_path):
    (tmp_path / "cluster").mkdir()
    output = tmp_path / "dataset"
    arguments = ["--input", csv_corpus.source, "--output", output, "--photos-per-part", "6", *SETTINGS]
    with standalone_cluster(tmp_path / "cluster") as cluster:
        submit = [Path(sys.executable).with_name("spark-submit"), "--master", cluster.master, *QUICK_SPARK]
        # Spark tells at length of lost executors, more than a pipe holds that nobody reads meanwhile.
        with (tmp_path / "told").open("w") as told:
            job = subprocess.Popen(
                [*submit, JOB, *arguments], stdout=told, stderr=told, env=cluster.environment
            )
            for stage in ("corpus", "plan", "shards"):
                kill_an_executor_in(stage, output, job)
            assert job.wait(timeout=300) == 0, (tmp_path / "told").read_text()
    # Two at the start, and one for each that was killed.
    assert cluster.log.read_text().count("Asked to launch executor") >= WORKERS + 2
    shards = ("train/*/*", "validation/*", "classes.csv")
    assert MadeDataset(output).contents(*shards) == made.contents(*shards)
