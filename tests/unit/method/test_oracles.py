"""Metrics, fits and tests agree with scikit-learn's and scipy's."""

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.calibration import calibration_curve
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import (
    average_precision_score,
    balanced_accuracy_score,
    confusion_matrix,
    precision_score,
    recall_score,
    top_k_accuracy_score,
)
from sklearn.utils.class_weight import compute_class_weight

from landmark_lib.method.calibration import BINS, expected_calibration_error, reliability
from landmark_lib.method.class_weights import balanced_weights
from landmark_lib.method.intervals import mcnemar
from landmark_lib.method.metrics import (
    confusion,
    gap,
    macro_precision,
    macro_recall,
    mean_class_accuracy,
    per_class_accuracy,
    top_k_accuracy,
)
from landmark_lib.method.rejection import PENALTY, fit_rejection

CLASSES, PHOTOS = 9, 300

pytestmark = pytest.mark.parametrize("seed", range(5))


def predictions(seed, predicted_classes=CLASSES):
    """Return predicted and true classes, a third of them right; some classes may lack photos."""
    random = np.random.default_rng(seed)
    truth = random.integers(0, CLASSES - 1, PHOTOS)
    predicted = random.integers(0, predicted_classes, PHOTOS)
    return np.where(random.random(PHOTOS) < 1 / 3, truth % predicted_classes, predicted), truth


def test_top_k_accuracy(seed):
    random = np.random.default_rng(seed)
    scores, truth = random.random((PHOTOS, CLASSES)), random.integers(0, CLASSES, PHOTOS)
    ranked = np.argsort(-scores, axis=1)
    for k in (1, 3, 5):
        expected = top_k_accuracy_score(truth, scores, k=k, labels=np.arange(CLASSES))
        assert top_k_accuracy(ranked, truth, k) == pytest.approx(expected)


def test_per_class_accuracy_and_its_mean(seed):
    # Predictions without classes that the truth lacks, about which scikit-learn warns.
    classes, truth = predictions(seed, CLASSES - 1)
    expected = recall_score(truth, classes, labels=np.arange(CLASSES), average=None, zero_division=np.nan)
    assert per_class_accuracy(classes, truth, CLASSES) == pytest.approx(expected, nan_ok=True)
    assert mean_class_accuracy(classes, truth) == pytest.approx(balanced_accuracy_score(truth, classes))


def test_macro_precision_and_recall(seed):
    classes, truth = predictions(seed)
    for own, expected in ((macro_precision, precision_score), (macro_recall, recall_score)):
        assert own(classes, truth) == pytest.approx(
            expected(truth, classes, average="macro", zero_division=0)
        )


def test_confusion(seed):
    classes, truth = predictions(seed)
    found = np.zeros((CLASSES, CLASSES), int)
    for pair, photos in confusion(classes, truth).items():
        found[pair] = photos
    assert np.array_equal(found, confusion_matrix(truth, classes, labels=np.arange(CLASSES)))


def test_gap_is_average_precision_times_the_share_that_is_right(seed):
    classes, truth = predictions(seed)
    scores = np.random.default_rng(seed).permutation(PHOTOS) / PHOTOS  # distinct
    right = classes == truth
    found = gap(
        {str(photo): (classes[photo], scores[photo]) for photo in range(PHOTOS)},
        {str(photo): [true] for photo, true in enumerate(truth)},
    )
    assert found == pytest.approx(average_precision_score(right, scores) * right.mean())


def test_reliability_and_calibration_error(seed):
    random = np.random.default_rng(seed)
    scores = random.random(PHOTOS)
    right = random.random(PHOTOS) < scores**2
    accuracies, means = calibration_curve(right, scores, n_bins=BINS)
    bins = reliability(scores, right)
    assert bins.accuracies == pytest.approx(accuracies)
    assert bins.scores == pytest.approx(means)
    error = np.average(np.abs(accuracies - means), weights=bins.photos)
    assert expected_calibration_error(scores, right) == pytest.approx(error)


def test_rejection_is_a_logistic_regression(seed):
    """Each piece of evidence is larger for right predictions, so that no weight is held at zero."""
    random = np.random.default_rng(seed)
    right = random.random(PHOTOS) < 0.7
    known = random.normal(size=(PHOTOS, 3)) + right[:, np.newaxis] * [1.0, 2.0, 0.5]
    unknown = random.normal(size=(PHOTOS // 2, 3))
    found = fit_rejection(known, right, unknown)

    rows = (np.concatenate((known, unknown)) - found.means) / found.deviations
    target = np.concatenate((right, np.zeros(len(unknown), bool)))
    weights = np.concatenate([np.full(len(photos), 0.5 / len(photos)) for photos in (known, unknown)])
    expected = LogisticRegression(C=1 / PENALTY, tol=1e-10, max_iter=1000).fit(rows, target, weights)
    assert found.weights == pytest.approx(expected.coef_[0].tolist(), abs=1e-3)
    assert found.offset == pytest.approx(expected.intercept_[0], abs=1e-3)
    scores = expected.predict_proba((known - found.means) / found.deviations)[:, 1]
    assert found.score(known) == pytest.approx(scores, abs=1e-3)


def test_balanced_weights(seed):
    rows = np.random.default_rng(seed).integers(1, 50, CLASSES)
    expected = compute_class_weight(
        "balanced", classes=np.arange(CLASSES), y=np.repeat(np.arange(CLASSES), rows)
    )
    assert balanced_weights(rows.tolist()) == pytest.approx(expected)


def test_mcnemar_is_a_binomial_test(seed):
    first, second = np.random.default_rng(seed).integers(0, 400, 2).tolist()
    assert mcnemar(first, second) == pytest.approx(binomtest(first, first + second, 0.5).pvalue)
