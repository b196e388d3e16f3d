"""How much a figure would vary with other photos: bootstrap over photos, and McNemar's test.

Each resample is drawn once and used for all voters, so that differences between voters are paired.

Source: Efron & Tibshirani, "An Introduction to the Bootstrap" (1993), chapter 13, for percentiles; Hájek,
"Comment on a paper by D. Basu" (1971), for means over labels drawn with unequal chances; McNemar, "Note on
the sampling error of the difference between correlated proportions or percentages" (1947); Wilson, "Probable
inference, the law of succession, and statistical inference" (1927).
"""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landmark_lib.predictions import Predictions

FIGURES = ("top_1", "top_5", "mean_class_accuracy", "macro_precision", "macro_recall", "gap")
RESAMPLES = 1000
PERCENTILES = (2.5, 97.5)  # between them lie 95 %
DEVIATIONS = 1.959964  # of a normal distribution, on both sides of its mean: 95 %
FEW = 30  # photos; resamples of fewer vary too little


def resampled_figures(
    voters: Sequence[Predictions], truth: NDArray[np.int64], classes: int, *, resamples: int, seed: int
) -> NDArray[np.float64]:
    """Return each voter's figures on the same resamples of the photos.

    A resample leaves some classes without a photo. Their recall, or precision, is then unknown, not 0:
    counting it as 0 would bias all resamples downwards where classes have few photos (two each, every other
    one right: a macro recall of 0.50 with an interval that ends at 0.47). Leaving these classes out would
    bias too, as they are the ones with the fewest photos. So a per-class figure is the mean over the classes
    drawn, each weighted by 1 / the probability that any of its photos is drawn, which is unbiased. Classes
    without a photo in the whole hold-out count as 0, as in the figures themselves.

    Args:
        voters: Predictions of each voter, photos in the order of their ids: of equal scores the earlier
            photo ranks first in GAP.
        truth: True class index of each photo, (photos,) int64.
        classes: Number of classes.
        resamples: Number of resamples, at least 1.
        seed: Seed of the resamples.

    Returns:
        `FIGURES` of each resample, float64, (voters, resamples, figures).

    Raises:
        ValueError: No photos, or arrays of other shapes.
    """
    counted = [_Counted(voter, truth, classes) for voter in voters]
    figures = np.empty((len(voters), resamples, len(FIGURES)))
    for resample, copies in enumerate(drawn_copies(len(truth), resamples, seed)):
        true_photos = np.bincount(truth, copies, classes)
        for number, voter in enumerate(counted):
            figures[number, resample] = voter.figures(copies, true_photos)
    return figures


def drawn_copies(photos: int, resamples: int, seed: int) -> Iterator[NDArray[np.int64]]:
    """Draw resamples: as many photos as there are, with replacement.

    Args:
        photos: Number of photos, at least 1.
        resamples: Number of resamples.
        seed: The same seed draws the same resamples.

    Yields:
        How many times each photo was drawn, (photos,) int64 with sum `photos`.
    """
    generator = np.random.default_rng(seed)
    for _ in range(resamples):
        yield np.bincount(generator.integers(photos, size=photos), minlength=photos)


def gap_of_copies(right: NDArray[np.bool_], copies: NDArray[np.integer[Any]], with_landmark: int) -> float:
    """Return the GAP of photos that occur several times: that of `metrics.gap` with each copy a photo.

    Args:
        right: Whether the prediction is right, for predicted photos in the order of the ranking,
            (predicted,); False where the photo shows no landmark.
        copies: How many times each of them occurs and how many ranks it takes, (predicted,).
        with_landmark: Copies of photos that show a landmark, predicted or not.

    Raises:
        ValueError: No photo that shows a landmark.
    """
    if with_landmark == 0:
        raise ValueError("expected a photo that shows a landmark, received none")
    ranks = np.flatnonzero(np.repeat(right, copies)) + 1
    # Up to the rank of the n-th right answer, n are right.
    return float((np.arange(1, len(ranks) + 1) / ranks).sum() / with_landmark)


def interval(values: NDArray[np.float64]) -> tuple[float, float]:
    """Return the 95 % percentile interval of a figure's resampled `values`, (resamples,)."""
    low, high = np.percentile(values, PERCENTILES)
    return float(low), float(high)


def share_interval(part: float, photos: int, values: NDArray[np.float64]) -> tuple[float, float]:
    """Return the 95 % interval of a share of the photos: that of its resamples, or Wilson's.

    Resamples of few photos vary too little, and not at all if all or none are right: 0 of 4 would have the
    interval 0 to 0. Wilson's score interval holds for any number of photos.

    Args:
        part: The share, in 0 … 1.
        photos: Number of photos, at least 1.
        values: The share in each resample, (resamples,).
    """
    return wilson(part, photos) if photos < FEW or part in (0, 1) else interval(values)


