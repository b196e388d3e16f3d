"""The job that searches for settings: real trials on a small data set, and the resulting members."""

import json
import subprocess
import sys

import numpy as np
import pytest
import small_network
import yaml
from commands import REPOSITORY
from job_runs import run_here
from small_dataset import write_small_dataset

from landmark_lib.command_line import exit_status
from landmark_lib.dataset import read_manifest
from landmark_lib.errors import UserError
from landmark_lib.hold_out import read_hold_out
from landmark_lib.settings import TuneSettings
from landmark_lib.storage import Place
from landmark_lib.training.history import read_history
from landmark_lib.training.member_data import read_member_data
from landmark_lib.tuning.measure import Halves
from landmark_lib.tuning.search import open_search
from landmark_lib.tuning.trial_predictions import predict_hold_out, read_predictions
from landmark_lib.tuning_results import read_tuning

pytestmark = pytest.mark.takes(50)

TUNE = (str(REPOSITORY / "tests/support/small_network.py"), str(REPOSITORY / "jobs/tune.py"))
OPTIONS = [
    *small_network.OPTIONS,
    *("--epochs", "3", "--learning-rate", "0.0001:0.01"),
]


@pytest.fixture(scope="module")
def tunable(tmp_path_factory):
    """A small data set whose hold-out has photos in both halves."""
    root = str(tmp_path_factory.mktemp("tunable") / "dataset")
    write_small_dataset(root, validation=(16,))
    return root


def options(root, models, *more):
    return ["--dataset", root, "--models", str(models), *OPTIONS, *more]


@pytest.fixture(scope="module")
def tuned(tunable, tmp_path_factory):
    models = tmp_path_factory.mktemp("tuned")
    done = run_here("tune", *options(tunable, models, "--trials", "4"))
    assert done.returncode == 0, done.stderr
    return models, done


def results(models):
    return json.loads((models / "tuning" / "tune.json").read_text())


def test_trials_and_chosen_members_are_shown_and_written(tuned):
    models, done = tuned
    found = results(models)
    assert [trial["number"] for trial in found["trials"]] == [0, 1, 2, 3]
    assert found["selection_photos"] + found["reporting_photos"] == 16
    assert found["default"]["trials"] == [0, 1]
    assert f"tuned       {found['tuned']['top_1']['value']:.3f}" in done.stdout
    assert read_tuning(str(models)).tuned.trials == found["tuned"]["trials"]
    assert "<h1>Tuning</h1>" in (models / "tuning" / "tune.html").read_text()


def test_written_members_train_to_the_predictions_of_their_trials(tuned, tunable):
    models, _ = tuned
    written = models / "tuning" / "members.yaml"
    chosen = results(models)["tuned"]["trials"]
    assert len(yaml.safe_load(written.read_text())["members"]) == 2
    done = run_here("train", "--member", "all", "--config", written)
    assert done.returncode == 0, done.stderr
    for member, number in enumerate(chosen):
        data = read_member_data(tunable, read_manifest(tunable), member)
        ours = predict_hold_out(Place(str(models / f"member-{member}")), data, 4)
        theirs = read_predictions(Place(str(models / "tuning" / "trials" / str(number))))
        np.testing.assert_array_equal(ours.classes, theirs.classes)
        np.testing.assert_allclose(ours.scores, theirs.scores, rtol=1e-3)
        best = max(
            result.validation_accuracy for result in read_history(Place(str(models / f"member-{member}")))
        )
        assert best == results(models)["trials"][number]["accuracy"]


def test_after_the_time_limit_no_trial_begins_and_the_result_is_written(tuned, tunable):
    models, _ = tuned
    before = results(models)
    done = run_here("tune", *options(tunable, models, "--trials", "9", "--time-limit", "1e-9"))
    assert done.returncode == 0, done.stderr
    assert "the time limit ends the search after 4 trials" in done.stderr
    assert [trial["number"] for trial in results(models)["trials"]] == [0, 1, 2, 3]
    assert results(models)["tuned"] == before["tuned"]
    # The test before trained members here.
    assert f"warning: --models: {models} has member-0, member-1 already;" in done.stderr


