"""A run from bucket to bucket gives the data set of one on a disk."""

import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest
from small_corpus import SETTINGS
from spark_runs import JOB, QUICK_SPARK

from landmark_lib import dataset
from landmark_lib.storage import Place

# Google's packages announce to everybody when they will drop this Python.
pytestmark = [
    pytest.mark.takes(50),
    pytest.mark.filterwarnings("ignore:You are using a Python version:FutureWarning"),
]


def run_job(source, output):
    submit = [Path(sys.executable).with_name("spark-submit"), "--master", "local[2]", *QUICK_SPARK, JOB]
    # The emulator answers one at a time.
    how = ["--photos-per-part", "60", "--connections-per-host", "1", *SETTINGS]
    command = [*submit, "--input", source, "--output", output, *how]
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=500)
    assert run.returncode == 0, run.stderr
    return run.stdout


def test_a_run_from_bucket_to_bucket_gives_the_bytes_of_one_on_a_disk(bucket, store, csv_corpus, made):
    source, output = csv_corpus.source, f"{bucket}/made"
    folder = f"{bucket}/{source.parent.name}"
    store.pipe({f"{folder}/{path.name}": path.read_bytes() for path in source.parent.iterdir()}, batch_size=4)
    run_job(f"{folder}/{source.name}", output)
    manifest = dataset.read_manifest(output)
    # Rejected rows contain an address, and that differs.
    there, here = (
        {record.path: record.sha256 for record in files if not record.path.startswith(dataset.REJECTED)}
        for files in (manifest.files, made.manifest.files)
    )
    assert there == here
    assert all(sha256((Place(output) / path).read_bytes()).hexdigest() == there[path] for path in there)
    assert (Place(output) / dataset.CLASSES).read_bytes() == (made.root / dataset.CLASSES).read_bytes()
    rejected = [
        row["image_id"]
        for record in manifest.files_in(dataset.REJECTED)
        for row in dataset.read_table(output, record.path).to_pylist()
    ]
    assert sorted(rejected) == [image_id for image_id, _ in csv_corpus.bad]
    assert "nothing was changed" in run_job(f"{folder}/{source.name}", output)
