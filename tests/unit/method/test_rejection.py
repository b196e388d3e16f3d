"""Rejection ranks predictions for photos without a landmark below right ones."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from landmark_lib.method.rejection import fit_rejection, log_odds


def evidence(seed, known=200, unknown=150, apart=2.0):
    """Only the second piece of evidence is larger for right predictions."""
    random = np.random.default_rng(seed)
    right = random.random(known) < 0.8
    shown, other = random.normal(size=(known, 3)), random.normal(size=(unknown, 3))
    shown[right, 1] += apart
    return shown, right, other


def test_informative_evidence_has_the_largest_weight():
    rejection = fit_rejection(*evidence(0))
    first, informative, last = np.abs(rejection.weights)
    assert informative > 3 * max(first, last)


@pytest.mark.parametrize("seed", range(4))
def test_regression_minimises_the_loss_of_weights_that_are_not_negative(seed):
    """No step away from the fitted weights to others that are not negative lowers the loss."""
    known, right, unknown = evidence(seed)
    rejection = fit_rejection(known, right, unknown)

    def loss(weights, offset):
        def log_loss(rows, target):
            values = (rows - rejection.means) / rejection.deviations @ weights + offset
            return np.logaddexp(0, values) - target * values

        mean = (log_loss(known, right).mean() + log_loss(unknown, 0).mean()) / 2
        return mean + 5e-4 * (weights @ weights)

    found = np.array(rejection.weights)
    least = loss(found, rejection.offset)
    for piece in range(3):
        for step in (-1e-2, 1e-2):
            moved = found + step * np.eye(3)[piece]
            assert moved.min() < 0 or loss(moved, rejection.offset) > least
    assert loss(found, rejection.offset + 1e-2) > least < loss(found, rejection.offset - 1e-2)


@given(st.integers(0, 30), st.floats(-2, 2), st.floats(-2, 2))
def test_more_evidence_never_makes_a_prediction_less_likely(seed, of_right, of_unknown):
    """Not even if chance, or pieces that resemble each other, make it look so in the photos at hand."""
    known, right, unknown = evidence(seed, known=25, unknown=15)
    if not right.any():
        return
    known[:, 2] = known[:, 1] + 0.1 * known[:, 2]
    known[right, 0] += of_right
    unknown[:, 0] += of_unknown
    rejection = fit_rejection(known, right, unknown)
    assert min(rejection.weights) >= 0
    scores = rejection.score(known)
    for piece in range(3):
        assert (rejection.score(known + np.eye(3)[piece]) >= scores).all()


@given(st.integers(0, 30))
def test_scores_are_probabilities_and_the_threshold_separates_best(seed):
    known, right, unknown = evidence(seed, known=30, unknown=20)
    if not right.any():
        return
    rejection = fit_rejection(known, right, unknown)
    scores = rejection.score(np.concatenate((known, unknown, known * 1e6)))
    assert ((scores >= 0) & (scores <= 1)).all()
    kept = (rejection.score(known[right]) >= rejection.threshold).mean()
    passed = (rejection.score(unknown) >= rejection.threshold).mean()
    for other in rejection.score(known):
        separated = (rejection.score(known[right]) >= other).mean() - (
            rejection.score(unknown) >= other
        ).mean()
        assert separated <= kept - passed + 1e-12


def test_perfect_separation_has_finite_weights():
    known, unknown = np.full((10, 3), 5.0), np.full((10, 3), -5.0)
    known[0] = 4.0
    rejection = fit_rejection(known, np.ones(10, np.bool_), unknown)
    assert np.isfinite([*rejection.weights, rejection.offset]).all()
    assert (rejection.score(known) > rejection.score(unknown)).all()


@pytest.mark.parametrize(
    ("known", "right", "unknown"),
    [
        (np.zeros((2, 3)), np.zeros(2, np.bool_), np.zeros((2, 3))),
        (np.zeros((2, 3)), np.ones(2, np.bool_), np.zeros((0, 3))),
        (np.zeros((2, 3)), np.ones(2, np.bool_), np.zeros((2, 2))),
        (np.full((2, 3), np.nan), np.ones(2, np.bool_), np.zeros((2, 3))),
    ],
)
def test_refuses_too_few_photos_other_shapes_and_nan(known, right, unknown):
    with pytest.raises(ValueError, match="expected"):
        fit_rejection(known, right, unknown)


def test_log_odds_of_certainty_are_finite():
    assert np.isfinite(log_odds(np.array([0.0, 1.0]))).all()
    np.testing.assert_allclose(log_odds(np.array([0.5, 0.75])), [0, np.log(3)])
