"""Training as users run it: two ranks, equal weights, a self-contained directory for each member."""

import csv
import json
import re
import shutil

import keras
import numpy as np
import pytest
import small_network
import tensorflow as tf
from job_runs import run_here

from landmark_lib import dataset
from landmark_lib.errors import LandmarkError
from landmark_lib.settings import TrainSettings, from_flat
from landmark_lib.storage import Place
from landmark_lib.training import loop
from landmark_lib.training.member_record import DIVERGED, FINISHED, read_member
from landmark_lib.training.member_training import MemberTraining
from landmark_lib.training.model import load_trained

QUICK = [*small_network.OPTIONS, "--learning-rate", "0.001"]


def train(root, models, *options):
    """Train on this process alone."""
    return run_here("train", "--dataset", root, "--models", models, *QUICK, *options)


@pytest.fixture(scope="module")
def trained(small_dataset, tmp_path_factory, ranks):
    """Train on two ranks; return the member's directory and how each rank ended."""
    models = tmp_path_factory.mktemp("models")
    options = ("--dataset", small_dataset, "--models", models, "--member", "0")
    done = ranks.job("train", *options, "--epochs", "3", "--trainable-layers", "1", *QUICK)
    return models / "member-0", done


def test_two_ranks_train_and_rank_0_logs(trained):
    _, (first, second) = trained
    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert (first.stderr + second.stderr).count("member 0: epoch 3/3") == 1
    assert "epoch" not in second.stderr
    assert first.stdout.startswith("Models and their curves: ")
    assert second.stdout == ""


def test_directory_of_a_member_is_self_contained(trained, small_dataset):
    directory, _ = trained
    names = {path.name for path in directory.iterdir()}
    assert names == {
        *(
            "best.keras",
            "sketch.npz",
            "neighbours.npz",
            "last.keras",
            "history.csv",
            "history.jsonl",
            "curves.png",
            "member.json",
            "checkpoints",
        )
    }
    record = read_member(Place(str(directory)))
    assert record.finished
    assert record.ended == FINISHED
    assert record.landmark_ids == ["landmark 0", "landmark 1", "landmark 2"]
    assert record.dataset_fingerprint == dataset.read_manifest(small_dataset).fingerprint
    assert record.settings["weights"] == "random"


def test_history_has_one_line_per_epoch(trained):
    directory, _ = trained
    with (directory / "history.csv").open(newline="") as file:
        history = list(csv.DictReader(file))
    assert [row["epoch"] for row in history] == ["1", "2", "3"]
    # 66 rows: 2 ranks x 8 steps x 4 rows per epoch
    assert float(history[2]["passes"]) == pytest.approx(3 * 64 / 66)
    accuracies = [float(row["validation_accuracy"]) for row in history]
    assert all(round(accuracy * 7, 9).is_integer() for accuracy in accuracies)  # every photo counted once
    assert read_member(Place(str(directory))).best_epoch == accuracies.index(max(accuracies)) + 1


def test_saved_model_takes_unprocessed_photos(trained):
    model = load_trained(Place(str(trained[0] / "best.keras")))
    assert model.input_shape == (None, 32, 32, 3)
    assert model(np.zeros((2, 32, 32, 3), np.uint8)).shape == (2, 3)


def test_rows_steps_and_weights_are_logged_before_training(trained):
    _, (first, _) = trained
    assert "member 0: 66 rows, 33 per rank, 3 classes; SmallNet from random weights, 4,819" in first.stderr
    assert "8 steps per epoch of 2 x 4 rows; 2 remaining rows go to the next epoch" in first.stderr


def test_history_is_also_written_as_json_lines(trained):
    directory, _ = trained
    lines = [json.loads(line) for line in (directory / "history.jsonl").read_text().splitlines()]
    with (directory / "history.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [{name: str(value) for name, value in line.items()} for line in lines] == rows
    assert all(0 <= line["input_wait"] < 1 and 0 < line["allreduce"] < 1 for line in lines)


def test_one_process_trains_all_members(small_dataset, tmp_path):
    done = train(small_dataset, tmp_path, "--epochs", "1", "--trainable-layers", "0")
    assert done.returncode == 0, done.stderr
    assert all(read_member(Place(str(tmp_path / f"member-{member}"))).finished for member in (0, 1))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--member", "2"], "error: --member: expected 0 to 1 or 'all', received 2"),
        (["--member", "x"], "error: --member: expected a number or 'all', received x"),
        (["--dataset", "/nowhere"], "error: /nowhere is not a finished data set"),
        (["--weights", "/nowhere.h5"], "error: --weights: expected 'imagenet', 'random', 'sample' or a file"),
        (["--dropout", "1"], "error: --dropout: expected at least 0, below 1, received 1.0"),
        (["--epochs", "many"], "error: --epochs: expected a whole number, received 'many'"),
        (["--backbone", "ResNet5"], "error: --backbone: expected one of ConvNeXtBase"),
        (["--members", "[{dropout: 0.1}]"], "error: --members: expected settings of 2 members"),
        (["--member", "5", "--members", "[{}, {}]"], "error: --member: expected 0 to 1 or 'all', received 5"),
        (["--members", "[{}, {models: x}]"], "error: --members: entry 2: --models must be the same for all"),
        (["--members", "[{}, {dropuot: 0.1}]"], "error: --members: entry 2: no setting is called dropuot"),
        (["--models", "/proc/nowhere"], "error: --models: cannot write into /proc/nowhere"),
    ],
)
def test_user_error_is_one_line_with_status_2(small_dataset, tmp_path, arguments, message):
    done = train(small_dataset, tmp_path, *arguments)
    assert done.returncode == 2
    *starting, error = done.stderr.splitlines()
    assert error.startswith(message)
    # Only what TensorFlow and Keras must read is refused after they have started.
    assert starting == (["loading TensorFlow"] if arguments[0] in ("--weights", "--backbone") else [])


