"""Heads return what they define, are saved, and train on cached features as on images."""

from dataclasses import replace

import keras
import numpy as np
import pytest
import small_network
from job_runs import run_here

from landmark_lib.method.similarity import FeatureSums, feature_statistics
from landmark_lib.storage import Place
from landmark_lib.training.backbone import load_backbone
from landmark_lib.training.class_similarity import (
    DENSE_FACTOR,
    EARLIER_DIRECTIONS,
    SCALE,
    SIMILARITY,
    ClassSimilarity,
)
from landmark_lib.training.feature_files import FEATURES
from landmark_lib.training.head import LOGITS, HeadOptions, share_head
from landmark_lib.training.member_record import read_member, write_member
from landmark_lib.training.model import (
    BACKBONE,
    build_model,
    features_of,
    load_trained,
    with_similarity,
    without_similarity,
)
from landmark_lib.training.model_directory import BEST, read_whitening

CLASSES = 3
OPTIONS = [
    *("--member", "0", "--epochs", "2", *small_network.OPTIONS, "--pooling", "gem2"),
    *("--trainable-layers", "0", "--learning-rate", "0.01", "--deterministic"),
]


@pytest.fixture(scope="module")
def random():
    return np.random.default_rng(0)


def statistics_of(features, classes):
    sums = FeatureSums.zeros(CLASSES, features.shape[1])
    sums.add(features, classes)
    return feature_statistics(sums)


def test_similarities_of_the_layer_are_those_of_the_method(random):
    features = random.normal(size=(40, 12)).astype(np.float32)
    statistics = statistics_of(features, np.arange(40) % CLASSES)
    layer = ClassSimilarity(CLASSES)
    layer.build((None, 12))
    layer.set_statistics(statistics)
    np.testing.assert_allclose(layer(features), SCALE * statistics.cosines(features), rtol=1e-4, atol=1e-4)


def test_a_layer_of_an_earlier_release_has_as_many_directions_as_it_had():
    config = ClassSimilarity(CLASSES, directions=512).get_config()
    assert ClassSimilarity.from_config(config).get_config() == config
    del config["directions"]
    earlier = ClassSimilarity.from_config(config)
    earlier.build((None, 2048))
    assert earlier.directions.shape == (2048, EARLIER_DIRECTIONS)


def head_of(length):
    small_network.register()
    backbone = load_backbone(small_network.NAME, "random", 32, seed=0)
    return build_model(backbone, "tf", HeadOptions(CLASSES, 0.5, 1e-4, seed=0, feature_length=length))


@pytest.mark.parametrize("policy", ["float32", "mixed_float16"])
def test_a_head_receives_features_of_one_length_whatever_theirs_is(random, policy):
    keras.config.set_dtype_policy(policy)
    try:
        model = head_of(30.0)
    finally:
        keras.config.set_dtype_policy("float32")
    features = keras.Input(model.get_layer(BACKBONE).output.shape[1:])
    alone = keras.Model(features, share_head(model, features))
    given = random.random((6, *features.shape[1:])).astype(np.float32)
    scaled = 30 * given / np.linalg.norm(given, axis=1, keepdims=True)
    dense = model.get_layer(LOGITS)
    expected = scaled @ dense.kernel.numpy() + dense.bias.numpy()
    tolerance = 1e-4 if policy == "float32" else 2e-2
    for factor in (1e-3, 1, 1e3):
        np.testing.assert_allclose(alone(factor * given), expected, rtol=tolerance, atol=tolerance)
    assert np.isfinite(alone(np.zeros_like(given))).all()


