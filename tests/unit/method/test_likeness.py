"""A sketch of training features tells how like a photo is to each class."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from landmark_lib.method.likeness import DIRECTIONS, FeatureSums, sketch_of

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
    sums = FeatureSums.nothing(count, features.shape[1])
    sums.add(features, classes)
    return sums


def test_photos_are_most_like_their_own_class_however_much_else_varies():
    sketch = sketch_of(sums_of(*photos(0)))
    features, classes = photos(1)
    likeness = np.stack([sketch.likeness(features, np.full(len(classes), label)) for label in range(CLASSES)])
    assert (likeness.argmax(axis=0) == classes).mean() > 0.95
    plain = features - features.mean(axis=0)
    means = np.stack([plain[classes == label].mean(axis=0) for label in range(CLASSES)])
    cosines = plain @ means.T / np.linalg.norm(plain, axis=1)[:, None] / np.linalg.norm(means, axis=1)
    assert (cosines.argmax(axis=1) == classes).mean() < 0.95


@given(st.integers(0, 5), st.integers(1, 7))
def test_sums_may_be_added_up_in_parts(seed, parts):
    features, classes = photos(seed, each=5)
    sums = FeatureSums.nothing(CLASSES, FEATURES)
    for rows in np.array_split(np.arange(len(classes)), parts):
        sums.add(features[rows], classes[rows])
    whole = sums_of(features, classes)
    np.testing.assert_allclose(sums.features, whole.features, rtol=1e-6)
    np.testing.assert_allclose(sums.products, whole.products, rtol=1e-5, atol=1e-3)


@given(st.integers(0, 20), st.floats(0.1, 100))
def test_likeness_is_a_cosine_and_knows_no_scale(seed, scale):
    features, classes = photos(seed, each=6)
    likeness = sketch_of(sums_of(features, classes)).likeness(features, classes)
    assert ((likeness >= -1) & (likeness <= 1)).all()
    scaled = (features * np.float32(scale)).astype(np.float32)
    again = sketch_of(sums_of(scaled, classes)).likeness(scaled, classes)
    np.testing.assert_allclose(again, likeness, atol=2e-3)


def test_a_class_without_photos_is_like_nothing():
    features, classes = photos(0)
    sketch = sketch_of(sums_of(features, classes, CLASSES + 1))
    np.testing.assert_array_equal(sketch.likeness(features, np.full(len(classes), CLASSES)), 0)


def test_the_sketch_is_small():
    random = np.random.default_rng(0)
    features = random.normal(size=(800, 600)).astype(np.float32)
    sketch = sketch_of(sums_of(features, np.arange(800) % 3, 3))
    assert sketch.directions.shape == (600, DIRECTIONS)
    assert sketch.classes.shape == (3, 600)


def test_of_classes_of_one_photo_each_nothing_varies():
    features, classes = photos(0, each=1)
    likeness = sketch_of(sums_of(features, classes)).likeness(features, classes)
    np.testing.assert_allclose(likeness, 1, atol=1e-5)


def test_no_photos_and_no_numbers_are_refused():
    with pytest.raises(ValueError, match="0 photos"):
        sketch_of(FeatureSums.nothing(2, 3))
    with pytest.raises(ValueError, match="numbers"):
        sketch_of(sums_of(np.full((2, 3), np.nan), np.array([0, 1]), 2))