def test_out_of_memory_error_names_the_options_to_lower(small_dataset, tmp_path, monkeypatch):
    def exhausted(*_):
        raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor\nHint: none")

    monkeypatch.setattr(MemberTraining, "run", exhausted)
    small = {"weights": "random", "backbone": "SmallNet", "image_size": 32, "batch_size": 4}
    settings = from_flat(TrainSettings, {"models": str(tmp_path), "member": "0", **small})
    with pytest.raises(LandmarkError, match=r"^out of memory \(OOM when .*\); lower --batch-size \(4\) or"):
        loop.train(settings, small_dataset)


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


def test_diverged_training_reports_the_step_and_records_how_it_ended(small_dataset, tmp_path):
    done = train(
        small_dataset, tmp_path, "--member", "0", "--trainable-layers", "0", "--learning-rate", "1e38"
    )
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert re.match(
        r"error: member 0: loss became (nan|inf) at step \d+ of epoch 1; no checkpoint yet;", last
    )
    assert not (tmp_path / "member-0" / "checkpoints").exists()
    record = read_member(Place(str(tmp_path / "member-0")))
    assert (record.ended, record.finished, record.epochs) == (DIVERGED, False, 0)


def test_verify_shards_finds_a_changed_shard_before_training(small_dataset, tmp_path):
    broken = tmp_path / "dataset"
    shutil.copytree(small_dataset, broken)
    record = dataset.read_manifest(str(broken)).files_in(dataset.COMMON)[1]
    content = bytearray((broken / record.path).read_bytes())
    content[len(content) // 2] ^= 1
    (broken / record.path).write_bytes(content)
    done = train(broken, tmp_path / "models", "--member", "0", "--verify-shards")
    assert done.returncode == 1
    assert f"{record.path} is broken: its checksum is" in done.stderr
    assert "epoch 1" not in done.stderr


def test_members_have_their_own_settings_from_a_file(small_dataset, tmp_path):
    config = tmp_path / "train.yaml"
    config.write_text(
        "weights: random\nimage_size: 32\nbatch_size: 4\nlearning_rate: 1e-3\nepochs: 1\n"
        "members:\n- {backbone: SmallNet, trainable_layers: all, optimizer: adam, l2_convolutions: 1e-5,"
        " precision: mixed_bfloat16, fp16_gradients: true}\n"
        "- {backbone: MobileNet, trainable_layers: 2, early-stop-patience: 3,"
        " precision: mixed_float16}\n"
    )
    models = tmp_path / "models"
    done = run_here("train", "--dataset", small_dataset, "--models", models, "--config", config)
    assert done.returncode == 0, done.stderr
    first, second = (read_member(Place(str(models / f"member-{member}"))).settings for member in (0, 1))
    assert (first["backbone"], first["trainable_layers"], first["optimizer"]) == ("SmallNet", "all", "adam")
    assert (second["backbone"], second["early_stop_patience"], second["dropout"]) == (
        "MobileNet",
        3,
        0.5,
    )
    assert all(load_trained(Place(str(models / f"member-{member}" / "best.keras"))) for member in (0, 1))


def test_tensorboard_events_are_written_if_requested(small_dataset, tmp_path):
    options = ("--member", "0", "--epochs", "1", "--trainable-layers", "0", "--tensorboard")
    done = train(small_dataset, tmp_path, *options)
    assert done.returncode == 0, done.stderr
    (events,) = (tmp_path / "member-0" / "tensorboard").iterdir()
    records = [event for record in tf.data.TFRecordDataset(str(events)) for event in [record.numpy()]]
    assert any(b"validation_accuracy" in record for record in records)


def test_model_is_in_the_format_of_keras(trained):
    assert isinstance(keras.models.load_model(trained[0] / "last.keras"), keras.Model)
