"""How likely it is that a photo shows the predicted landmark, or any at all.

The score of the vote compares landmarks with each other and says little about photos that show none. So it is
combined with two pieces of evidence that do: the energy, logsumexp of the logits, and the similarity to the
training photos of the predicted class (`method.similarity`). The weights are those of a logistic regression
that separates right predictions from predictions for photos of unknown landmarks. These need no photos
without a landmark: with its own class masked, any photo is one of an unknown landmark.

Source: Liu et al., "Energy-based Out-of-distribution Detection" (2020).
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

EVIDENCE = ("vote score", "energy", "similarity")
PENALTY = 1e-3  # on squared weights
MOST_STEPS = 100
CLOSE = 1e-10
SUREST = 1 - 1e-6


@dataclass(frozen=True)
class Rejection:
    """A fitted score, and the threshold below which a photo is said to show no landmark.

    Attributes:
        means, deviations: Of each piece of evidence, by which it is standardised.
        weights: Of each piece.
        offset: Added to their sum.
        threshold: In 0 … 1.
    """

    means: list[float]
    deviations: list[float]
    weights: list[float]
    offset: float
    threshold: float

    def score(self, evidence: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give the chance that each answer is right, (photos, pieces) -> (photos,), in 0 … 1."""
        standardised = (evidence - self.means) / self.deviations
        return _logistic(standardised @ np.array(self.weights) + self.offset)


def log_odds(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn scores in 0 … 1 into log-odds, as they are used as evidence."""
    kept = np.clip(scores, 1 - SUREST, SUREST)
    odds: NDArray[np.float64] = np.log(kept) - np.log1p(-kept)
    return odds


def fit_rejection(
    known: NDArray[np.float64], right: NDArray[np.bool_], unknown: NDArray[np.float64]
) -> Rejection:
    """Learn to tell right answers from others; photos of known and of unknown landmarks count equally much.

    Args:
        known: Evidence on photos that show a landmark, (photos, pieces).
        right: Whether the answer to each is right, (photos,).
        unknown: Evidence on photos whose landmark is not among the classes, or that show none, (other photos,
            pieces).

    Raises:
        ValueError: No photos of a kind, other shapes, or evidence that is not a number.
    """
    _check(known, right, unknown)
    means, deviations = known.mean(axis=0), known.std(axis=0)
    deviations = np.where(deviations > 0, deviations, 1.0)
    evidence = (np.concatenate((known, unknown)) - means) / deviations
    target = np.concatenate((right, np.zeros(len(unknown), np.bool_))).astype(np.float64)
    share = np.concatenate((np.full(len(known), 0.5 / len(known)), np.full(len(unknown), 0.5 / len(unknown))))
    *weights, offset = _regression(evidence, target, share).tolist()
    fitted = Rejection(means.tolist(), deviations.tolist(), weights, offset, 0.0)
    threshold = best_threshold(fitted.score(known[right]), fitted.score(unknown))
    return replace(fitted, threshold=threshold)


def best_threshold(right: NDArray[np.float64], unknown: NDArray[np.float64]) -> float:
    """Give the score that tells best: most of the right answers reach it, fewest of the others; the lowest.

    Args:
        right: Scores of right answers, at least one.
        unknown: Scores of answers to photos that show no landmark, or an unknown one, at least one.
    """
    candidates = np.unique(right)
    kept = 1 - np.searchsorted(np.sort(right), candidates, side="left") / len(right)
    passed = 1 - np.searchsorted(np.sort(unknown), candidates, side="left") / len(unknown)
    return float(candidates[(kept - passed).argmax()])


def _check(known: NDArray[np.float64], right: NDArray[np.bool_], unknown: NDArray[np.float64]) -> None:
    fits = known.ndim == unknown.ndim == 2 and known.shape[1:] == unknown.shape[1:]
    if not fits or right.shape != known.shape[:1] or not right.any() or not len(unknown):
        raise ValueError(
            "expected (photos, pieces), (photos,) and (other photos, pieces) with right answers among them,"
            f" received {known.shape}, {right.shape} with {right.sum()} right and {unknown.shape}"
        )
    if not (np.isfinite(known).all() and np.isfinite(unknown).all()):
        raise ValueError("expected evidence that is a number")


def _regression(
    evidence: NDArray[np.float64], target: NDArray[np.float64], share: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Fit a logistic regression by Newton's method; gives the weights and, last, the offset."""
    columns = np.column_stack((evidence, np.ones(len(evidence))))
    penalty = np.diag([*[PENALTY] * evidence.shape[1], PENALTY * PENALTY])  # hardly any on the offset
    found = np.zeros(columns.shape[1])
    for _ in range(MOST_STEPS):
        chance = _logistic(columns @ found)
        slope = columns.T @ (share * (chance - target)) + penalty @ found
        curvature = (columns.T * (share * chance * (1 - chance))) @ columns + penalty
        step = np.linalg.solve(curvature, slope)
        found -= step
        if np.abs(step).max() < CLOSE:
            break
    return found


def _logistic(values: NDArray[Any]) -> NDArray[np.float64]:
    # Of either sign the exponent stays below 0, so nothing overflows.
    small = np.exp(-np.abs(values))
    chances: NDArray[np.float64] = np.where(values >= 0, 1.0, small) / (1 + small)
    return chances
