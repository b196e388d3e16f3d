"""Whether scores match accuracies, and the temperature that makes them match.

Source: Guo et al., "On Calibration of Modern Neural Networks" (2017).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landmark_lib.draws import keyed_draw

BINS = 15
# 0.1 … 10 in equal ratios. Python's powers are the same on every processor, numpy's are not.
TEMPERATURES: NDArray[np.float64] = np.array([10.0 ** (step / 20) for step in range(-20, 21)])
TEMPERATURES.setflags(write=False)
UNCHANGED = 20  # position of temperature 1


@dataclass(frozen=True)
class Reliability:
    """Photos binned by score; bins without photos are omitted.

    Attributes:
        scores: Mean score of each bin, (bins,) float64.
        accuracies: Share of its photos that are right, (bins,) float64.
        photos: Photos in it, (bins,) int64.
    """

    scores: NDArray[np.float64]
    accuracies: NDArray[np.float64]
    photos: NDArray[np.int64]


def reliability(scores: NDArray[np.floating[Any]], right: NDArray[np.bool_]) -> Reliability:
    """Compare scores with accuracies in `BINS` equal parts of 0 … 1.

    A score on the border of two bins belongs to the lower one.

    Args:
        scores: Scores of the predictions, in 0 … 1, (photos,).
        right: Whether each prediction is right, (photos,).

    Raises:
        ValueError: No photos, other shapes, or a score outside 0 … 1.
    """
    if scores.ndim != 1 or right.shape != scores.shape or scores.size == 0:
        raise ValueError(
            f"expected two arrays of equal shape (photos,), not empty; received {scores.shape} and"
            f" {right.shape}"
        )
    # Written this way round, it refuses NaN too.
    if not ((scores >= 0) & (scores <= 1)).all():
        raise ValueError(f"expected scores in 0 to 1, received {scores.min()} to {scores.max()}")
    inner_borders = np.arange(1, BINS) / BINS
    bin_of_photo = np.searchsorted(inner_borders, scores, side="left")
    photos = np.bincount(bin_of_photo, minlength=BINS)
    some = photos > 0
    score_sums = np.bincount(bin_of_photo, scores, BINS)[some]
    right_sums = np.bincount(bin_of_photo, right, BINS)[some]
    return Reliability(score_sums / photos[some], right_sums / photos[some], photos[some])


def expected_calibration_error(scores: NDArray[np.floating[Any]], right: NDArray[np.bool_]) -> float:
    """Return the mean distance of score and accuracy over `BINS` bins, weighted by their photos.

    Arguments and errors are those of `reliability`.
    """
    bins = reliability(scores, right)
    distances = np.abs(bins.accuracies - bins.scores)
    return float(bins.photos @ distances / bins.photos.sum())


def fitting_half(image_ids: Sequence[str], seed: int) -> NDArray[np.bool_]:
    """Draw the half of the photos that a temperature is fitted on; the smaller half of an odd number.

    Args:
        image_ids: Distinct ids; their order does not change what is drawn.
        seed: The same seed draws the same half.

    Returns:
        Whether each photo was drawn, (photos,).
    """
    # Ties go by id, so the order is total.
    by_draw = sorted(
        range(len(image_ids)),
        key=lambda photo: (keyed_draw(seed, "temperature", image_ids[photo]), image_ids[photo]),
    )
    drawn = np.zeros(len(image_ids), np.bool_)
    drawn[by_draw[: len(image_ids) // 2]] = True
    return drawn


def choose_temperature(log_sums: NDArray[np.float64], true_logits: NDArray[np.float64]) -> int:
    """Choose the temperature with the smallest negative log-likelihood of the true classes.

    Args:
        log_sums: logsumexp(logits / temperature) of each photo, (photos, temperatures).
        true_logits: Logit of the true class, (photos,).

    Returns:
        Its position in `TEMPERATURES`; the first of equal ones.

    Raises:
        ValueError: No photos, other shapes, or NaN.
    """
    if true_logits.size == 0 or log_sums.shape != (*true_logits.shape, len(TEMPERATURES)):
        raise ValueError(
            f"expected (photos, {len(TEMPERATURES)}) and (photos,), not empty; "
            f"received {log_sums.shape} and {true_logits.shape}"
        )
    # Mean over the photos of log_sums - true_logits / T, without an array of (photos, temperatures).
    losses = log_sums.mean(axis=0) - true_logits.mean() / TEMPERATURES
    if np.isnan(losses).any():
        raise ValueError("expected finite log sums and logits, received NaN")
    return int(losses.argmin())


def apply_temperature(
    scores: NDArray[np.floating[Any]], log_sums: NDArray[np.float64], position: int
) -> NDArray[np.float64]:
    """Return the softmax of the same class after dividing the logits by a temperature.

    Args:
        scores: Softmax of a class at temperature 1, above 0, (photos,).
        log_sums: logsumexp(logits / temperature) of each photo, (photos, temperatures).
        position: Position in `TEMPERATURES`.

    Returns:
        Softmax in 0 … 1, (photos,).
    """
    logits = np.log(scores) + log_sums[:, UNCHANGED]
    # A softmax of almost 1 may round to just above it.
    softmax: NDArray[np.float64] = np.exp(logits / TEMPERATURES[position] - log_sums[:, position]).clip(max=1)
    return softmax
