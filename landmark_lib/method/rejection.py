"""How likely it is that a photo shows the predicted landmark, or any at all.

The score of the vote compares landmarks with each other and says little about photos that show none. So it is
combined with evidence that does: the similarity to the training photos of the predicted class that are most
similar (`method.neighbours`), less the similarity to photos that are known to show no landmark, if there are
any. The weights are those of a logistic regression that separates right predictions from predictions for
photos of unknown landmarks. These need no photos without a landmark: with its own class masked, any photo is
one of an unknown landmark.

Other evidence made ranking worse. Masking a class lowers the energy of the logits (Liu et al., 2020), and
raises the similarity to another class, far more than a photo without a landmark does. The similarity to the
class mean adds nothing to that of the most similar photos.

Source of the similarity that is subtracted: Henkel & Singer, "Supporting Large-Scale Image Recognition with
Out-of-Domain Samples" (2020).
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.optimize
from numpy.typing import NDArray

EVIDENCE = ("vote score", "neighbours")
NEIGHBOURS = EVIDENCE.index("neighbours")
PENALTY = 1e-3  # on squared weights
TOLERANCE = 1e-12
MAX_SCORE = 1 - 1e-6


@dataclass(frozen=True)
class Rejection:
    """A fitted logistic regression, and the threshold below which a photo is rejected.

    Attributes:
        means, deviations: Standardise each piece of evidence.
        weights: One for each piece of evidence.
        offset: Added to their weighted sum.
        threshold: In 0 … 1.
    """

    means: list[float]
    deviations: list[float]
    weights: list[float]
    offset: float
    threshold: float

    def score(self, evidence: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the probability that each prediction is right, (photos, evidence) -> (photos,)."""
        standardised = (evidence - self.means) / self.deviations
        return _logistic(standardised @ np.array(self.weights) + self.offset)


def log_odds(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the log-odds of scores in 0 … 1, for use as evidence."""
    clipped = np.clip(scores, 1 - MAX_SCORE, MAX_SCORE)
    odds: NDArray[np.float64] = np.log(clipped) - np.log1p(-clipped)
    return odds


def fit_rejection(
    known: NDArray[np.float64], right: NDArray[np.bool_], unknown: NDArray[np.float64]
) -> Rejection:
    """Learn to separate right predictions from others; known and unknown landmarks have equal total weight.

    Args:
        known: Evidence on photos with a landmark, (photos, evidence).
        right: Whether each prediction is right, (photos,).
        unknown: Evidence on photos without a landmark or with one that is no class, (other photos, evidence).

    Raises:
        ValueError: No photos of a kind, other shapes, or evidence that is not finite.
    """
    fits = known.ndim == unknown.ndim == 2 and known.shape[1:] == unknown.shape[1:]
    if not fits or right.shape != known.shape[:1] or not right.any() or not len(unknown):
        raise ValueError(
            "expected (photos, evidence), (photos,) and (other photos, evidence) with right predictions among"
            f" them, received {known.shape}, {right.shape} with {right.sum()} right and {unknown.shape}"
        )
    if not (np.isfinite(known).all() and np.isfinite(unknown).all()):
        raise ValueError("expected finite evidence")
    means, deviations = known.mean(axis=0), known.std(axis=0)
    deviations = np.where(deviations > 0, deviations, 1.0)
    evidence = (np.concatenate((known, unknown)) - means) / deviations
    target = np.concatenate((right, np.zeros(len(unknown), np.bool_))).astype(np.float64)
    share = np.concatenate((np.full(len(known), 0.5 / len(known)), np.full(len(unknown), 0.5 / len(unknown))))
    weights, offset = _regression(evidence, target, share)
    fitted = Rejection(means.tolist(), deviations.tolist(), weights.tolist(), offset, 0.0)
    threshold = best_threshold(fitted.score(known[right]), fitted.score(unknown))
    return replace(fitted, threshold=threshold)


def best_threshold(right: NDArray[np.float64], unknown: NDArray[np.float64]) -> float:
    """Return the threshold with the largest share of right minus share of other predictions above it.

    Args:
        right: Scores of right predictions, at least one.
        unknown: Scores for photos without a landmark, or with an unknown one, at least one.

    Returns:
        The score; the lowest of equal ones.
    """
    candidates = np.unique(right)
    kept = 1 - np.searchsorted(np.sort(right), candidates, side="left") / len(right)
    passed = 1 - np.searchsorted(np.sort(unknown), candidates, side="left") / len(unknown)
    return float(candidates[(kept - passed).argmax()])


def _regression(
    evidence: NDArray[np.float64], target: NDArray[np.float64], share: NDArray[np.float64]
) -> tuple[NDArray[np.float64], float]:
    """Fit a logistic regression without negative weights; return the weights and the offset.

    More evidence never makes a prediction less likely. But pieces of evidence resemble each other, so that
    with few photos a negative weight may fit these photos, and no others.
    """
    columns = np.column_stack((evidence, np.ones(len(evidence))))
    penalty = np.array([*[PENALTY] * evidence.shape[1], PENALTY * PENALTY])  # almost none on the offset

    def loss_and_gradient(coefficients: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        logits = columns @ coefficients
        losses = np.logaddexp(0.0, logits) - target * logits
        gradient = columns.T @ (share * (_logistic(logits) - target)) + penalty * coefficients
        return float(share @ losses + penalty @ coefficients**2 / 2), gradient

    fitted = scipy.optimize.minimize(
        loss_and_gradient,
        np.zeros(columns.shape[1]),
        jac=True,
        method="L-BFGS-B",
        bounds=[*[(0.0, None)] * evidence.shape[1], (None, None)],
        options={"ftol": TOLERANCE, "gtol": TOLERANCE},
    )
    *weights, offset = fitted.x
    return np.array(weights), float(offset)


def _logistic(values: NDArray[Any]) -> NDArray[np.float64]:
    # The exponent is never positive, so nothing overflows.
    small = np.exp(-np.abs(values))
    chances: NDArray[np.float64] = np.where(values >= 0, 1.0, small) / (1 + small)
    return chances
