"""Training that was interrupted anywhere resumes to the same weights, bit for bit."""

import csv
import shutil
from pathlib import Path

import numpy as np
import pytest
import small_network
from commands import REPOSITORY, horovodrun, run
from gpu_node import JobUnit, gpu_node
from interrupted import AT_THE_PLACE, train_here
from job_runs import run_here
from made_once import made_once
from processes import processes_on

from landmark_lib.storage import Place
from landmark_lib.training.checkpoint import CHECKPOINTS
from landmark_lib.training.member_record import read_member
from landmark_lib.training.model import load_trained

pytestmark = pytest.mark.takes(25)

INTERRUPTED = str(REPOSITORY / "tests/support/interrupted.py")
TIMES = ("images_per_second", "input_wait", "allreduce")
OPTIONS = [
    *("--member", "0", "--epochs", "3", *small_network.OPTIONS),
    *("--trainable-layers", "2", "--learning-rate", "0.01", "--dropout", "0.5"),
    *("--random-flip", "--deterministic", "--epochs-per-pass", "2"),
]


def arguments(dataset, models, *more):
    return ("--dataset", dataset, "--models", str(models), *OPTIONS, *more)


def train(dataset, models, *more):
    return run_here("train", *arguments(dataset, models, *more))


def killed(dataset, models, places, rank="0"):
    """Return the command of a training that is killed at each of some places."""
    return ("python", INTERRUPTED, "SIGKILL", places, rank, *arguments(dataset, models))


def outcome(models):
    """Return the weights of the last and of the best model, and the history without its times."""
    directory = models / "member-0"
    assert read_member(Place(str(directory))).finished
    with (directory / "history.csv").open(newline="") as file:
        history = [
            {
                name: row[name]
                for name in row
                if "second" not in name and name not in ("input_wait", "allreduce")
            }
            for row in csv.DictReader(file)
        ]
    weights = [
        load_trained(Place(str(directory / name))).get_weights() for name in ("last.keras", "best.keras")
    ]
    return weights, history


def check_equal(outcome, other):
    assert outcome[1] == other[1]
    for mine, theirs in zip(outcome[0], other[0], strict=True):
        for one, another in zip(mine, theirs, strict=True):
            np.testing.assert_array_equal(one, another)


@pytest.fixture(scope="session")
def undisturbed(small_dataset, tmp_path_factory):
    def make(models):
        done = train(small_dataset, models)
        assert done.returncode == 0, done.stderr

    return made_once(tmp_path_factory, "undisturbed training", make)


@pytest.fixture
def finished(undisturbed, tmp_path):
    """Return models that are trained already, to do with as a test likes."""
    return Path(shutil.copytree(undisturbed, tmp_path / "finished"))


@pytest.fixture
def train_on_two_ranks(small_dataset, ranks):
    """Return a function that trains on two ranks, which returns the status of each and what they wrote.

    Rank 1 has SIGTERM at the place, if there is one.
    """

    def train(models, *more, place=None):
        options = arguments(small_dataset, models, *more)
        if place:
            first, second = ranks.run("interrupted:train_here", "SIGTERM", place, "1", *options)
        else:
            first, second = ranks.job("train", *options)
        return (first.returncode, second.returncode), first.stderr + second.stderr

    return train


def test_repeatedly_killed_training_ends_with_the_same_weights(undisturbed, small_dataset, tmp_path):
    places = "a step,a checkpoint,the renaming of a checkpoint,the last model"
    done = run(*killed(small_dataset, tmp_path, places))
    assert done.returncode == -9, done.stderr
    done = train(small_dataset, tmp_path)
    assert done.returncode == 0, done.stderr
    assert "resuming after 3 epochs and 0 steps" in done.stderr
    check_equal(outcome(tmp_path), outcome(undisturbed))


def test_training_stopped_within_an_epoch_by_sigterm_resumes_there(undisturbed, small_dataset, tmp_path):
    done = train_here("SIGTERM", "a step", "0", *arguments(small_dataset, tmp_path))
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("error: stopped after step ")
    assert any(not path.stem.endswith("-0000000") for path in (tmp_path / "member-0" / CHECKPOINTS).iterdir())
    done = train(small_dataset, tmp_path)
    assert done.returncode == 0, done.stderr
    check_equal(outcome(tmp_path), outcome(undisturbed))


def test_training_on_a_preempted_node_resumes_on_a_fresh_disk_to_the_same_weights(
    undisturbed, small_dataset, bucket, tmp_path
):
    node = gpu_node(tmp_path / "node", schedules="projects/p/locations/r/jobs")
    node.ready.touch()
    horovodrun = ("python", "-m", "landmark_lib.horovodrun", "-np", "1", "-H", "localhost:1")
    models = Place(bucket) / "models"
    job = ("python", INTERRUPTED, "NOTICE", "a step", "0", *arguments(small_dataset, models))
    given = node.landmark("run", *horovodrun, *job)
    assert given.returncode == 0, given.stderr
    unit = JobUnit(node)
    unit.start()
    unit.await_line(AT_THE_PLACE)
    assert unit.end_with_the_machine() == 1
    assert "stopped after step" in unit.log.read_text()
    shutil.rmtree(node.root / "data")  # nothing of the training was on this disk
    node.calls("systemctl")
    assert node.landmark("resume").returncode == 0
    assert node.calls("systemctl") == ["start --no-block landmark-job"]
    unit.start()
    assert unit.await_end() == 0, unit.log.read_text()
    assert "resuming after 1 epochs and" in unit.log.read_text()
    assert not node.job.exists()
    for file in (models / "member-0").files():
        Place(file.address.replace(models.address, str(tmp_path / "fetched"))).write(file.read_bytes())
    check_equal(outcome(tmp_path / "fetched"), outcome(undisturbed))


def test_killed_rank_ends_the_job_and_two_ranks_resume_to_the_same_weights(
    small_dataset, tmp_path, train_on_two_ranks
):
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    assert train_on_two_ranks(whole)[0] == (0, 0)
    done = horovodrun(*killed(small_dataset, broken, "a step", rank="1"))
    assert done.returncode == 1
    assert processes_on(broken) == []
    assert list((broken / "member-0" / CHECKPOINTS).glob("00001-*.npz"))
    status, told = train_on_two_ranks(broken, place="a step")
    assert status == (1, 1)
    assert "stopped after step" in told
    assert train_on_two_ranks(broken)[0] == (0, 0)
    check_equal(outcome(broken), outcome(whole))


def test_trained_member_is_skipped_and_resumes_for_more_epochs(finished, small_dataset):
    last = finished / "member-0" / "last.keras"
    before = last.stat().st_mtime_ns
    done = train(small_dataset, finished)
    assert done.returncode == 0, done.stderr
    assert "already trained" in done.stderr
    assert last.stat().st_mtime_ns == before


def test_other_settings_are_refused_with_the_difference(finished, small_dataset):
    done = train(small_dataset, finished, "--dropout", "0.25")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)  # before TensorFlow is loaded
    assert done.stderr.startswith("error: ")
    assert "--dropout is 0.5 in the checkpoint, 0.25 now" in done.stderr


def test_another_number_of_ranks_resumes_only_if_allowed(finished, train_on_two_ranks):
    more = ("--epochs", "4")
    status, told = train_on_two_ranks(finished, *more)
    assert status == (2, 2)
    assert "ranks is 1 in the checkpoint, 2 now" in told
    status, told = train_on_two_ranks(finished, *more, "--allow-rank-change")
    assert status == (0, 0), told
    assert read_member(Place(str(finished / "member-0"))).epochs == 4