def test_features_of_length_0_reach_the_head_as_they_are(random):
    model = head_of(0)
    images = random.integers(0, 256, (6, 32, 32, 3)).astype(np.uint8)
    dense = model.get_layer(LOGITS)
    expected = features_of(model)(images).numpy() @ dense.kernel.numpy() + dense.bias.numpy()
    np.testing.assert_allclose(model(images, training=False), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("by_class", [False, True])
def test_a_network_with_both_is_saved_with_its_statistics(random, tmp_path, by_class):
    small_network.register()
    backbone = load_backbone(small_network.NAME, "random", 32, seed=0, pooling="gem")
    trained = build_model(backbone, "tf", HeadOptions(CLASSES, 0.5, 1e-4, 0, 30.0, by_class))
    images = random.integers(0, 256, (6, 32, 32, 3)).astype(np.uint8)
    features = features_of(trained)(images).numpy()
    statistics = statistics_of(features, np.arange(6) % CLASSES)
    model = with_similarity(trained, statistics)
    expected = DENSE_FACTOR * trained(images, training=False) + SCALE * statistics.cosines(features)
    np.testing.assert_allclose(model(images, training=False), expected, rtol=1e-4, atol=1e-4)
    model.save(tmp_path / BEST)
    again = load_trained(Place(str(tmp_path / BEST)))
    np.testing.assert_array_equal(again(images, training=False), model(images, training=False))
    np.testing.assert_array_equal(without_similarity(again)(images), trained(images, training=False))
    twice = with_similarity(again, statistics)
    np.testing.assert_array_equal(twice(images, training=False), model(images, training=False))


def train(root, models, *more):
    done = run_here("train", "--dataset", root, "--models", models, *OPTIONS, *more)
    assert done.returncode == 0, done.stderr
    return Place(str(models / "member-0"))


def logits_of(member):
    photos = np.random.default_rng(1).integers(0, 256, (8, 32, 32, 3)).astype(np.uint8)
    return load_trained(member / BEST)(photos, training=False).numpy()


@pytest.fixture(scope="module")
def cached(small_dataset, tmp_path_factory):
    return train(small_dataset, tmp_path_factory.mktemp("cached"), "--cache-features")


def test_training_on_cached_features_equals_training_on_images(cached, small_dataset, tmp_path):
    np.testing.assert_allclose(
        logits_of(cached), logits_of(train(small_dataset, tmp_path)), rtol=1e-3, atol=1e-3
    )


def test_the_similarity_is_added_to_what_the_dense_layer_returns(cached, small_dataset):
    other = train(
        small_dataset, cached.path.parent.parent / "softmax", "--cache-features", "--head", "softmax"
    )
    layer = load_trained(cached / BEST).get_layer(SIMILARITY)
    np.testing.assert_array_equal(layer.shrinkage, read_whitening(cached).shrinkage)
    difference = logits_of(cached) - DENSE_FACTOR * logits_of(other)
    assert np.abs(difference).max() <= SCALE * 1.001
    assert np.abs(difference).max() > 0.1


def test_each_pooling_has_features_of_its_own(cached, small_dataset):
    models = cached.path.parent
    before = set((models / FEATURES).iterdir())
    train(small_dataset, models.parent / "average", "--cache-features", "--pooling", "avg")
    (other,) = (models.parent / "average" / FEATURES).iterdir()
    assert other.name not in {folder.name for folder in before}


def test_each_pooling_has_means_of_its_own_beside_the_output_of_a_cut(small_dataset, tmp_path):
    """Its layers have no weights and are equally many, so others must not be taken for them."""
    folders = set()
    for pooling in ("avg2", "gem2"):
        network = ("--backbone", "MobileNet", "--trainable-layers", "1", "--epochs", "1")
        train(small_dataset, tmp_path / pooling, "--cache-features", "--pooling", pooling, *network)
        (folder,) = (tmp_path / pooling / FEATURES).iterdir()
        folders.add(folder.name)
    assert len(folders) == 2


def test_a_training_that_ends_again_ends_with_the_same_model(cached, small_dataset):
    """As after a kill between the last checkpoint and the end."""
    before = logits_of(cached)
    write_member(cached, replace(read_member(cached), finished=False, ended=""))
    train(small_dataset, cached.path.parent, "--cache-features")
    np.testing.assert_array_equal(logits_of(cached), before)
