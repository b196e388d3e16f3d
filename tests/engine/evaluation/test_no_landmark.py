"""Photos without a landmark are detected by what training kept of its photos, and rank low in submissions."""

import json
import re
import shutil
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import tensorflow as tf
from photo_files import draw
from report_datasets import ids_of, write_dataset
from small_ensemble import MEMBERS, SIDE, finished_member

from landmark_lib import dataset
from landmark_lib.errors import LandmarkError, UserError
from landmark_lib.evaluation.evaluate import evaluate
from landmark_lib.evaluation.evidence import evidence_of, vectors_of, without_true_class
from landmark_lib.evaluation.photos import find_photos
from landmark_lib.evaluation.predict import predict
from landmark_lib.evaluation.prediction_files import (
    ANSWERS,
    CHANCE,
    NO_LANDMARK,
    SIMILAR_IDS,
    SIMILAR_LABELS,
    SIMILARITIES,
)
from landmark_lib.evaluation.prediction_text import describe_predictions, describe_summary
from landmark_lib.evaluation.rejection_file import LANDMARK_FREE, REJECTION
from landmark_lib.evaluation.submission import write_submission
from landmark_lib.evaluation.table import describe_evaluation
from landmark_lib.method.calibration import fitting_half
from landmark_lib.method.neighbours import SHOWN, NeighbourIndex, Projection
from landmark_lib.method.rejection import EVIDENCE
from landmark_lib.method.similarity import FeatureSums, feature_statistics
from landmark_lib.predictions import Outputs
from landmark_lib.settings import EvaluateSettings, PredictSettings
from landmark_lib.storage import Place
from landmark_lib.training.member_record import write_member
from landmark_lib.training.model import features_of, load_trained
from landmark_lib.training.model_directory import BEST, WHITENING, write_whitening
from landmark_lib.training.neighbours import INDEX, write_index

FREE = 8


@pytest.fixture(scope="module")
def held_out(tmp_path_factory):
    """A data set of three classes with thirty photos held out."""
    root = str(tmp_path_factory.mktemp("photos") / "dataset")
    write_dataset(root, {f"landmark {index}": ids_of(index, 20) for index in range(3)}, hold_out=10)
    return root


@pytest.fixture(scope="module")
def just_trained(models, held_out, tmp_path_factory):
    """Members with the whitening and the index that training writes."""
    directory = tmp_path_factory.mktemp("trained") / "models"
    shutil.copytree(models, directory)
    (directory / REJECTION).unlink(missing_ok=True)
    images = np.random.default_rng(0).integers(0, 256, (30, SIDE, SIDE, 3)).astype(np.uint8)
    for name in MEMBERS:
        write_member(
            Place(str(directory / name)), finished_member(dataset.read_manifest(held_out).fingerprint)
        )
        features = features_of(load_trained(Place(str(directory / name / BEST))))(images).numpy()
        sums = FeatureSums.zeros(3, features.shape[1])
        sums.add(features, np.arange(30) % 3)
        _, projection = Projection.of_sums(sums)
        write_whitening(projection.whitening, Place(str(directory / name)))
        write_index(
            NeighbourIndex.of_photos(
                projection,
                [f"photo {number}" for number in range(30)],
                (np.arange(30) % 3).astype(np.int32),
                projection.vectors(features).astype(np.float16),
            ),
            Place(str(directory / name)),
        )
    return directory


@pytest.fixture
def sketched(just_trained, tmp_path):
    """The same, to do with as a test likes."""
    return Path(shutil.copytree(just_trained, tmp_path / "models"))


@pytest.fixture(scope="module")
def streets(tmp_path_factory):
    folder = tmp_path_factory.mktemp("streets")
    for number in range(FREE):
        draw(100 + number).save(folder / f"street-{number}.png")
    (folder / "notes.txt").write_text("no photo")
    return folder


def settings_for(models, **others):
    return EvaluateSettings(models=str(models), batch_size=8, **others)


def test_evaluation_measures_the_gain_of_rejecting_them(sketched, held_out, streets):
    evaluation, path = evaluate(settings_for(sketched, no_landmark=str(streets)), held_out)
    found = evaluation.rejection
    assert (found.photos, found.landmark_free, found.unreadable) == (15, FREE / 2, {"not an image": 1})
    assert json.loads(path.read_text())["rejection"] == json.loads(json.dumps(asdict(found)))
    text = describe_evaluation(evaluation, dataset.read_classes(held_out))
    assert "(15 photos with and 4 without, none of them used for learning)" in text
    assert re.findall(r"^ +([\d.]+ %) ", text, re.MULTILINE) == ["0 %", "50.0 %", "90.0 %", "98.0 %"]
    assert 'id="rejection"' in (path.parent / "report.html").read_text()


