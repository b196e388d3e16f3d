"""Percentiles and histogram describe the label counts; frequent labels get dense class indices."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landmark_lib.method.label_counts import PERCENTILES, histogram, kept_labels, percentiles

COUNTS = st.lists(st.integers(1, 10**6), min_size=1)


def test_percentiles_of_ten_labels_are_their_sorted_counts():
    assert percentiles([9, 1, 8, 2, 7, 3, 6, 4, 5, 100]) == {10 * n: n for n in range(1, 10)}


def test_a_percentile_is_a_count_never_a_mean_of_two():
    assert percentiles([1, 1000])[50] == 1
    assert percentiles([1, 1000])[60] == 1000


@given(COUNTS)
def test_a_percentile_is_the_smallest_count_that_enough_labels_do_not_exceed(counts):
    def enough(count, percent):
        return 100 * sum(c <= count for c in counts) >= percent * len(counts)

    expected = {p: min(c for c in counts if enough(c, p)) for p in PERCENTILES}
    assert percentiles(counts) == expected


def test_percentiles_of_no_labels_are_refused():
    with pytest.raises(ValueError, match="received none"):
        percentiles([])


def test_histogram_worked_example_shows_its_empty_bin():
    assert histogram([1, 1, 2, 3, 8]) == [(1, 1, 2), (2, 3, 2), (4, 7, 0), (8, 15, 1)]


@given(COUNTS)
def test_histogram_has_no_gap_and_counts_every_label_once(counts):
    bins = histogram(counts)
    assert bins[0][0] == 1
    assert all(high + 1 == low for (_, high, _), (low, _, _) in pairwise(bins))
    assert all(labels == sum(low <= c <= high for c in counts) for low, high, labels in bins)
    assert bins[-1][2] > 0
    assert sum(labels for _, _, labels in bins) == len(counts)


def test_histogram_of_no_labels_is_empty():
    assert histogram([]) == []


def test_histogram_refuses_a_label_without_images():
    with pytest.raises(ValueError, match="at least 1, received 0"):
        histogram([3, 0])


def test_kept_labels_are_sorted_and_frequent_enough():
    assert kept_labels({"b": 10, "c": 9, "a": 11}, min_count=10) == ["a", "b"]


@given(st.dictionaries(st.text(), st.integers(1, 20)), st.integers(1, 20))
def test_order_of_labels_does_not_change_the_class_indices(counts, smallest):
    backwards = dict(reversed(counts.items()))
    assert kept_labels(counts, smallest) == kept_labels(backwards, smallest)
