"""Resampled figures are those of the photos drawn, and p-values are chances counted out."""

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from landmark_lib.method.intervals import (
    FIGURES,
    drawn_copies,
    gap_of_copies,
    interval,
    mcnemar,
    resampled_figures,
    share_interval,
    wilson,
)
from landmark_lib.method.metrics import gap, macro_precision, macro_recall, mean_class_accuracy
from landmark_lib.predictions import Predictions

CLASSES = 4
SCORES = st.sampled_from([0.0, 0.25, 0.5, 1.0])
LABELS = st.integers(0, CLASSES - 1)
# A photo's truth, first answer, second answer and score.
HOLD_OUTS = st.lists(st.tuples(LABELS, LABELS, LABELS, SCORES), min_size=1, max_size=12)
# A photo's true labels, what was answered, if anything, and how many copies of the photo there are.
PHOTO = st.tuples(
    st.sets(LABELS, max_size=2), st.none() | st.tuples(LABELS, SCORES), st.integers(min_value=0, max_value=4)
)
ALBUMS = st.lists(PHOTO, max_size=8).filter(lambda album: any(right and n for right, _, n in album))


def predictions_of(hold_out):
    truth, first, second, scores = (np.array(column) for column in zip(*hold_out, strict=True))
    classes = np.stack((first, second), axis=1)
    return Predictions(classes, scores.astype(np.float64)[:, np.newaxis]), truth


def one_class(classes, scores):
    return Predictions(classes[:, np.newaxis], scores[:, np.newaxis])


def half_right(classes=300, seed=0):
    """Two photos of each class, and a voter that is right on half of them and else gives any class."""
    chance = np.random.default_rng(seed)
    truth = np.repeat(np.arange(classes), 2)
    labels = np.where(chance.random(len(truth)) < 0.5, truth, chance.integers(classes, size=len(truth)))
    return one_class(labels, chance.random(len(truth))), truth


def named(figures):
    return dict(zip(FIGURES, figures.T, strict=True))


def gap_by_definition(ranking, with_landmark):
    """(1/M) Σ P(i)·rel(i): P(i) is the share of right ones among the first i of the ranking."""
    shares = [Fraction(sum(ranking[: i + 1]), i + 1) for i in range(len(ranking))]
    return sum(share for share, right in zip(shares, ranking, strict=True) if right) / Fraction(with_landmark)


@given(HOLD_OUTS, st.integers(0, 2**32))
def test_accuracies_of_a_resample_equal_those_of_its_photos(hold_out, seed):
    voter, truth = predictions_of(hold_out)
    figures = named(resampled_figures([voter], truth, CLASSES, resamples=3, seed=seed)[0])
    for resample, copies in enumerate(drawn_copies(len(truth), 3, seed)):
        drawn = [photo for photo, times in zip(hold_out, copies, strict=True) for _ in range(times)]
        top_1 = np.mean([truth == first for truth, first, _, _ in drawn])
        top_5 = np.mean([truth in {first, second} for truth, first, second, _ in drawn])
        assert figures["top_1"][resample] == pytest.approx(top_1)
        assert figures["top_5"][resample] == pytest.approx(top_5)


@given(HOLD_OUTS, st.integers(0, 2**32))
def test_per_class_figures_weight_each_class_by_its_probability_of_being_drawn(hold_out, seed):
    voter, truth = predictions_of(hold_out)
    figures = named(resampled_figures([voter], truth, CLASSES, resamples=3, seed=seed)[0])
    for resample, copies in enumerate(drawn_copies(len(truth), 3, seed)):
        drawn = [photo[:2] for photo, times in zip(hold_out, copies, strict=True) for _ in range(times)]
        for name, own, other, with_absent in (
            ("mean_class_accuracy", 0, 1, False),
            ("macro_recall", 0, 1, True),
            ("macro_precision", 1, 0, True),
        ):
            shares, weights = [], []
            for label in {photo[own] for photo in drawn}:
                missed = np.mean([photo[own] != label for photo in hold_out])
                weights.append(1 / (1 - missed ** len(hold_out)))
                shares.append(np.mean([photo[other] == label for photo in drawn if photo[own] == label]))
            if with_absent:
                absent = {photo[other] for photo in hold_out} - {photo[own] for photo in hold_out}
                shares += [0.0] * len(absent)
                weights += [1.0] * len(absent)
            assert figures[name][resample] == pytest.approx(np.average(shares, weights=weights))


def test_perfect_voter_has_only_figures_of_1():
    voter, truth = predictions_of([(0, 0, 1, 0.5), (0, 0, 1, 0.25), (2, 2, 1, 0.25), (3, 3, 1, 0.5)])
    figures = resampled_figures([voter], truth, CLASSES, resamples=20, seed=0)
    assert figures == pytest.approx(np.ones((1, 20, len(FIGURES))))


@given(ALBUMS)
def test_gap_of_copies_equals_gap_with_each_copy_a_photo(album):
    # Ids are positions, so of equal scores the earlier photo comes first.
    ranking = sorted((-said[1], photo) for photo, (_, said, _) in enumerate(album) if said is not None)
    order = [photo for _, photo in ranking]
    right = np.array([album[photo][1][0] in album[photo][0] for photo in order], bool)
    copies = np.array([album[photo][2] for photo in order], int)
    with_landmark = sum(times for truths, _, times in album if truths)
    received = gap_of_copies(right, copies, with_landmark)

    written_out = [
        is_right for is_right, times in zip(right.tolist(), copies, strict=True) for _ in range(times)
    ]
    assert received == pytest.approx(float(gap_by_definition(written_out, with_landmark)))

    names = {
        (photo, copy): f"{photo:02}-{copy}" for photo, (_, _, n) in enumerate(album) for copy in range(n)
    }
    truths = {name: album[photo][0] for (photo, _), name in names.items()}
    predictions = {name: album[photo][1] for (photo, _), name in names.items() if album[photo][1] is not None}
    assert received == pytest.approx(gap(predictions, truths))


