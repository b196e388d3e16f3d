"""What the frozen layers return, computed once, trains the others as images do."""

import csv
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import small_network
from hypothesis import given
from hypothesis import strategies as st
from job_runs import run_here
from small_dataset import write_small_dataset

from landmark_lib.method.recipes import PLAIN
from landmark_lib.method.similarity import FeatureSums, feature_statistics
from landmark_lib.storage import Place
from landmark_lib.training.class_similarity import SIMILARITY
from landmark_lib.training.feature_files import FEATURES, cut
from landmark_lib.training.member_record import read_member
from landmark_lib.training.model import load_trained
from landmark_lib.training.model_directory import BEST, read_whitening
from landmark_lib.training.neighbours import read_index

OPTIONS = [
    *("--member", "0", "--epochs", "2", *small_network.OPTIONS),
    *("--trainable-layers", "0", "--learning-rate", "0.01", "--deterministic"),
]


def train(root, models, *more):
    return run_here("train", "--dataset", root, "--models", models, *OPTIONS, *more)


def history(models):
    with (models / "member-0" / "history.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def cached(small_dataset, tmp_path_factory):
    models = tmp_path_factory.mktemp("cached")
    done = train(small_dataset, models, "--cache-features")
    assert done.returncode == 0, done.stderr
    return models


def test_training_on_features_equals_training_on_images(cached, small_dataset, tmp_path):
    done = train(small_dataset, tmp_path)
    assert done.returncode == 0, done.stderr
    mine, theirs = (
        load_trained(Place(str(m / "member-0" / "last.keras"))).get_weights() for m in (cached, tmp_path)
    )
    for one, other in zip(mine, theirs, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-4)
    for one, other in zip(history(cached), history(tmp_path), strict=True):
        assert one["validation_accuracy"] == other["validation_accuracy"]
        assert float(one["training_loss"]) == pytest.approx(float(other["training_loss"]), rel=1e-3)
    of_features, of_images = (read_whitening(Place(str(m / "member-0"))) for m in (cached, tmp_path))
    np.testing.assert_allclose(of_features.centre, of_images.centre, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(of_features.shrinkage, of_images.shrinkage, atol=1e-3)


def last_weights(models):
    return load_trained(Place(str(models / "member-0" / "last.keras"))).get_weights()


def test_balanced_class_weights_change_nothing_if_classes_are_equal(cached, small_dataset, tmp_path):
    done = train(small_dataset, tmp_path, "--cache-features", "--class-weights", "balanced")
    assert done.returncode == 0, done.stderr
    assert read_member(Place(str(tmp_path / "member-0"))).settings["class_weights"] == "balanced"
    for one, other in zip(last_weights(cached), last_weights(tmp_path), strict=True):
        np.testing.assert_array_equal(one, other)


def test_balanced_class_weights_favour_a_rare_class(cached, tmp_path):
    root, models = str(tmp_path / "dataset"), tmp_path / "models"
    write_small_dataset(root, training_images=(22, 22, 7))
    done = train(root, models, "--class-weights", "balanced")  # on images
    assert done.returncode == 0, done.stderr
    photos = np.full((1, 32, 32, 3), 90, np.uint8)  # grey, so of no class
    balanced, plain = (
        load_trained(Place(str(where / "member-0" / "last.keras")))(photos).numpy()[0]
        for where in (models, cached)
    )
    assert balanced[2] - balanced[:2].mean() > plain[2] - plain[:2].mean()


def test_existing_features_are_not_computed_again(cached, small_dataset):
    files = {path: path.stat().st_mtime_ns for path in (cached / FEATURES).rglob("*.parquet")}
    assert len(files) == 6  # 3 common shards, 2 of the member, 1 of the hold-out
    done = train(small_dataset, cached, "--cache-features", "--epochs", "3")
    assert done.returncode == 0, done.stderr
    assert {path: path.stat().st_mtime_ns for path in (cached / FEATURES).rglob("*.parquet")} == files


@pytest.fixture(scope="module")
def on_two_ranks(small_dataset, tmp_path_factory, ranks):
    """Train on two ranks; return the models and a function that resumes them."""
    models = tmp_path_factory.mktemp("two ranks")

    def train(*more):
        options = ("--dataset", small_dataset, "--models", models, *OPTIONS, "--cache-features", *more)
        for done in ranks.job("train", *options):
            assert done.returncode == 0, done.stderr

    train()
    return models, train


def test_two_ranks_compute_each_missing_shard_once(on_two_ranks):
    models, train = on_two_ranks
    files = sorted((models / FEATURES).rglob("*.parquet"))
    assert len(files) == 6
    before = {path: path.stat().st_mtime_ns for path in files[1:]}
    content = files[0].read_bytes()
    files[0].unlink()
    train("--epochs", "3")
    assert {path: path.stat().st_mtime_ns for path in files[1:]} == before
    assert files[0].read_bytes() == content


def test_two_ranks_index_each_training_photo_once_by_its_untransformed_row(on_two_ranks, small_dataset):
    models, _ = on_two_ranks
    rows = {}
    for path in (models / FEATURES).glob("*/train/*/*.parquet"):
        named = pq.read_table(Path(small_dataset) / path.relative_to(path.parents[2]), columns=["recipe"])
        table = pq.read_table(path)
        columns = (table[name].to_pylist() for name in ("image_id", "class_index", "features"))
        for recipe, image_id, index, features in zip(named["recipe"].to_pylist(), *columns, strict=True):
            if recipe == str(PLAIN):
                assert image_id not in rows
                rows[image_id] = index, features
    directory = Place(str(models / "member-0"))
    found = read_index(directory, read_whitening(directory))
    assert sorted(found.image_ids) == sorted(image_id.decode() for image_id in rows)
    expected = [rows[image_id.encode()] for image_id in found.image_ids]
    assert found.classes.tolist() == [index for index, _ in expected]
    vectors = found.projection.vectors(np.array([features for _, features in expected]))
    np.testing.assert_allclose(found.vectors, vectors, atol=2e-3)


def test_two_ranks_compute_statistics_of_all_rows(on_two_ranks):
    models, _ = on_two_ranks
    tables = [pq.read_table(path) for path in (models / FEATURES).glob("*/train/*/*.parquet")]
    features = np.concatenate([np.stack(table["features"].to_pylist()) for table in tables])
    sums = FeatureSums.zeros(3, features.shape[1])
    sums.add(features, np.concatenate([table["class_index"].to_numpy() for table in tables]))
    np.testing.assert_allclose(
        load_trained(Place(str(models / "member-0" / BEST))).get_layer(SIMILARITY).class_means,
        feature_statistics(sums).classes,
        atol=3e-4,
    )


TRAINED = ("--trainable-layers", "2", "--precision", "mixed_bfloat16", "--learning-rate", "0.001")


@pytest.fixture(scope="module")
def tail(small_dataset, tmp_path_factory):
    """Train the last layers on what the others return."""
    models = tmp_path_factory.mktemp("tail")
    done = train(small_dataset, models, "--cache-features", *TRAINED)
    assert done.returncode == 0, done.stderr
    return models, done


def test_trained_layers_learn_from_the_outputs_of_the_frozen_ones_bit_for_bit(tail, small_dataset, tmp_path):
    """Which 16 bits hold, as mixed precision computes in them."""
    cached, _ = tail
    done = train(small_dataset, tmp_path, *TRAINED)
    assert done.returncode == 0, done.stderr
    for one, other in zip(last_weights(cached), last_weights(tmp_path), strict=True):
        np.testing.assert_array_equal(one, other)
    measured = [name for name in history(cached)[0] if name.startswith(("training", "validation"))]
    for one, other in zip(history(cached), history(tmp_path), strict=True):
        assert [one[name] for name in measured] == [other[name] for name in measured]
    mine, theirs = (read_whitening(Place(str(m / "member-0"))) for m in (cached, tmp_path))
    np.testing.assert_array_equal(mine.shrinkage, theirs.shrinkage)


def test_the_size_of_the_outputs_is_reported_before_they_are_computed(tail):
    models, done = tail
    (folder,) = (models / FEATURES).iterdir()
    size = "73 rows take 150 kB"  # of 1,024 numbers of 16 bits
    assert f"8 x 8 x 16 bfloat16, 2.0 kB per row; {size} in {folder}, 150 kB of it are missing" in done.stderr


def test_error_names_a_damaged_file_of_features(cached, small_dataset):
    path = max((cached / FEATURES).rglob("*.parquet"))
    path.write_bytes(path.read_bytes()[:-100])
    done = train(small_dataset, cached, "--cache-features", "--epochs", "4")
    assert done.returncode == 1
    assert str(path.name) in done.stderr.splitlines()[-1]
    assert "remove the file" in done.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    "option", [("--trainable-layers", "all"), ("--random-flip",), ("--max-bad-rows", "1")]
)
def test_options_that_change_the_features_exclude_the_cache(small_dataset, tmp_path, option):
    done = train(small_dataset, tmp_path, "--cache-features", *option)
    assert done.returncode == 2
    assert "--cache-features" in done.stderr


@given(st.lists(st.integers(1, 9)), st.data())
def test_rows_are_regrouped_into_any_sizes_in_order(sizes, data):
    rows = np.arange(sum(sizes))
    groups, at = [], 0
    while at < len(rows):
        step = data.draw(st.integers(1, 7))
        part = rows[at : at + step]
        groups.append((part, part.astype(np.int32), part[:, np.newaxis].astype(np.float32)))
        at += step
    pieces = list(cut(iter(groups), sizes))
    assert [len(ids) for ids, _, _ in pieces] == sizes
    assert [n for ids, _, _ in pieces for n in ids] == rows.tolist()
    assert all((ids == features[:, 0]).all() and (ids == classes).all() for ids, classes, features in pieces)