def test_same_command_adds_trials_shared_by_several_workers(tuned, tunable):
    models, _ = tuned
    before = results(models)["trials"]
    workers = [
        subprocess.Popen(
            [sys.executable, *TUNE, *options(tunable, models, "--trials", "7")],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    told = [worker.communicate(timeout=300) for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0], told
    after = results(models)["trials"]
    assert [trial["number"] for trial in after] == list(range(7))
    assert after[:4] == before
    assert all(trial["epochs"] == 3 or trial["state"] == "pruned" for trial in after)
    assert any("7 trials" in out for out, _ in told)
    assert not any("features: " in err for _, err in told)  # which were there


@pytest.mark.parametrize("layers", ["0", "1"])
def test_searched_heads_train_to_the_predictions_of_their_trials(tmp_path, layers):
    root, models = str(tmp_path / "dataset"), tmp_path / "models"
    manifest = write_small_dataset(root, members=1, validation=(16,))
    given = ("--trials", "2", "--head", "arcface", "--trainable-layers", layers)
    done = run_here("tune", *options(root, models, *given))
    assert done.returncode == 0, done.stderr
    (number,) = results(models)["tuned"]["trials"]
    assert results(models)["trials"][number]["parameters"]["head"] == "arcface"
    done = run_here("train", "--member", "all", "--config", models / "tuning" / "members.yaml")
    assert done.returncode == 0, done.stderr
    ours = predict_hold_out(Place(str(models / "member-0")), read_member_data(root, manifest, 0), 4)
    theirs = read_predictions(Place(str(models / "tuning" / "trials" / str(number))))
    np.testing.assert_array_equal(ours.classes, theirs.classes)
    np.testing.assert_allclose(ours.scores, theirs.scores, rtol=1e-3)


def test_trials_that_train_layers_share_the_outputs_of_the_frozen_ones_in_this_process(tmp_path):
    root, models = str(tmp_path / "dataset"), tmp_path / "models"
    write_small_dataset(root, members=1, validation=(16,))
    done = run_here("tune", *options(root, models, "--trials", "2", "--trainable-layers", "1"))
    assert done.returncode == 0, done.stderr
    trials = results(models)["trials"]
    assert {trial["state"] for trial in trials} == {"complete"}
    assert {trial["parameters"]["trainable_layers"] for trial in trials} == {1}
    assert len(list((models / "features").iterdir())) == 1
    assert not list((models / "tuning").rglob("train.log"))
    # The predictions are those of the best epoch, on all held-out photos in their order.
    for trial in trials:
        found = read_predictions(Place(str(models / "tuning" / "trials" / str(trial["number"]))))
        hold_out = read_hold_out(root, read_manifest(root))
        choosing = Halves(hold_out).choosing
        assert found.right(hold_out.truth)[choosing].mean() == trial["accuracy"]


def test_trial_that_trains_layers_may_be_a_job_of_horovodrun(tmp_path):
    root, models = str(tmp_path / "dataset"), tmp_path / "models"
    write_small_dataset(root, members=1, validation=(16,))
    jobs = ("--backbone", "MobileNet", "--trainable-layers", "1", "--horovodrun-args=-np 1 -H localhost:1")
    done = run_here("tune", *options(root, models, "--trials", "1", *jobs))
    assert done.returncode == 0, done.stderr
    (trial,) = results(models)["trials"]
    assert (trial["state"], trial["epochs"], trial["parameters"]["trainable_layers"]) == ("complete", 3, 1)
    right = trial["accuracy"] * results(models)["selection_photos"]
    assert right == pytest.approx(round(right))  # so it was measured on the photos to choose by
    left = models / "tuning" / "trials" / "0"
    assert "steps per epoch of 1 x 4 rows" in (left / "train.log").read_text()
    assert [path.name for path in left.rglob("*.keras")] == []


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--dropout", "0.5:0.1"], "--dropout: expected low:high with low at most high, received 0.5:0.1"),
        (["--dropout", "0:1"], "--dropout: expected at least 0, below 1, received 1.0"),
        (["--l2", "0:1"], "--l2: expected low:high with low above 0, received 0:1"),
        (["--learning-rate", "fast"], "--learning-rate: expected low:high or one number, received fast"),
        (["--optimizer", "sgd,lbfgs"], "--optimizer: expected a list of sgd, adam, received lbfgs"),
        (["--head", "softmax,cosface"], "--head: expected a list of softmax, similarity, arcface, received"),
        (["--trainable-layers", "0,0"], "--trainable-layers: expected a list of different values"),
        (["--trainable-layers", "54"], "--trainable-layers: expected 0 to 53 layers, received 54"),
        (["--trials", "0"], "--trials: expected at least 1, received 0"),
        (["--horovodrun-args", "-H 'a"], "--horovodrun-args: No closing quotation"),
    ],
)
def test_invalid_search_is_refused_in_one_line(arguments, told, capsys):
    assert exit_status(TuneSettings, print, arguments) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith(f"error: {told}")


def test_hold_out_too_small_to_split_is_refused(tmp_path):
    root = str(tmp_path / "dataset")
    write_small_dataset(root, validation=(1,))
    with pytest.raises(UserError, match="holds out are too few to choose by"):
        open_search(TuneSettings(models=str(tmp_path / "models")), root)


def test_tuning_under_horovodrun_is_refused(monkeypatch, tmp_path):
    monkeypatch.setenv("HOROVOD_RANK", "0")
    done = run_here("tune", *options("nowhere", tmp_path))
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "starts horovodrun itself" in done.stderr
