"""Preprocessing on a real cluster, master and two workers apart, gives the same bytes as on one machine."""

import subprocess
import sys
from pathlib import Path

from conftest import JOB, QUICK_SPARK
from small_corpus import SETTINGS, MadeDataset
from standalone_cluster import standalone_cluster


def test_two_workers_write_the_same_shards_as_one_process(made, csv_corpus, tmp_path):
    (tmp_path / "cluster").mkdir()
    output = tmp_path / "dataset"
    job = ["--input", csv_corpus.source, "--output", output, "--photos-per-part", "20", *SETTINGS]
    submit = [Path(sys.executable).with_name("spark-submit"), *QUICK_SPARK]
    with standalone_cluster(tmp_path / "cluster") as cluster:
        done = subprocess.run(
            [*submit, "--master", cluster.master, JOB, *job],
            capture_output=True,
            text=True,
            env=cluster.environment,
            timeout=300,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    assert cluster.log.read_text().count("Asked to launch executor") == 2
    shards = ("train/*/*", "validation/*", "classes.csv")
    assert MadeDataset(output).contents(*shards) == made.contents(*shards)
