"""Counts are long-tailed like in the paper's Table 1, and lists without pixels follow them."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from landmark_lib.method.label_counts import TABLE_1
from landmark_sample.label_counts import labels_without_pixels, long_tailed_counts

PAPER = 14_951, 1_200_000


@pytest.fixture(scope="module")
def paper_counts():
    return long_tailed_counts(*PAPER)


def test_percentiles_at_the_papers_scale_are_those_of_table_1(paper_counts):
    assert len(paper_counts) == PAPER[0]
    assert sum(paper_counts) == PAPER[1]
    percentiles = np.percentile(paper_counts, range(10, 100, 10))
    assert np.abs(percentiles - list(TABLE_1.values())).max() <= 1


def test_two_labels_at_the_papers_scale_have_over_50_000_photos(paper_counts):
    assert sum(count > 50_000 for count in paper_counts) == 2
    assert paper_counts[-1] < 51_000


def test_about_8_800_labels_at_the_papers_scale_have_at_least_10_photos(paper_counts):
    assert abs(sum(count >= 10 for count in paper_counts) - 8_800) <= 100


def test_larger_corpora_keep_the_percentiles():
    counts = long_tailed_counts(200_000, 10_000_000)
    assert sum(counts) == 10_000_000
    assert np.abs(np.percentile(counts, range(10, 100, 10)) - list(TABLE_1.values())).max() <= 1


@given(st.integers(1, 400), st.integers(0, 100_000))
def test_counts_of_any_size_are_ascending_positive_and_sum_exactly(labels, more):
    counts = long_tailed_counts(labels, labels + more)
    assert len(counts) == labels
    assert sum(counts) == labels + more
    assert counts == sorted(counts)
    assert counts[0] >= 1


def test_the_samples_counts_are_the_same_in_every_release():
    # A changed count changes every sample: never change this line.
    assert long_tailed_counts(20, 1_000) == SAMPLE_COUNTS


SAMPLE_COUNTS = [1, 3, 4, 5, 6, 6, 8, 8, 10, 13, 15, 20, 24, 31, 39, 54, 76, 115, 175, 387]


@pytest.mark.parametrize(("labels", "photos"), [(0, 5), (-1, 5), (5, 4)])
def test_too_few_photos_for_the_labels_are_refused(labels, photos):
    with pytest.raises(ValueError, match="a photo for each"):
        long_tailed_counts(labels, photos)


@given(st.integers(1, 50), st.integers(0, 500), st.integers())
def test_list_without_pixels_has_the_planned_counts_and_distinct_ids(labels, more, seed):
    rows = list(labels_without_pixels(labels, labels + more, seed))
    assert len({image_id for image_id, _ in rows}) == labels + more
    assert sorted(Counter(label for _, label in rows).values()) == long_tailed_counts(labels, labels + more)


def test_ids_look_like_kaggles():
    for image_id, landmark_id in labels_without_pixels(5, 50, seed=3):
        assert len(image_id) == 16
        assert int(image_id, 16) < 1 << 64
        assert landmark_id == str(int(landmark_id))


def test_list_is_the_same_in_every_release():
    assert list(labels_without_pixels(20, 1_000, seed=0))[:3] == [
        ("b51eaf53f6f9361c", "3329"),
        ("80183a97a7d5eb72", "7495"),
        ("ee31cfd97ecdedf1", "7495"),
    ]


def test_rows_of_one_landmark_are_scattered_over_the_list():
    labels = [landmark_id for _, landmark_id in labels_without_pixels(20, 1_000, seed=0)]
    largest = Counter(labels).most_common(1)[0][0]
    halves = [half.count(largest) for half in (labels[:500], labels[500:])]
    assert min(halves) > 0.35 * sum(halves)


def test_another_seed_gives_another_list():
    assert list(labels_without_pixels(9, 99, seed=0)) != list(labels_without_pixels(9, 99, seed=1))
