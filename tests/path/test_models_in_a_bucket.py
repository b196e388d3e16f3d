"""Models, predictions and searches lie in a bucket as on a disk, and are taken up from there."""

import gc
import os
import sqlite3
import subprocess
from contextlib import chdir
from pathlib import Path

import numpy as np
import pytest
import small_network
from commands import BIN, REPOSITORY
from job_runs import run_here
from report_datasets import ids_of, write_dataset

from landmark_lib.storage import Place
from landmark_lib.training.history import read_history
from landmark_lib.training.model import load_trained
from landmark_lib.tuning.study import PublishedStudy

pytestmark = [
    pytest.mark.takes(50),
    # Google's packages announce to everybody when they will drop this Python.
    pytest.mark.filterwarnings("ignore:You are using a Python version:FutureWarning"),
    # gcsfs passes each part of a large file to aiohttp as bytes.
    pytest.mark.filterwarnings("ignore:Sending a large body directly:ResourceWarning"),
    # TensorBoard's events are kept in a folder that goes with the process, which ends after a job elsewhere.
    pytest.mark.filterwarnings("ignore:Implicitly cleaning up <TemporaryDirectory:ResourceWarning"),
    # So does the lock of a worker of a search.
    pytest.mark.filterwarnings("ignore:unclosed file .*workers.lock:ResourceWarning"),
]

INTERRUPTED = str(REPOSITORY / "tests/support/interrupted.py")
TRAINING = ("--epochs", "3", "--trainable-layers", "2", "--learning-rate", "0.01", "--deterministic")
SEARCH = ("--epochs", "2", "--learning-rate", "0.0001:0.01")
TIMES = {"images_per_second", "input_wait", "allreduce"}


@pytest.fixture(scope="module")
def bucket(bucket):
    return Place(bucket)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """A small data set on a disk whose hold-out has photos in both halves."""
    root = str(tmp_path_factory.mktemp("bucket") / "dataset")
    labels = {f"landmark {number}": ids_of(number, 14) for number in range(3)}
    write_dataset(root, labels, hold_out=6, target=6, cutoff=8, ensemble_size=2, rows_per_group=8)
    return root


