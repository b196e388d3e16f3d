"""Metrics equal their definitions, taken literally."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from landmark_lib.method.metrics import (
    confusion,
    disagreement,
    gap,
    macro_precision,
    macro_recall,
    mean_class_accuracy,
    per_class_accuracy,
    tenths_by_label_count,
    top_k_accuracy,
)

PAIRS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1)
SCORES = st.sampled_from([0.0, 0.25, 0.5, 1.0])
# A photo with its true labels, and its prediction if it has one.
PHOTO = st.tuples(st.sets(st.integers(0, 3), max_size=2), st.none() | st.tuples(st.integers(0, 3), SCORES))
ALBUMS = st.dictionaries(st.text(max_size=2), PHOTO, max_size=12).filter(
    lambda album: any(right for right, _ in album.values())
)


def parts(album):
    predictions = {photo: found for photo, (_, found) in album.items() if found is not None}
    return predictions, {photo: right for photo, (right, _) in album.items()}


def test_top_k_worked_example():
    ranked = np.array([[1, 2, 3], [2, 1, 3], [3, 2, 1], [3, 2, 4]])
    truth = np.array([1, 1, 1, 1])
    assert [top_k_accuracy(ranked, truth, k) for k in (1, 2, 3)] == [0.25, 0.5, 0.75]


@pytest.mark.parametrize(
    ("ranked", "truth", "k", "why"),
    [
        (np.zeros((2, 3), int), np.zeros(2, int), 4, "expected k in 1 to 3, received 4"),
        (np.zeros((2, 3), int), np.zeros(2, int), 0, "expected k in 1 to 3, received 0"),
        (np.zeros((2, 3), int), np.zeros(3, int), 1, r"received \(2, 3\) and \(3,\)"),
        (np.zeros((0, 3), int), np.zeros(0, int), 1, "not empty"),
        (np.zeros(3, int), np.zeros(3, int), 1, r"received \(3,\) and \(3,\)"),
    ],
)
def test_top_k_refuses_other_shapes_and_k_out_of_range(ranked, truth, k, why):
    with pytest.raises(ValueError, match=why):
        top_k_accuracy(ranked, truth, k)


def test_rare_and_frequent_classes_have_equal_weight():
    assert mean_class_accuracy(np.array([0, 0, 0, 0, 5]), np.array([0, 0, 0, 0, 9])) == 0.5


@given(PAIRS)
def test_mean_class_accuracy_is_the_mean_of_per_class_accuracies(pairs):
    classes, truth = np.array(pairs).T
    alone = [np.mean([a == b for a, b in pairs if b == right]) for right in {b for _, b in pairs}]
    assert mean_class_accuracy(classes, truth) == pytest.approx(np.mean(alone))


def test_macro_worked_example_counts_absent_classes_as_0():
    classes, truth = np.array([0, 0, 1, 7]), np.array([0, 1, 1, 5])
    # Precision of 0, 1, 5, 7: a half, all, never predicted, wrong. Recall: all, a half, none, no photos.
    assert macro_precision(classes, truth) == pytest.approx((1 / 2 + 1 + 0 + 0) / 4)
    assert macro_recall(classes, truth) == pytest.approx((1 + 1 / 2 + 0 + 0) / 4)


@given(PAIRS)
def test_macro_figures_are_means_over_classes(pairs):
    classes, truth = np.array(pairs).T
    for metric, own in ((macro_precision, 0), (macro_recall, 1)):
        shares = []
        for index in {index for pair in pairs for index in pair}:
            photos = [pair for pair in pairs if pair[own] == index]
            shares.append(np.mean([a == b for a, b in photos]) if photos else 0.0)
        assert metric(classes, truth) == pytest.approx(np.mean(shares))


@given(PAIRS)
def test_precision_is_recall_with_truth_and_predictions_swapped(pairs):
    classes, truth = np.array(pairs).T
    assert macro_precision(classes, truth) == macro_recall(truth, classes)


@given(PAIRS)
def test_per_class_accuracy_is_nan_without_photos(pairs):
    classes, truth = np.array(pairs).T
    for number, accuracy in enumerate(per_class_accuracy(classes, truth, 6)):
        right = [a == b for a, b in pairs if b == number]
        assert accuracy == pytest.approx(np.mean(right) if right else np.nan, nan_ok=True)


@given(st.lists(st.integers(1, 9), max_size=35))
def test_tenths_hold_every_class_once_rarest_first_with_sizes_differing_by_at_most_one(label_counts):
    parts = [part.tolist() for part in tenths_by_label_count(np.array(label_counts, int))]
    flat = [number for part in parts for number in part]
    assert flat == sorted(range(len(label_counts)), key=lambda number: (label_counts[number], number))
    assert len(parts) == min(10, len(label_counts))
    sizes = {len(part) for part in parts}
    assert max(sizes, default=0) - min(sizes, default=0) <= 1


@given(st.lists(st.tuples(*[st.integers(0, 2)] * 3), min_size=1))
def test_disagreement_is_the_share_of_photos_on_which_two_members_differ(photos):
    shares = disagreement(np.array(photos).T)
    for first in range(3):
        for second in range(3):
            differ = [photo[first] != photo[second] for photo in photos]
            assert shares[first, second] == pytest.approx(np.mean(differ))


@pytest.mark.parametrize("shape", [(3,), (2, 0)])
def test_disagreement_refuses_no_photos(shape):
    with pytest.raises(ValueError, match=r"expected \(members, photos\)"):
        disagreement(np.zeros(shape, int))


@given(PAIRS)
def test_confusion_counts_each_pair_that_occurs_in_order(pairs):
    classes, truth = np.array(pairs).T
    expected = {(b, a): pairs.count((a, b)) for a, b in pairs}
    assert list(confusion(classes, truth).items()) == sorted(expected.items())


@pytest.mark.parametrize(
    "metric",
    [
        mean_class_accuracy,
        macro_precision,
        macro_recall,
        lambda classes, truth: per_class_accuracy(classes, truth, 1),
        confusion,
    ],
)
@pytest.mark.parametrize("photos", [0, 3])
def test_classwise_metrics_refuse_other_shapes(metric, photos):
    with pytest.raises(ValueError, match=rf"received \(0,\) and \({photos},\)"):
        metric(np.zeros(0, int), np.zeros(photos, int))


def test_gap_worked_example():
    truths = {"a": {1}, "b": {2}, "c": set(), "d": {3}}
    predictions = {"a": (1, 0.9), "c": (7, 0.8), "b": (2, 0.7), "d": (5, 0.6)}
    assert gap(predictions, truths) == pytest.approx((1 / 1 + 2 / 3) / 3)
    assert round(gap(predictions, truths), 4) == 0.5556


@given(ALBUMS)
def test_gap_equals_its_formula(album):
    predictions, truths = parts(album)
    ranking = sorted(predictions, key=lambda photo: (-predictions[photo][1], photo))
    rel = [predictions[photo][0] in truths[photo] for photo in ranking]
    precision = [sum(rel[: i + 1]) / (i + 1) for i in range(len(rel))]
    with_landmark = len([photo for photo, right in truths.items() if len(right) > 0])
    expected = sum(p * r for p, r in zip(precision, rel, strict=True)) / with_landmark
    assert gap(predictions, truths) == pytest.approx(expected)


@given(ALBUMS)
def test_gap_is_at_most_the_accuracy_over_photos_with_a_landmark(album):
    predictions, truths = parts(album)
    right = sum(predictions[photo][0] in truths[photo] for photo in predictions)
    assert gap(predictions, truths) <= right / sum(map(bool, truths.values())) + 1e-12


@given(ALBUMS)
def test_order_of_photos_does_not_change_gap(album):
    predictions, truths = parts(album)
    assert gap(dict(reversed(predictions.items())), dict(reversed(truths.items()))) == gap(
        predictions, truths
    )


def test_equal_scores_rank_by_photo_id():
    truths = {"a": [1], "b": [2]}
    assert gap({"b": (2, 0.5), "a": (9, 0.5)}, truths) == 0.25
    assert gap({"b": (9, 0.5), "a": (1, 0.5)}, truths) == 0.5


def test_photo_with_a_landmark_but_no_prediction_lowers_gap():
    assert gap({"a": (1, 0.5)}, {"a": [1], "b": [2]}) == 0.5


def test_gap_accepts_labels():
    assert gap({"a": ("tower", 0.5)}, {"a": ["bridge", "tower"]}) == 1.0


@pytest.mark.parametrize(
    ("predictions", "truths", "why"),
    [
        ({"x": (1, 0.5)}, {"a": [1]}, r"received \['x'\]"),
        ({"a": (1, math.nan)}, {"a": [1]}, r"received NaN for \['a'\]"),
        ({"a": (1, 0.5)}, {"a": []}, "received none in 1 photos"),
    ],
)
def test_gap_refuses_what_it_cannot_rank(predictions, truths, why):
    with pytest.raises(ValueError, match=why):
        gap(predictions, truths)
