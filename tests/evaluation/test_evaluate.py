"""Members and their vote are measured on the whole hold-out, each photo once."""

import json
from dataclasses import asdict, replace

import numpy as np
import pytest
import tensorflow as tf

from landmark_lib import dataset
from landmark_lib.errors import UserError
from landmark_lib.evaluation.evaluate import evaluate
from landmark_lib.evaluation.predict import most_likely, predict_hold_out
from landmark_lib.evaluation.table import describe
from landmark_lib.method.epochs import ShardSlice
from landmark_lib.settings import EvaluateSettings
from landmark_lib.training.backbone import load_backbone
from landmark_lib.training.member_data import validation_shards
from landmark_lib.training.model import build_model, load_trained
from landmark_lib.training.model_directory import BEST, MemberRecord, save_model, write_member
from landmark_lib.training.stream import ordered_batches

SIDE = 32
MEMBERS = ("member-0", "member-1", "member-2")


def finished_member(fingerprint):
    return MemberRecord(
        member=0,
        finished=True,
        epochs=1,
        best_epoch=1,
        settings={"weights": "random"},
        dataset_fingerprint=fingerprint,
        landmark_ids=["a", "b", "c"],
        versions={},
    )


@pytest.fixture(scope="module")
def models(small_dataset, tmp_path_factory):
    directory = tmp_path_factory.mktemp("models")
    backbone = load_backbone("ResNet50", "random", SIDE, seed=0)
    for number, name in enumerate(MEMBERS):
        (directory / name).mkdir()
        save_model(
            build_model(backbone, "caffe", 3, dropout=0.5, l2=0.0, seed=number), directory / name, BEST
        )
        write_member(directory / name, finished_member(dataset.read_manifest(small_dataset).fingerprint))
    return directory


@pytest.fixture(scope="module")
def evaluated(small_dataset, models):
    return evaluate(EvaluateSettings(models=str(models), batch_size=4), small_dataset)


@pytest.fixture(scope="module")
def asked_directly(small_dataset, models):
    """Labels and softmax of each member on all photos at once, (members, photos)."""
    shards = validation_shards(small_dataset, dataset.read_manifest(small_dataset))
    ((_, images, truth),) = ordered_batches(shards, [ShardSlice(0, 0, 7)], SIDE, 99)
    softmax = np.stack([tf.nn.softmax(load_trained(models / name / BEST)(images)) for name in MEMBERS])
    return softmax.argmax(axis=2), softmax.max(axis=2), truth.numpy()


def test_each_members_accuracy_is_the_share_it_gets_right(evaluated, asked_directly):
    labels, _, truth = asked_directly
    scores = {score.voter: score for score in evaluated[0].scores}
    assert list(scores) == [*MEMBERS, "ensemble"]
    for name, said in zip(MEMBERS, labels, strict=True):
        assert scores[name].top_1 == pytest.approx((said == truth).mean())
        assert scores[name].top_5 == 1.0  # of three classes, all five are given
        assert sum(photos for _, _, photos in scores[name].confusion) == 7


def test_the_ensemble_gives_the_majority(evaluated, asked_directly):
    labels, confidences, truth = asked_directly
    right = 0
    for photo in range(7):
        votes = {
            label: ((labels[:, photo] == label).sum(), confidences[labels[:, photo] == label, photo].sum())
            for label in set(labels[:, photo].tolist())
        }
        right += max(votes, key=votes.get) == truth[photo]
    assert evaluated[0].scores[-1].top_1 == pytest.approx(right / 7)


def test_the_json_holds_every_number(evaluated):
    evaluation, path = evaluated
    assert json.loads(path.read_text()) == json.loads(json.dumps(asdict(evaluation)))
    assert evaluation.photos == 7
    assert evaluation.chance == pytest.approx(1 / 3)
    assert evaluation.landmark_free_share == 0.0


def test_the_table_shows_all_voters_beside_chance_and_names_the_weights(evaluated, small_dataset):
    text = describe(evaluated[0], dataset.read_classes(small_dataset))
    lines = text.splitlines()
    assert [line.split()[0] for line in lines[2:7]] == ["chance", *MEMBERS, "ensemble"]
    assert all(line.endswith("random") for line in lines[3:7])
    assert "0% of them without a landmark" in lines[0]


def test_the_batch_size_changes_no_answer(small_dataset, models):
    shards = validation_shards(small_dataset, dataset.read_manifest(small_dataset))
    one, seven = (predict_hold_out(models / MEMBERS[0], shards, size) for size in (1, 7))
    assert one.image_ids == seven.image_ids
    np.testing.assert_array_equal(one.labels, seven.labels)
    np.testing.assert_allclose(one.confidences, seven.confidences, rtol=1e-4)


def test_the_most_likely_labels_come_first_and_equal_ones_by_index():
    probabilities = np.array([[0.1, 0.4, 0.1, 0.4]])
    assert most_likely(probabilities, 3).tolist() == [[1, 3, 0]]
    assert most_likely(probabilities, 9).shape == (1, 4)


def test_a_member_of_another_data_set_is_refused(small_dataset, models, tmp_path):
    record = finished_member("another")
    (tmp_path / "member-0").mkdir()
    write_member(tmp_path / "member-0", record)
    with pytest.raises(UserError, match="was trained on the data set another"):
        evaluate(EvaluateSettings(models=str(tmp_path)), small_dataset)
    write_member(tmp_path / "member-0", replace(record, finished=False))
    with pytest.raises(UserError, match="has not ended"):
        evaluate(EvaluateSettings(models=str(tmp_path)), small_dataset)


def test_a_directory_without_members_is_refused(small_dataset, tmp_path):
    with pytest.raises(UserError, match="no trained member"):
        evaluate(EvaluateSettings(models=str(tmp_path)), small_dataset)


def test_results_that_cannot_be_written_are_the_users_mistake(small_dataset, models):
    with pytest.raises(UserError, match="--output: cannot write"):
        evaluate(EvaluateSettings(models=str(models), output="/nowhere/results.json"), small_dataset)