def python(program, *options, folder):
    """Run a job in a folder of its own, where nothing but what is meant for this machine may appear."""
    environment = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}", "PYTHONPATH": str(REPOSITORY)}
    return subprocess.run(
        [str(BIN / "python"), str(program), *options],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def run_in(folder, job, *options):
    """Run a job in this process and in a folder of its own, as `python` does."""
    with chdir(folder):
        return run_here(job, *options)


def end_of_worker():
    """Release the lock of a search, which a worker holds until its process ends."""
    for each in gc.get_objects():
        if type(each) is PublishedStudy:
            each._workers_lock.close()


def weights_of(directory):
    return [load_trained(directory / name).get_weights() for name in ("best.keras", "last.keras")]


def history_of(directory):
    rows = [vars(result) for result in read_history(directory)]
    return [{name: value for name, value in row.items() if name not in TIMES} for row in rows]


@pytest.fixture(scope="module")
def trained(bucket, dataset, tmp_path_factory):
    """Both members in the bucket, the first of them killed twice on the way, and what the disk has of it."""
    folder, models = tmp_path_factory.mktemp("elsewhere"), bucket / "trained #1"
    options = ("--dataset", dataset, "--models", models.address, *small_network.OPTIONS, *TRAINING)
    killed = python(INTERRUPTED, "SIGKILL", "a step,the last model", "0", *options, folder=folder)
    assert killed.returncode == -9, killed.stderr
    done = run_in(folder, "train", *options, "--tensorboard")
    assert done.returncode == 0, done.stderr
    assert "resuming after 3 epochs" in done.stderr
    return models, folder


def test_killed_and_resumed_training_gives_the_weights_of_one_on_a_disk(trained, dataset, tmp_path):
    models, folder = trained
    options = (
        "--dataset",
        dataset,
        "--models",
        "on-disk",
        "--member",
        "0",
        *small_network.OPTIONS,
        *TRAINING,
    )
    done = run_in(tmp_path, "train", *options)
    assert done.returncode == 0, done.stderr
    ours, theirs = models / "member-0", Place(str(tmp_path / "on-disk/member-0"))
    assert history_of(ours) == history_of(theirs)
    for mine, other in zip(weights_of(ours), weights_of(theirs), strict=True):
        for one, another in zip(mine, other, strict=True):
            np.testing.assert_array_equal(one, another)
    assert set(theirs.names()) <= set(ours.names())
    assert set((models / "member-1").names()) == {*theirs.names(), "tensorboard"}
    assert list(folder.iterdir()) == []


def test_evaluation_and_predictions_are_written_into_the_bucket_and_taken_up_there(trained, dataset):
    models, folder = trained
    where = ("--dataset", dataset, "--models", models.address)
    done = run_in(folder, "evaluate", *where)
    assert done.returncode == 0, done.stderr
    assert {"evaluation.json", "report.html", "rejection.json"} <= set(models.names())
    output = ("--output", (models / "answers").address, "--submission", (models / "s.csv").address)
    done = run_in(folder, "predict", *where, *output)
    assert done.returncode == 0, done.stderr
    written = (models / "answers" / "answers").names()
    assert (models / "s.csv").read_text().startswith("id,landmarks\n")
    assert "18 of 18 photos predicted" in done.stdout
    (models / "answers" / "answers" / written[0]).remove()
    (models / "answers" / "predictions.json").remove()
    done = run_in(folder, "predict", *where, *output)
    assert done.returncode == 0, done.stderr
    assert (models / "answers" / "answers").names() == written
    assert list(folder.iterdir()) == []


def test_features_are_computed_into_the_bucket_once(bucket, dataset, tmp_path):
    models = bucket / "cached"
    options = (
        "--dataset",
        dataset,
        "--models",
        models.address,
        *small_network.OPTIONS,
        "--epochs",
        "2",
        "--cache-features",
    )
    for cache in ((), ("--shard-cache", "copies")):
        done = run_in(tmp_path, "train", *options, *cache, "--trainable-layers", "0")
        assert done.returncode == 0, done.stderr
        before = list((models / "features").files())
        (models / "member-0").remove()
    assert before
    copies = [place.name for place in (Place(str(tmp_path)) / "copies" / "features").files()]
    assert sorted(copies) == sorted(place.name for place in before)


def test_a_search_is_copied_into_the_bucket_and_taken_up_by_another_machine(bucket, dataset, tmp_path):
    models = bucket / "searched"
    options = ("--dataset", dataset, "--models", models.address, *small_network.OPTIONS, *SEARCH)
    machines = [tmp_path / "one", tmp_path / "other"]
    for trials, machine in zip(("3", "4"), machines, strict=True):
        machine.mkdir()
        done = run_in(machine, "tune", *options, "--trials", trials)
        end_of_worker()
        assert done.returncode == 0, done.stderr
        assert {"study.db", "tune.json", "tune.html", "members.yaml"} <= set((models / "tuning").names())
    assert (models / "tuning" / "trials").names() == ["0", "1", "2", "3"]
    with (models / "tuning" / "study.db").local_file() as copy:
        database = sqlite3.connect(copy)
        assert database.execute("select count(*) from trials where state = 'COMPLETE'").fetchone() == (4,)
        database.close()
    done = run_in(machines[0], "tune", *options, "--trials", "5")  # the first again
    assert done.returncode == 0, done.stderr
    assert [path.name for path in machines[0].iterdir()] == ["data"]


@pytest.mark.parametrize(
    ("job", "options", "why"),
    [
        (
            "train",
            ("--shard-cache", "gs://b/c"),
            "--shard-cache: expected a path on this machine, received gs://b/c",
        ),
        ("train", ("--models", "gs:/b/c"), "--models: expected gs:// with two slashes"),
    ],
)
def test_options_that_need_a_local_path_are_checked_before_any_work(job, options, why, tmp_path):
    done = run_in(tmp_path, job, *options)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert why in done.stderr
    assert Path(tmp_path / "gs:").exists() is False