def test_predictions_and_submission_rank_by_the_chance_to_be_right(
    sketched, held_out, streets, tmp_path, one_rank
):
    evaluate(settings_for(sketched), held_out)
    threshold = json.loads((sketched / REJECTION).read_text())["threshold"]
    settings = PredictSettings(
        input=str(streets), models=str(sketched), output=str(tmp_path / "out"), batch_size=3, top_k=2
    )
    files, summary = predict(settings, find_photos(settings, ""), one_rank)
    rows = pa.concat_tables(files.read(ANSWERS)).to_pylist()
    assert all(0 <= row[CHANCE] <= 1 and row[NO_LANDMARK] == (row[CHANCE] < threshold) for row in rows)
    names = {f"photo {number}": f"landmark {number % 3}" for number in range(30)}
    for row in rows:
        assert len(set(row[SIMILAR_IDS])) == SHOWN
        assert [names[image_id] for image_id in row[SIMILAR_IDS]] == row[SIMILAR_LABELS]
        assert row[SIMILARITIES] == sorted(row[SIMILARITIES], reverse=True)
    assert summary.no_landmark == sum(row[NO_LANDMARK] for row in rows)
    assert f"{summary.no_landmark} of them likely without a landmark" in describe_summary(files, summary)
    assert describe_predictions(files, summary.members, {}).count("likely ") == FREE
    write_submission(files, str(tmp_path / "out.csv"), None)
    lines = (tmp_path / "out.csv").read_text().splitlines()[1:]
    by_id = {row["image_id"]: row for row in rows}
    told = [line.rpartition(" ") for line in lines if not line.endswith(",")]
    assert len(told) == FREE
    for before, _, score in told:
        assert float(score) == by_id[before.partition(",")[0]][CHANCE]


def test_known_photos_without_a_landmark_count_against_photos_like_them(
    sketched, held_out, streets, tmp_path, one_rank
):
    def chances(number):
        settings = PredictSettings(
            input=str(streets), models=str(sketched), output=str(tmp_path / f"out-{number}"), batch_size=3
        )
        files, _ = predict(settings, find_photos(settings, ""), one_rank)
        return {row["image_id"]: row[CHANCE] for row in pa.concat_tables(files.read(ANSWERS)).to_pylist()}

    evaluate(settings_for(sketched), held_out)
    before = chances(0)
    evaluate(settings_for(sketched, no_landmark=str(streets)), held_out)
    content = json.loads((sketched / REJECTION).read_text())
    assert content["landmark_free"]
    content |= {"weights": [0.0, 1.0], "offset": 0.0, "means": [0.0] * 2, "deviations": [1.0] * 2}
    (sketched / REJECTION).write_text(json.dumps(content))
    with_known = chances(1)
    (sketched / REJECTION).write_text(json.dumps({**content, "landmark_free": ""}))
    without = chances(2)
    assert before.keys() == with_known.keys() == without.keys()
    assert all(with_known[name] < without[name] for name in without)
    # A known photo is as like itself as can be.
    known = fitting_half(list(without), 0)
    less = np.array([np.log(1 / with_known[name] - 1) - np.log(1 / without[name] - 1) for name in without])
    assert less[known].mean() > less[~known].mean()


@pytest.mark.parametrize("content", [b"PK", b"", None])
def test_lost_photos_without_a_landmark_are_reported(
    sketched, held_out, streets, one_rank, tmp_path, content
):
    evaluate(settings_for(sketched, no_landmark=str(streets)), held_out)
    place = sketched / LANDMARK_FREE
    place.unlink() if content is None else place.write_bytes(content)
    settings = PredictSettings(input=str(streets), models=str(sketched), output=str(tmp_path / "out"))
    with pytest.raises(LandmarkError, match=f"{LANDMARK_FREE} cannot be read"):
        predict(settings, find_photos(settings, ""), one_rank)


def test_photos_without_a_landmark_of_another_evaluation_are_refused(
    sketched, held_out, streets, one_rank, tmp_path
):
    evaluate(settings_for(sketched, no_landmark=str(streets)), held_out)
    first = (sketched / REJECTION).read_bytes()
    more = shutil.copytree(streets, tmp_path / "more")
    draw(999).save(more / "another.png")
    draw(998).save(more / "one-more.png")
    evaluate(settings_for(sketched, no_landmark=str(more)), held_out)
    (sketched / REJECTION).write_bytes(first)  # as if killed between the two files
    settings = PredictSettings(input=str(streets), models=str(sketched), output=str(tmp_path / "out"))
    with pytest.raises(LandmarkError, match=r"is not what rejection.json was learned with"):
        predict(settings, find_photos(settings, ""), one_rank)


