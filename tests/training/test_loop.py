"""Training as the user runs it: two ranks, equal weights, a model directory that stands for itself."""

import csv
import json
import shutil

import keras
import numpy as np
import pytest
from commands import REPOSITORY, horovodrun, run

from landmark_lib import dataset
from landmark_lib.training.model import load_trained
from landmark_lib.training.model_directory import read_member

JOB = str(REPOSITORY / "jobs/train.py")
QUICK = ["--weights", "random", "--image-size", "32", "--batch-size", "4", "--learning-rate", "0.001"]


def train(root, models, *options):
    """Train on this process alone."""
    return run("python", JOB, "--dataset", str(root), "--models", str(models), *QUICK, *options)


@pytest.fixture(scope="module")
def trained(small_dataset, tmp_path_factory):
    models = tmp_path_factory.mktemp("models")
    done = horovodrun(
        *("python", JOB, "--dataset", small_dataset, "--models", str(models), "--member", "0"),
        *("--epochs", "3", "--trainable-layers", "1", *QUICK),
    )
    return models / "member-0", done


def test_two_ranks_train_and_one_speaks(trained):
    _, done = trained
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("member 0: epoch 3/3") == 1
    assert "[1]<stdout>" not in done.stdout


def test_the_members_directory_stands_for_itself(trained, small_dataset):
    directory, _ = trained
    names = {path.name for path in directory.iterdir()}
    assert names == {"best.keras", "last.keras", "history.csv", "member.json"}
    record = read_member(directory)
    assert record.finished
    assert record.landmark_ids == ["landmark 0", "landmark 1", "landmark 2"]
    assert record.dataset_fingerprint == dataset.read_manifest(small_dataset).fingerprint
    assert record.settings["weights"] == "random"


def test_the_history_has_a_line_an_epoch_and_names_the_best(trained):
    directory, _ = trained
    with (directory / "history.csv").open(newline="") as file:
        history = list(csv.DictReader(file))
    assert [row["epoch"] for row in history] == ["1", "2", "3"]
    # 66 rows: 2 ranks x 8 steps x 4 rows an epoch
    assert float(history[2]["passes"]) == pytest.approx(3 * 64 / 66)
    accuracies = [float(row["validation_accuracy"]) for row in history]
    assert all(round(accuracy * 7, 9).is_integer() for accuracy in accuracies)  # every photo counted once
    assert read_member(directory).best_epoch == accuracies.index(max(accuracies)) + 1


def test_the_saved_model_takes_photos_as_they_are(trained):
    model = load_trained(trained[0] / "best.keras")
    assert model.input_shape == (None, 32, 32, 3)
    assert model(np.zeros((2, 32, 32, 3), np.uint8)).shape == (2, 3)


def test_a_trained_member_is_not_overwritten(trained, small_dataset):
    directory, _ = trained
    before = (directory / "last.keras").stat().st_mtime_ns
    done = train(small_dataset, directory.parent, "--member", "0")
    assert done.returncode == 2
    assert done.stderr.startswith("error: --models:")
    assert (directory / "last.keras").stat().st_mtime_ns == before


def test_one_process_alone_trains_all_members(small_dataset, tmp_path):
    done = train(small_dataset, tmp_path, "--epochs", "1", "--trainable-layers", "0")
    assert done.returncode == 0, done.stderr
    assert all(read_member(tmp_path / f"member-{member}").finished for member in (0, 1))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--member", "2"], "error: --member: expected 0 to 1 or 'all', received 2"),
        (["--member", "x"], "error: --member: expected a number or 'all', received x"),
        (["--dataset", "/nowhere"], "error: /nowhere is not a finished data set"),
        (["--weights", "/nowhere.h5"], "error: --weights: expected 'imagenet', 'random' or a file"),
        (["--dropout", "1"], "error: --dropout: expected 0 or more, below 1, received 1.0"),
        (["--epochs", "many"], "error: Invalid value for '--epochs'"),
    ],
)
def test_a_users_mistake_is_one_line_and_status_2(small_dataset, tmp_path, arguments, message):
    done = train(small_dataset, tmp_path, *arguments)
    assert done.returncode == 2
    assert done.stderr.startswith(message)
    assert done.stderr.count("\n") == 1


def test_a_truncated_shard_ends_the_job_in_one_line_with_status_1(small_dataset, tmp_path):
    broken = tmp_path / "dataset"
    shutil.copytree(small_dataset, broken)
    manifest = json.loads((broken / "dataset.json").read_text())
    for record in manifest["files"]:
        record["rows"] += 1
    (broken / "dataset.json").write_text(json.dumps(manifest))
    done = train(broken, tmp_path / "models", "--member", "0")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "rows, found" in done.stderr.splitlines()[-1]


def test_the_model_is_keras_own_format(trained):
    assert isinstance(keras.models.load_model(trained[0] / "last.keras"), keras.Model)
