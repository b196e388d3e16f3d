"""A calibrated voter has no error, a temperature undoes scaled logits, and halves are keyed draws."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from log_sums import grid_log_sums

from landmark_lib.method.calibration import (
    BINS,
    TEMPERATURES,
    UNCHANGED,
    apply_temperature,
    choose_temperature,
    expected_calibration_error,
    fitting_half,
    reliability,
)

SCORED = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=40)
LOGITS = hnp.arrays(np.float64, st.tuples(st.integers(1, 5), st.integers(1, 6)), elements=st.floats(-30, 30))


def softmax(logits):
    likely = np.exp(logits - logits.max(axis=1, keepdims=True))
    return likely / likely.sum(axis=1, keepdims=True)


def drawn_truth(logits, seed=0):
    """Draw each photo's class as often as its softmax says."""
    passed = softmax(logits).cumsum(axis=1) < np.random.default_rng(seed).random((len(logits), 1))
    return passed.sum(axis=1).clip(max=logits.shape[1] - 1)


@given(SCORED)
def test_bins_and_error_equal_a_count_by_hand(scored):
    by_bin = {}
    for score, right in scored:
        number = next(n for n in range(BINS) if n == BINS - 1 or score <= (n + 1) / BINS)
        by_bin.setdefault(number, []).append((score, right))
    scores, right = (np.array(column) for column in zip(*scored, strict=True))
    bins = reliability(scores, right)
    expected = [np.mean(by_bin[number], axis=0) for number in sorted(by_bin)]
    assert bins.photos.tolist() == [len(by_bin[number]) for number in sorted(by_bin)]
    assert np.stack((bins.scores, bins.accuracies), axis=1) == pytest.approx(np.array(expected))
    error = sum(len(some) * abs(np.subtract(*np.mean(some, axis=0))) for some in by_bin.values())
    assert expected_calibration_error(scores, right) == pytest.approx(error / len(scored), abs=1e-12)


def test_expected_calibration_error_worked_example():
    # One bin has score 0.9 and is right half of the time, another has 0.3 and is always right.
    scores = np.array([0.9, 0.9, 0.3])
    right = np.array([True, False, True])
    assert expected_calibration_error(scores, right) == pytest.approx((2 * 0.4 + 1 * 0.7) / 3)


def test_voter_whose_scores_equal_its_accuracies_has_no_error():
    scores = np.repeat([0.25, 0.75], 4)
    right = np.array([True, False, False, False, True, True, True, False])
    assert expected_calibration_error(scores, right) == 0.0


def test_scores_of_0_and_1_and_on_borders_have_a_bin():
    bins = reliability(np.array([0.0, 1 / BINS, 1.0]), np.array([True, True, False]))
    assert bins.photos.tolist() == [2, 1]
    assert bins.scores.tolist() == pytest.approx([0.5 / BINS, 1.0])


@pytest.mark.parametrize(
    ("scores", "right", "why"),
    [
        (np.zeros(0), np.zeros(0, bool), "not empty"),
        (np.zeros(2), np.zeros(3, bool), r"received \(2,\) and \(3,\)"),
        (np.array([1.5]), np.zeros(1, bool), "received 1.5 to 1.5"),
        (np.array([np.nan]), np.zeros(1, bool), "received nan to nan"),
    ],
)
def test_reliability_refuses_invalid_scores(scores, right, why):
    with pytest.raises(ValueError, match=why):
        reliability(scores, right)


def test_grid_of_temperatures_is_fixed_and_contains_1():
    assert len(TEMPERATURES) == 41
    assert (TEMPERATURES[0], TEMPERATURES[UNCHANGED], TEMPERATURES[-1]) == (0.1, 1.0, 10.0)
    assert np.diff(np.log(TEMPERATURES)) == pytest.approx(np.log(10) / 20)
    with pytest.raises(ValueError, match="read-only"):
        TEMPERATURES[0] = 2


