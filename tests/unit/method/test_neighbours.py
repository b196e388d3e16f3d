"""The training photos most similar to a photo are found exactly, whatever the blocks that are searched."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from landmark_lib.method import neighbours
from landmark_lib.method.neighbours import (
    OF_CLASS,
    NeighbourIndex,
    Projection,
    most_similar,
    similarity_to_known,
)
from landmark_lib.method.similarity import FeatureSums, unit

CLASSES, FEATURES = 4, 12


def photos(seed, count=60):
    """Features that vary between classes, and most within them along the first axis."""
    random = np.random.default_rng(seed)
    classes = np.arange(count) % CLASSES
    centres = 3 * np.eye(CLASSES, FEATURES)
    noise = random.normal(size=(count, FEATURES)) * np.array([6.0, *[0.3] * (FEATURES - 1)])
    return (centres[classes] + noise).astype(np.float32), classes


def index_of(features, classes, names=None):
    sums = FeatureSums.zeros(CLASSES, FEATURES)
    sums.add(features, classes)
    _, projection = Projection.of_sums(sums)
    names = names or [f"photo {number:03}" for number in range(len(classes))]
    vectors = projection.vectors(features).astype(np.float16)
    return NeighbourIndex.of_photos(projection, names, classes.astype(np.int32), vectors)


def test_a_training_photo_is_most_similar_to_itself():
    features, classes = photos(0)
    index = index_of(features, classes)
    found = most_similar([index], [features])
    assert [of_photo[0].image_id for of_photo in found] == [f"photo {n:03}" for n in range(len(classes))]
    assert all(of_photo[0].similarity == pytest.approx(1, abs=1e-3) for of_photo in found)
    assert [of_photo[0].class_index for of_photo in found] == classes.tolist()


def test_neighbours_show_the_same_landmark_although_features_vary_most_within_classes():
    (features, classes), (others, true) = photos(1), photos(2)
    positions, _ = index_of(features, classes).nearest(
        index_of(features, classes).projection.vectors(others), 1
    )
    nearest = index_of(features, classes).classes[positions[:, 0]]
    plain = unit(others) @ unit(features).T
    assert (nearest == true).mean() > 0.95 > (classes[plain.argmax(axis=1)] == true).mean()


VECTORS = arrays.arrays(np.float32, (23, 5), elements=st.floats(-1, 1, width=16))


@given(VECTORS, st.integers(1, 30), st.integers(1, 30))
def test_blocks_of_any_size_find_what_comparing_all_photos_finds(vectors, count, block):
    directions = np.eye(5, dtype=np.float32)
    index = NeighbourIndex(
        Projection(None, directions), list(range(23)), np.zeros(23, np.int32), vectors.astype(np.float16)
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(neighbours, "BLOCK", block)
        positions, cosines = index.nearest(vectors[:3], count)
    expected = -np.sort(-(vectors[:3] @ index.vectors.astype(np.float32).T), axis=1)[:, :count]
    np.testing.assert_allclose(cosines, expected, atol=1e-5)
    assert all(len(set(row)) == len(row) for row in positions.tolist())


@given(VECTORS, st.integers(0, 22))
def test_similarity_to_known_photos_is_the_mean_cosine_to_the_nearest(vectors, known):
    found = similarity_to_known(vectors, vectors[:known].astype(np.float16))
    cosines = -np.sort(-(vectors @ vectors[:known].T), axis=1)[:, :OF_CLASS]
    expected = cosines.mean(axis=1) if known else np.zeros(23)
    np.testing.assert_allclose(found, expected, atol=1e-5)


@given(VECTORS)
def test_no_photo_is_like_itself(vectors):
    known = vectors[::2].astype(np.float16)
    own = np.where(np.arange(23) % 2 == 0, np.arange(23) // 2, -1)
    found = similarity_to_known(vectors, known, own)
    for photo in range(23):
        others = np.delete(known, own[photo], axis=0) if own[photo] >= 0 else known
        (expected,) = similarity_to_known(vectors[photo : photo + 1], others)
        assert found[photo] == pytest.approx(expected, abs=1e-5)


def test_similarity_to_a_class_is_that_of_its_most_similar_photos():
    features, classes = photos(3)
    index = index_of(features, classes)
    vectors = index.projection.vectors(features[:5])
    wanted = np.array([2, 2, 0, 1, 3])
    cosines = vectors @ index.vectors.astype(np.float32).T
    expected = [
        np.sort(row[index.classes == of_class])[-OF_CLASS:].mean()
        for row, of_class in zip(cosines, wanted, strict=True)
    ]
    np.testing.assert_allclose(index.similarity(vectors, wanted), expected, rtol=1e-5)


def test_a_class_without_photos_is_similar_to_none():
    features, classes = photos(4)
    index = index_of(features[classes != 2], classes[classes != 2])
    vectors = index.projection.vectors(features[:4])
    assert index.similarity(vectors, np.full(4, 2)).tolist() == [0, 0, 0, 0]


def test_members_find_each_photo_once_as_similar_as_the_closest_member_does():
    features, classes = photos(5)
    first = index_of(features, classes)
    other = index_of(features[::-1].copy(), classes[::-1].copy())  # other features of the same ids
    both = most_similar([first, other], [features, features], count=4)
    alone = [most_similar([index], [features], count=4) for index in (first, other)]
    for photo, found in enumerate(both):
        ids = [one.image_id for one in found]
        assert len(ids) == len(set(ids)) == 4
        assert [one.similarity for one in found] == sorted((one.similarity for one in found), reverse=True)
        best = max(one.similarity for of_member in alone for one in of_member[photo])
        assert found[0].similarity == best


def test_the_order_of_photos_does_not_matter():
    features, classes = photos(6)
    names = [f"photo {number:03}" for number in range(len(classes))]
    index, order = index_of(features, classes), np.random.default_rng(0).permutation(len(classes))
    again = NeighbourIndex.of_photos(
        index.projection,
        [names[n] for n in order],
        classes[order].astype(np.int32),
        index.projection.vectors(features).astype(np.float16)[order],
    )
    assert again.image_ids == index.image_ids
    np.testing.assert_array_equal(again.vectors, index.vectors)


def test_parts_that_do_not_fit_are_refused():
    index = index_of(*photos(7))
    with pytest.raises(ValueError, match="expected 59 sorted classes and vectors of 12, received"):
        NeighbourIndex(index.projection, index.image_ids[:-1], index.classes, index.vectors)
    with pytest.raises(ValueError, match="sorted classes"):
        NeighbourIndex(index.projection, index.image_ids, index.classes[::-1], index.vectors)
