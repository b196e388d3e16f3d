"""Members and their vote are measured on the whole hold-out, each photo once."""

import json
import re
from dataclasses import asdict, replace

import numpy as np
import pytest
import tensorflow as tf
from log_sums import grid_log_sums
from small_ensemble import MEMBERS, SIDE, finished_member

from landmark_lib import dataset
from landmark_lib.errors import UserError
from landmark_lib.evaluation.ensemble_outputs import _log_sums
from landmark_lib.evaluation.evaluate import evaluate
from landmark_lib.evaluation.table import describe_evaluation
from landmark_lib.report.evaluation_sections import evaluation_lead
from landmark_lib.settings import EvaluateSettings
from landmark_lib.storage import Place
from landmark_lib.training.member_data import slices_of_rank, validation_shards
from landmark_lib.training.member_record import write_member
from landmark_lib.training.model import load_trained
from landmark_lib.training.model_directory import BEST
from landmark_lib.training.stream import ordered_batches

PHOTOS = 9


@pytest.fixture(scope="module")
def evaluated(photo_dataset, models):
    return evaluate(EvaluateSettings(models=str(models), batch_size=4), photo_dataset)


@pytest.fixture(scope="module")
def asked_directly(photo_dataset, models):
    """Labels and softmax of each member on all photos at once, (members, photos)."""
    shards = validation_shards(photo_dataset, dataset.read_manifest(photo_dataset))
    ((_, images, truth),) = ordered_batches(shards, slices_of_rank(shards, 0, 1), SIDE, 99)
    softmax = np.stack(
        [tf.nn.softmax(load_trained(Place(str(models / name / BEST)))(images)) for name in MEMBERS]
    )
    return softmax.argmax(axis=2), softmax.max(axis=2), truth.numpy()


def test_accuracy_of_each_member_is_its_share_of_right_predictions(evaluated, asked_directly):
    labels, _, truth = asked_directly
    scores = {result.voter: result for result in evaluated[0].voters}
    assert list(scores) == [*MEMBERS, "ensemble", "mean softmax"]
    for name, said in zip(MEMBERS, labels, strict=True):
        assert scores[name].top_1.value == pytest.approx((said == truth).mean())
        assert scores[name].top_5.value == 1.0  # of three classes, all five are given
        assert sum(photos for _, _, photos in scores[name].confusion) == PHOTOS


def test_the_ensemble_gives_the_majority(evaluated, asked_directly):
    labels, confidences, truth = asked_directly
    right = 0
    for photo in range(PHOTOS):
        votes = {
            label: ((labels[:, photo] == label).sum(), confidences[labels[:, photo] == label, photo].sum())
            for label in set(labels[:, photo].tolist())
        }
        right += max(votes, key=votes.get) == truth[photo]
    assert evaluated[0].voters[3].top_1.value == pytest.approx(right / PHOTOS)


def test_the_json_holds_every_number(evaluated):
    evaluation, path = evaluated
    assert json.loads(path.read_text()) == json.loads(json.dumps(asdict(evaluation)))
    assert evaluation.photos == PHOTOS
    assert evaluation.chance == pytest.approx(1 / 3)


def test_table_shows_all_voters_with_chance_and_weights(evaluated, photo_dataset):
    text = describe_evaluation(evaluated[0], dataset.read_classes(photo_dataset))
    lines = text.splitlines()
    assert [line.split()[0] for line in lines[2:8]] == ["chance", *MEMBERS, "ensemble", "mean"]
    assert all(line.endswith("random") for line in lines[3:8])
    assert lines[0] == "9 photos, all of landmarks, 3 classes"
    assert "top-3" in lines[1]


def test_views_are_mentioned_only_where_there_are_several(evaluated, photo_dataset):
    classes = dataset.read_classes(photo_dataset)
    assert evaluated[0].views == "plain"
    for views, mentions in (("plain", 0), ("flip", 1)):
        evaluation = replace(evaluated[0], views=views)
        for text in (describe_evaluation(evaluation, classes), evaluation_lead(evaluation)):
            assert text.count(f"--views {views}") == mentions


def test_table_keeps_digits_of_small_chances(evaluated, photo_dataset):
    classes, p_value = 14_951, 0.00001
    compared = replace(evaluated[0].comparison, p_value=p_value)
    many = replace(evaluated[0], classes=classes, chance=1 / classes, comparison=compared)
    text = describe_evaluation(many, dataset.read_classes(photo_dataset))
    assert re.search(r"^chance +0\.000067$", text, re.MULTILINE)
    assert "photos, p < 0.001" in text


def test_the_batch_size_changes_no_answer(photo_dataset, models):
    one, seven = (
        evaluate(EvaluateSettings(models=str(models), batch_size=size), photo_dataset)[0] for size in (1, 7)
    )
    for single, together in zip(one.voters, seven.voters, strict=True):
        assert single.confusion == together.confusion
        assert single.gap.value == pytest.approx(together.gap.value)
        assert single.ece == pytest.approx(together.ece, abs=1e-4)


def test_mean_softmax_is_measured_beside_the_vote(evaluated, photo_dataset, models):
    shards = validation_shards(photo_dataset, dataset.read_manifest(photo_dataset))
    ((_, images, truth),) = ordered_batches(shards, slices_of_rank(shards, 0, 1), SIDE, 99)
    softmax = np.mean(
        [tf.nn.softmax(load_trained(Place(str(models / name / BEST)))(images)) for name in MEMBERS], axis=0
    )
    found = {result.voter: result for result in evaluated[0].voters}["mean softmax"]
    assert found.top_1.value == pytest.approx((softmax.argmax(axis=1) == truth.numpy()).mean())


def test_each_member_has_a_temperature_measured_on_photos_it_was_not_fitted_on(evaluated):
    for result in evaluated[0].voters[:3]:
        assert 0 < result.temperature.photos < PHOTOS
    assert all(result.temperature is None for result in evaluated[0].voters[3:])


def test_log_sums_of_the_graph_equal_their_definition():
    logits = np.random.default_rng(0).normal(0, 8, (5, 40)).astype(np.float32)
    np.testing.assert_allclose(_log_sums(tf.constant(logits)), grid_log_sums(logits), rtol=1e-5, atol=1e-4)


def test_page_is_beside_the_json_and_covers_the_data_set(evaluated):
    page = (evaluated[1].parent / "report.html").read_text()
    for title in ("Scores", "Reliability", "Labels", "Files"):
        assert title in page


def test_a_member_of_another_data_set_is_refused(photo_dataset, models, tmp_path):
    record = finished_member("another")
    write_member(Place(str(tmp_path / "member-0")), record)
    with pytest.raises(UserError, match="was trained on data set another"):
        evaluate(EvaluateSettings(models=str(tmp_path)), photo_dataset)
    write_member(Place(str(tmp_path / "member-0")), replace(record, finished=False))
    with pytest.raises(UserError, match="has not finished"):
        evaluate(EvaluateSettings(models=str(tmp_path)), photo_dataset)


def test_a_directory_without_members_is_refused(photo_dataset, tmp_path):
    with pytest.raises(UserError, match="no trained member"):
        evaluate(EvaluateSettings(models=str(tmp_path)), photo_dataset)


def test_results_that_cannot_be_written_are_the_users_mistake(photo_dataset, models):
    with pytest.raises(UserError, match="--output: cannot write"):
        evaluate(EvaluateSettings(models=str(models), output="/proc/nowhere/results.json"), photo_dataset)