@given(LOGITS)
def test_log_sums_are_logarithms_of_sums(logits):
    received = grid_log_sums(logits)
    for position in (0, UNCHANGED, 40):
        literal = [np.logaddexp.reduce(row / TEMPERATURES[position]) for row in logits]
        assert received[:, position] == pytest.approx(np.array(literal))


def test_logits_of_a_network_do_not_overflow():
    logits = np.array([[1000.0, 0.0]], np.float32)
    assert grid_log_sums(logits)[0, 0] == pytest.approx(10_000)


@given(LOGITS)
def test_scores_at_a_temperature_are_the_softmax_of_divided_logits(logits):
    best = logits.argmax(axis=1)[:, np.newaxis]
    scores = np.take_along_axis(softmax(logits), best, axis=1)[:, 0]
    for position in (0, UNCHANGED, 40):
        expected = np.take_along_axis(softmax(logits / TEMPERATURES[position]), best, axis=1)[:, 0]
        received = apply_temperature(scores, grid_log_sums(logits), position)
        assert received == pytest.approx(expected)
        assert (received <= 1).all()


@given(LOGITS, st.data())
def test_chosen_temperature_has_the_smallest_loss_of_the_grid(logits, data):
    truth = np.array([data.draw(st.integers(0, logits.shape[1] - 1)) for _ in logits])
    photos = np.arange(len(truth))
    losses = [-np.log(softmax(logits / heat)[photos, truth]).mean() for heat in TEMPERATURES]
    chosen = choose_temperature(grid_log_sums(logits), logits[photos, truth])
    assert losses[chosen] == pytest.approx(min(losses), abs=1e-9)


@pytest.mark.parametrize("position", [8, 20, 28])
def test_temperature_undoes_scaled_logits(position):
    honest = np.random.default_rng(1).normal(0, 2, (4000, 5))
    truth = drawn_truth(honest)
    scaled = honest * TEMPERATURES[position]
    chosen = choose_temperature(grid_log_sums(scaled), scaled[np.arange(4000), truth])
    assert abs(chosen - position) <= 1


def test_right_temperature_lowers_the_calibration_error():
    honest = np.random.default_rng(1).normal(0, 2, (4000, 5))
    right = drawn_truth(honest) == honest.argmax(axis=1)
    scaled = honest * TEMPERATURES[28]
    scores = softmax(scaled).max(axis=1)
    after = apply_temperature(scores, grid_log_sums(scaled), 28)
    assert expected_calibration_error(scores, right) > 0.1
    assert expected_calibration_error(after, right) < 0.03


@pytest.mark.parametrize(
    ("log_sums", "true_logits", "why"),
    [
        (np.zeros((0, 41)), np.zeros(0), "not empty"),
        (np.zeros((2, 40)), np.zeros(2), r"received \(2, 40\) and \(2,\)"),
        (np.zeros((2, 41)), np.zeros(3), r"received \(2, 41\) and \(3,\)"),
        (np.zeros((1, 41)), np.array([np.nan]), "received NaN"),
    ],
)
def test_choose_temperature_refuses_other_shapes_and_nan(log_sums, true_logits, why):
    with pytest.raises(ValueError, match=why):
        choose_temperature(log_sums, true_logits)


@given(st.lists(st.text(max_size=3), unique=True, max_size=20), st.integers(), st.randoms())
def test_fitting_half_does_not_depend_on_order(image_ids, seed, random):
    half = fitting_half(image_ids, seed)
    assert half.sum() == len(image_ids) // 2
    shuffled = random.sample(image_ids, len(image_ids))
    drawn = dict(zip(image_ids, half.tolist(), strict=True))
    assert fitting_half(shuffled, seed).tolist() == [drawn[name] for name in shuffled]


def test_half_is_the_same_in_every_release_and_depends_on_the_seed():
    assert fitting_half("abcdefgh", 0).tolist() != fitting_half("abcdefgh", 1).tolist()
    assert "".join(np.array(list("abcdefgh"))[fitting_half("abcdefgh", 0)]) == "abch"
