"""Statistics of training features give the similarity of a photo and each class."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from landmark_lib.method.similarity import (
    DIRECTIONS,
    FeatureSums,
    feature_statistics,
    principal_directions,
)

CLASSES, FEATURES = 4, 24


def photos(seed, each=30, spread=3.0):
    """Classes that differ in the first features, and vary strongly in the last ones."""
    random = np.random.default_rng(seed)
    classes = np.repeat(np.arange(CLASSES), each)
    features = random.normal(0, 0.3, (len(classes), FEATURES)) + 2.0
    features[np.arange(len(classes)), classes] += 2.0
    features[:, -4:] += random.normal(0, spread, (len(classes), 4))
    return features.astype(np.float32), classes


def sums_of(features, classes, count=CLASSES):
    sums = FeatureSums.zeros(count, features.shape[1])
    sums.add(features, classes)
    return sums


def test_photos_are_most_similar_to_their_own_class_despite_other_variation():
    statistics = feature_statistics(sums_of(*photos(0)))
    features, classes = photos(1)
    assert (statistics.cosines(features).argmax(axis=1) == classes).mean() > 0.95
    plain = features - features.mean(axis=0)
    means = np.stack([plain[classes == index].mean(axis=0) for index in range(CLASSES)])
    cosines = plain @ means.T / np.linalg.norm(plain, axis=1)[:, None] / np.linalg.norm(means, axis=1)
    assert (cosines.argmax(axis=1) == classes).mean() < 0.95


@pytest.mark.parametrize("seed", range(3))
def test_few_photos_of_many_features_do_not_mislead(seed):
    """Their strongest variation is chance: divided by all of it, new photos are recognised less often."""
    random = np.random.default_rng(seed)
    means = random.normal(0, 0.35, (20, 200))
    classes = np.repeat(np.arange(20), 13)
    features = (means[classes] + random.normal(size=(260, 200))).astype(np.float32)
    new_classes = np.repeat(np.arange(20), 50)
    new = (means[new_classes] + random.normal(size=(1000, 200))).astype(np.float32)
    statistics = feature_statistics(sums_of(features, classes, 20))
    right = (statistics.cosines(new).argmax(axis=1) == new_classes).mean()

    of_class = np.stack([features[classes == index].mean(axis=0) for index in range(20)])
    within = features - of_class[classes]
    variances, directions = np.linalg.eigh(within.T @ within / 260)
    strongest, rest = variances[100:], variances[:100].mean()
    whitening = np.eye(200) + (directions[:, 100:] * (np.sqrt(rest / strongest) - 1)) @ directions[:, 100:].T
    centre = of_class.mean(axis=0)
    whitened, known = (new - centre) @ whitening, (of_class - centre) @ whitening
    known /= np.linalg.norm(known, axis=1, keepdims=True)
    assert right > ((whitened @ known.T).argmax(axis=1) == new_classes).mean() + 0.02


@given(st.integers(0, 5), st.integers(1, 7))
def test_sums_can_be_added_in_parts(seed, parts):
    features, classes = photos(seed, each=5)
    sums = FeatureSums.zeros(CLASSES, FEATURES)
    for rows in np.array_split(np.arange(len(classes)), parts):
        sums.add(features[rows], classes[rows])
    whole = sums_of(features, classes)
    np.testing.assert_allclose(sums.features, whole.features, rtol=1e-6)
    np.testing.assert_allclose(sums.products, whole.products, rtol=1e-5, atol=1e-3)


@given(st.integers(0, 20), st.floats(0.1, 100))
def test_similarity_is_a_cosine_independent_of_scale(seed, scale):
    features, classes = photos(seed, each=6)
    similarity = feature_statistics(sums_of(features, classes)).cosines(features)
    assert (np.abs(similarity) <= 1 + 1e-6).all()
    scaled = (features * np.float32(scale)).astype(np.float32)
    again = feature_statistics(sums_of(scaled, classes)).cosines(scaled)
    np.testing.assert_allclose(again, similarity, atol=2e-3)


def test_similarity_to_a_class_without_photos_is_zero():
    features, classes = photos(0)
    statistics = feature_statistics(sums_of(features, classes, CLASSES + 1))
    np.testing.assert_array_equal(statistics.cosines(features)[:, CLASSES], 0)


def test_statistics_are_small():
    random = np.random.default_rng(0)
    features = random.normal(size=(800, 1200)).astype(np.float32)
    statistics = feature_statistics(sums_of(features, np.arange(800) % 3, 3))
    assert statistics.whitening.directions.shape == (1200, DIRECTIONS)
    assert statistics.classes.shape == (3, 1200)


def test_classes_with_one_photo_each_have_no_variation():
    features, classes = photos(0, each=1)
    similarity = feature_statistics(sums_of(features, classes)).cosines(features)[classes, classes]
    np.testing.assert_allclose(similarity, 1, atol=1e-5)


def test_refuses_no_photos_and_nan():
    with pytest.raises(ValueError, match="0 photos"):
        feature_statistics(FeatureSums.zeros(2, 3))
    with pytest.raises(ValueError, match="finite features"):
        feature_statistics(sums_of(np.full((2, 3), np.nan), np.array([0, 1]), 2))


def test_directions_of_most_variance_point_the_same_way_on_every_machine():
    features, _ = photos(0)
    covariance = np.cov(features.T)
    variances, directions = principal_directions(covariance, 3)
    np.testing.assert_allclose(covariance @ directions, directions * variances, atol=1e-9)
    np.testing.assert_allclose(variances, np.linalg.eigvalsh(covariance)[-3:])
    assert (directions[np.abs(directions).argmax(axis=0), np.arange(3)] > 0).all()


def test_sums_in_32_bits_and_the_class_means_share_their_memory():
    sums = sums_of(*photos(0))
    expected = feature_statistics(sums).classes
    sums.features = sums.features.astype(np.float32)
    found = feature_statistics(sums).classes
    assert np.shares_memory(found, sums.features)
    np.testing.assert_allclose(found, expected, atol=1e-5)