@given(HOLD_OUTS, st.integers(0, 2**32))
def test_gap_of_a_resample_ranks_copies_beside_each_other(hold_out, seed):
    voter, truth = predictions_of(hold_out)
    figures = named(resampled_figures([voter], truth, CLASSES, resamples=3, seed=seed)[0])
    order = sorted(range(len(hold_out)), key=lambda photo: (-hold_out[photo][3], photo))
    for resample, copies in enumerate(drawn_copies(len(truth), 3, seed)):
        ranking = [hold_out[p][0] == hold_out[p][1] for p in order for _ in range(copies[p])]
        expected = float(gap_by_definition(ranking, len(hold_out)))
        assert figures["gap"][resample] == pytest.approx(expected)


def test_gap_worked_example_with_copies():
    # The right one twice, a wrong one, then a right one: ranks 1, 2 and 4 of 5 photos, one unanswered.
    received = gap_of_copies(np.array([True, False, True]), np.array([2, 1, 1]), 5)
    assert received == pytest.approx((1 + 2 / 2 + 3 / 4) / 5)


def test_gap_of_copies_without_a_landmark_is_refused():
    with pytest.raises(ValueError, match="received none"):
        gap_of_copies(np.array([False]), np.array([1]), 0)


def test_all_voters_get_the_same_resamples():
    voter, truth = half_right()
    first, second = resampled_figures([voter, voter], truth, 300, resamples=5, seed=1)
    assert np.array_equal(first, second)
    assert len(set(first[:, 0])) > 1


def test_resample_depends_on_the_seed_and_has_as_many_photos_as_the_hold_out():
    draws = {seed: np.stack(list(drawn_copies(50, 3, seed))) for seed in (1, 2)}
    assert np.array_equal(draws[1], np.stack(list(drawn_copies(50, 3, 1))))
    assert not np.array_equal(draws[1], draws[2])
    assert draws[1].sum(axis=1).tolist() == [50, 50, 50]


def test_interval_of_an_accuracy_is_as_wide_as_a_binomial_one():
    right = np.arange(400) < 100
    voter = one_class(np.where(right, 0, 1), np.linspace(0, 1, 400))
    figures = named(resampled_figures([voter], np.zeros(400, int), 2, resamples=2000, seed=0)[0])
    half_width = 1.96 * (0.25 * 0.75 / 400) ** 0.5
    assert interval(figures["top_1"]) == pytest.approx((0.25 - half_width, 0.25 + half_width), abs=0.004)


@pytest.mark.parametrize("metric", [mean_class_accuracy, macro_precision, macro_recall])
def test_two_photos_per_class_do_not_bias_the_interval(metric):
    voter, truth = half_right(classes=1000)
    figures = named(resampled_figures([voter], truth, 1000, resamples=200, seed=0)[0])
    resampled = figures[metric.__name__]
    value = metric(voter.first, truth)
    assert resampled.mean() == pytest.approx(value, abs=0.003)
    assert interval(resampled)[0] < value < interval(resampled)[1]


def test_ninety_five_percent_lie_in_the_interval():
    assert interval(np.arange(1001.0)) == (25.0, 975.0)


@pytest.mark.parametrize("photos", [0, 3])
def test_predictions_of_other_photos_are_refused(photos):
    voter = one_class(np.zeros(0, int), np.zeros(0))
    with pytest.raises(ValueError, match=r"received 0 predictions and truth \(\d,\)"):
        resampled_figures([voter], np.zeros(photos, int), 1, resamples=1, seed=0)


@given(st.integers(0, 6), st.integers(0, 6))
def test_mcnemar_is_the_share_of_coin_tosses_at_least_as_uneven(first, second):
    tosses = [sum(coins) for coins in product([0, 1], repeat=first + second)]
    uneven = [heads for heads in tosses if abs(2 * heads - first - second) >= abs(first - second)]
    assert mcnemar(first, second) == len(uneven) / len(tosses)


def test_mcnemar_is_exact_where_floats_would_run_out():
    assert mcnemar(2, 8) == 0.109375
    assert mcnemar(0, 1074) == 2.0**-1073
    assert mcnemar(0, 20_000) == 0.0
    # At many photos the binomial is a normal: 1.96 standard deviations from even leave 5 %.
    assert mcnemar(10_000 - 139, 10_000 + 139) == pytest.approx(0.05, abs=0.001)


def test_mcnemar_refuses_counts_below_zero():
    with pytest.raises(ValueError, match="received -1 and 2"):
        mcnemar(-1, 2)


@given(st.integers(0, 40), st.integers(1, 40))
def test_wilsons_interval_holds_the_share_and_is_never_empty(right, photos):
    part = min(right, photos) / photos
    low, high = wilson(part, photos)
    assert 0 <= low <= part <= high <= 1
    assert high - low > 0.05
    assert (low == 0) == (part == 0)
    assert (high == 1) == (part == 1)
    # Wrong ones mirror right ones.
    assert wilson(1 - part, photos) == pytest.approx((1 - high, 1 - low))


def test_a_share_has_the_interval_of_its_resamples_unless_these_vary_too_little():
    values = np.linspace(0, 1, 101)
    assert share_interval(0.5, 30, values) == interval(values)
    assert share_interval(0.5, 29, values) == wilson(0.5, 29)
    assert share_interval(1.0, 1000, np.ones(9)) == wilson(1.0, 1000)