@pytest.mark.parametrize("lost", [WHITENING, INDEX])
def test_members_without_their_training_photos_learn_no_rejection_and_report_it(
    lost, sketched, held_out, streets
):
    (sketched / MEMBERS[1] / lost).unlink()
    evaluation, _ = evaluate(settings_for(sketched), held_out)
    assert evaluation.rejection is None
    assert (
        "No rejection model: a member has no index of its training photos (neighbours.npz)"
        in describe_evaluation(evaluation, dataset.read_classes(held_out))
    )
    assert not (sketched / REJECTION).exists()
    with pytest.raises(UserError, match="--no-landmark: a member has no index of its training photos"):
        evaluate(settings_for(sketched, no_landmark=str(streets)), held_out)


def test_what_was_learned_for_other_models_is_refused(sketched, held_out, streets, tmp_path, one_rank):
    evaluate(settings_for(sketched), held_out)
    settings = PredictSettings(input=str(streets), models=str(sketched), output=str(tmp_path / "out"))
    shutil.copy(sketched / MEMBERS[0] / BEST, sketched / MEMBERS[1] / BEST)
    with pytest.raises(UserError, match="learned for other models"):
        predict(settings, find_photos(settings, ""), one_rank)
    (sketched / REJECTION).write_text("{")
    with pytest.raises(LandmarkError, match="cannot be read"):
        predict(settings, find_photos(settings, ""), one_rank)


def test_what_was_learned_with_other_views_is_refused(sketched, held_out, streets, tmp_path, one_rank):
    evaluate(settings_for(sketched, views="flip"), held_out)
    options = {"input": str(streets), "models": str(sketched)}
    settings = PredictSettings(**options, output=str(tmp_path / "plain"))
    with pytest.raises(
        UserError, match=r"--views: .* was learned with flip, not plain; predict with --views flip"
    ):
        predict(settings, find_photos(settings, ""), one_rank)
    flipping = PredictSettings(**options, output=str(tmp_path / "flip"), views="flip")
    files, _ = predict(flipping, find_photos(flipping, ""), one_rank)
    assert files.rejecting

    content = json.loads((sketched / REJECTION).read_text())
    del content["views"]  # as an earlier release wrote it, which knew plain photos only
    (sketched / REJECTION).write_text(json.dumps(content))
    files, _ = predict(settings, find_photos(settings, ""), one_rank)
    assert files.rejecting


@pytest.mark.parametrize("name", [WHITENING, INDEX])
@pytest.mark.parametrize("content", [b"", b"PK no archive", b"\x93NUMPY"])
def test_broken_files_of_training_photos_are_reported_by_name(sketched, held_out, name, content):
    (sketched / MEMBERS[2] / name).write_bytes(content)
    with pytest.raises(LandmarkError, match=f"{MEMBERS[2]}/{name} cannot be read"):
        evaluate(settings_for(sketched), held_out)


def test_no_photos_without_a_landmark_are_a_mistake(sketched, held_out, tmp_path):
    with pytest.raises(UserError, match="--no-landmark: no such folder or file"):
        evaluate(settings_for(sketched, no_landmark=str(tmp_path / "none")), held_out)
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "notes.txt").write_text("no photo")
    with pytest.raises(UserError, match=r"--no-landmark: no photo of .* can be read: 1 not an image"):
        evaluate(settings_for(sketched, no_landmark=str(tmp_path / "texts")), held_out)


def test_masked_classes_are_never_predicted():
    random = np.random.default_rng(0)
    outputs = [
        Outputs(
            tf.constant(random.normal(size=(6, 4)), tf.float32),
            tf.constant(random.random((6, 8)), tf.float32),
        )
        for _ in range(3)
    ]
    truth = np.arange(6) % 4
    sums = FeatureSums.zeros(4, 8)
    sums.add(random.random((20, 8)).astype(np.float32), np.arange(20) % 4)
    projection = Projection(feature_statistics(sums).whitening, np.eye(8, dtype=np.float32))
    vectors = projection.vectors(random.random((20, 8))).astype(np.float16)
    indexes = [
        NeighbourIndex.of_photos(projection, list("abcdefghijklmnopqrst"), np.arange(20) % 4, vectors)
    ] * 3
    for before, after in zip(outputs, without_true_class(outputs, truth), strict=True):
        others = np.delete(before.logits.numpy()[0], truth[0])
        assert truth[0] != after.logits.numpy()[0].argmax()
        total = tf.reduce_logsumexp(after.logits, axis=1).numpy()[0]
        assert total == pytest.approx(np.log(np.exp(others).sum()), rel=1e-5)
    known, unknown = (
        evidence_of(outputs, indexes, vectors_of(outputs, indexes)),
        evidence_of(without_true_class(outputs, truth), indexes, vectors_of(outputs, indexes)),
    )
    assert known.values.shape == unknown.values.shape == (6, len(EVIDENCE))
    assert np.isfinite(unknown.values).all()