def wilson(part: float, photos: int) -> tuple[float, float]:
    """Return Wilson's 95 % score interval of a share of so many photos.

    >>> [round(end, 3) for end in wilson(0.9, 10)]
    [0.596, 0.982]
    """
    spread = DEVIATIONS**2 / photos
    centre = part + spread / 2
    half = math.sqrt(spread * (part * (1 - part) + spread / 4))
    low, high = ((centre + side * half) / (1 + spread) for side in (-1, 1))
    return low if part > 0 else 0.0, high if part < 1 else 1.0


def mcnemar(only_first: int, only_second: int) -> float:
    """Return the two-sided p-value of the exact McNemar test.

    If neither voter is better, each photo on which exactly one of them is right is a fair coin toss; the
    p-value is the probability of a split at least as uneven. Computed in integers, so exact for any counts.

    >>> mcnemar(2, 8)
    0.109375

    Args:
        only_first: Photos on which only the first voter is right.
        only_second: Photos on which only the second voter is right.

    Raises:
        ValueError: A count below 0.
    """
    fewer, photos = min(only_first, only_second), only_first + only_second
    if fewer < 0:
        raise ValueError(f"expected counts of at least 0, received {only_first} and {only_second}")
    ways = total = 1
    for heads in range(fewer):
        ways = ways * (photos - heads) // (heads + 1)
        total += ways
    # An even split lies in both tails, so twice one tail may exceed the total.
    return min(2 * total, 1 << photos) / (1 << photos)


class _Counted:
    """A voter's predictions, with everything that is the same in each resample."""

    def __init__(self, voter: Predictions, truth: NDArray[np.int64], classes: int) -> None:
        if truth.ndim != 1 or truth.size == 0 or len(voter) != len(truth):
            raise ValueError(
                "expected one prediction and one true class for each photo, and at least one photo, received"
                f" {len(voter)} predictions and truth {truth.shape}"
            )
        self._predicted, self._truth, self._classes = voter.first, truth, classes
        right = voter.right(truth)
        # (photos,) becomes (photos, 1) to compare it with each of the k classes.
        in_top_k = (voter.classes == truth[:, np.newaxis]).any(axis=1)
        # Floats, so that dot products and weighted counts need no conversion in each resample.
        self._right, self._in_top_k = right.astype(np.float64), in_top_k.astype(np.float64)
        self._ranking = np.argsort(-voter.first_scores, kind="stable")
        self._right_ranked = right[self._ranking]
        true_photos, predicted_photos = (
            np.bincount(some, minlength=classes) for some in (truth, voter.first)
        )
        self._true_weights, self._predicted_weights = map(_class_weights, (true_photos, predicted_photos))
        self._only_predicted = np.count_nonzero((predicted_photos > 0) & (true_photos == 0))
        self._only_true = np.count_nonzero((true_photos > 0) & (predicted_photos == 0))

    def figures(
        self, copies: NDArray[np.int64], true_photos: NDArray[Any]
    ) -> tuple[float, float, float, float, float, float]:
        """Return the `FIGURES` of one resample.

        Args:
            copies: How many times each photo was drawn, (photos,).
            true_photos: Photos drawn of each true class, (classes,).
        """
        photos, weights = len(copies), copies.astype(np.float64)
        right_photos = np.bincount(self._truth, weights * self._right, self._classes)
        predicted_photos = np.bincount(self._predicted, weights, self._classes)
        # A class without photos has no right ones either: 0 / 1.
        recalls = (right_photos / np.maximum(true_photos, 1)) @ self._true_weights
        precisions = (right_photos / np.maximum(predicted_photos, 1)) @ self._predicted_weights
        true_classes = (true_photos > 0) @ self._true_weights
        predicted_classes = (predicted_photos > 0) @ self._predicted_weights
        return (
            float(weights @ self._right) / photos,
            float(weights @ self._in_top_k) / photos,
            recalls / true_classes,
            precisions / (predicted_classes + self._only_true),
            recalls / (true_classes + self._only_predicted),
            gap_of_copies(self._right_ranked, copies[self._ranking], photos),
        )


def _class_weights(photos_of_class: NDArray[np.integer[Any]]) -> NDArray[np.float64]:
    """Return 1 / the probability that a resample holds a class, 0 for one without photos, (classes,)."""
    photos = photos_of_class.sum()
    chances = 1 - (1 - photos_of_class / photos) ** photos
    return np.divide(1.0, chances, out=np.zeros(len(chances)), where=photos_of_class > 0)
