"""How far a figure would move on other photos: bootstrap over photos, and McNemar's test.

Every resample is drawn once and serves all voters, so that differences between voters are paired.

Source: Efron & Tibshirani, "An Introduction to the Bootstrap" (1993), chapter 13, for percentiles; Hájek,
"Comment on a paper by D. Basu" (1971), for means over labels drawn with unequal chances; McNemar, "Note on
the sampling error of the difference between correlated proportions or percentages" (1947).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

FIGURES = ("top_1", "top_5", "mean_class_accuracy", "macro_precision", "macro_recall", "gap")
RESAMPLES = 1000
PERCENTILES = (2.5, 97.5)  # between them lie 95 %


@dataclass(frozen=True)
class Responses:
    """One voter's answers as far as its figures depend on them, the photos in the order of their ids.

    Attributes:
        labels: Class index answered first, (photos,) int64.
        among: Whether the true class is among the first k answers, (photos,) bool.
        scores: How sure the voter is of its first answer, (photos,) float64.
    """

    labels: NDArray[np.int64]
    among: NDArray[np.bool_]
    scores: NDArray[np.float64]


def resampled_figures(
    voters: Sequence[Responses], truth: NDArray[np.int64], classes: int, *, resamples: int, seed: int
) -> NDArray[np.float64]:
    """Give each voter's figures on the same resamples of the photos.

    A resample leaves some labels without a photo. Their recall, or precision, is then unknown and not 0:
    counted as 0, they pull all resamples down where a label has few photos (two each and every other one
    right: a macro recall of 0.50, and an interval that ends at 0.47). Nor can they just be left out, as
    these are the labels with fewest photos. So the figures by class are means over the labels drawn, each
    weighted by 1 / the chance that any of its photos is drawn: no figure leans to one side. Labels that
    have no photo in the whole hold-out count as 0, as in the figures themselves.

    Args:
        voters: Answers of each, the photos in the order of their ids: of equal scores the earlier photo
            ranks first in GAP.
        truth: True class index of each photo, (photos,) int64.
        classes: Labels and truth lie in 0 … classes - 1.
        resamples: How many are drawn, at least 1.
        seed: Of the resamples.

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
    """Draw as many photos as there are, with replacement, for each resample.

    Args:
        photos: How many there are, at least 1.
        resamples: How many are drawn.
        seed: The same seed draws the same.

    Yields:
        How many times each photo was drawn, (photos,) int64, sum `photos`.
    """
    generator = np.random.default_rng(seed)
    for _ in range(resamples):
        yield np.bincount(generator.integers(photos, size=photos), minlength=photos)


def gap_of_copies(right: NDArray[np.bool_], copies: NDArray[np.integer[Any]], with_landmark: int) -> float:
    """Give the GAP of photos that occur several times, as `metrics.gap` gives it of each copy as a photo.

    Args:
        right: Whether the answer is right, of answered photos in the order of the ranking, (answered,);
            False where the photo shows no landmark.
        copies: Times each of them occurs, which is the number of neighbouring ranks it takes, (answered,).
        with_landmark: Copies of photos that show a landmark, answered or not.

    Raises:
        ValueError: No photo that shows a landmark.
    """
    if with_landmark == 0:
        raise ValueError("expected a photo that shows a landmark, received none")
    ranks = np.flatnonzero(np.repeat(right, copies)) + 1
    # Up to the rank of the n-th right answer, n are right.
    return float((np.arange(1, len(ranks) + 1) / ranks).sum() / with_landmark)


def interval(values: NDArray[np.float64]) -> tuple[float, float]:
    """Give the bounds of 95 % of a figure's resampled `values`, (resamples,), by percentiles."""
    low, high = np.percentile(values, PERCENTILES)
    return float(low), float(high)


def mcnemar(only_first: int, only_second: int) -> float:
    """Give the two-sided p-value of the exact McNemar test.

    If neither voter is better, each photo on which just one of them is right is a fair coin; the p-value
    is the chance of a split at least as uneven. Counted in whole numbers, so it is exact for any counts.

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
    # An even split is in both tails, so that twice one of them may pass the whole.
    return min(2 * total, 1 << photos) / (1 << photos)


class _Counted:
    """A voter's answers, with all that is the same in every resample."""

    def __init__(self, voter: Responses, truth: NDArray[np.int64], classes: int) -> None:
        arrays = (voter.labels, voter.among, voter.scores)
        if truth.ndim != 1 or truth.size == 0 or any(array.shape != truth.shape for array in arrays):
            shapes = ", ".join(str(array.shape) for array in arrays)
            raise ValueError(f"expected (photos,) of some photos, received {shapes} and truth {truth.shape}")
        self._labels, self._truth, self._classes = voter.labels, truth, classes
        right = voter.labels == truth
        # As floats, which a dot product and a weighted count take without converting them each time.
        self._right, self._among = right.astype(np.float64), voter.among.astype(np.float64)
        self._ranking = np.argsort(-voter.scores, kind="stable")
        self._right_ranked = right[self._ranking]
        true_photos, answered_photos = (
            np.bincount(some, minlength=classes) for some in (truth, voter.labels)
        )
        self._true_weights, self._answered_weights = map(_label_weights, (true_photos, answered_photos))
        self._only_answered = np.count_nonzero((answered_photos > 0) & (true_photos == 0))
        self._only_true = np.count_nonzero((true_photos > 0) & (answered_photos == 0))

    def figures(
        self, copies: NDArray[np.int64], true_photos: NDArray[Any]
    ) -> tuple[float, float, float, float, float, float]:
        """Give the `FIGURES` of one resample.

        Args:
            copies: Times each photo was drawn, (photos,).
            true_photos: Photos drawn of each true class, (classes,).
        """
        photos, weights = len(copies), copies.astype(np.float64)
        right_photos = np.bincount(self._truth, weights * self._right, self._classes)
        answered_photos = np.bincount(self._labels, weights, self._classes)
        # A label without photos has none that are right: 0 / 1.
        recalls = (right_photos / np.maximum(true_photos, 1)) @ self._true_weights
        precisions = (right_photos / np.maximum(answered_photos, 1)) @ self._answered_weights
        true_labels = (true_photos > 0) @ self._true_weights
        answered_labels = (answered_photos > 0) @ self._answered_weights
        return (
            float(weights @ self._right) / photos,
            float(weights @ self._among) / photos,
            recalls / true_labels,
            precisions / (answered_labels + self._only_true),
            recalls / (true_labels + self._only_answered),
            gap_of_copies(self._right_ranked, copies[self._ranking], photos),
        )


def _label_weights(photos_of_label: NDArray[np.integer[Any]]) -> NDArray[np.float64]:
    """Give 1 / the chance that a resample holds any photo of a label, 0 of one without photos, (labels,)."""
    photos = photos_of_label.sum()
    chances = 1 - (1 - photos_of_label / photos) ** photos
    return np.divide(1.0, chances, out=np.zeros(len(chances)), where=photos_of_label > 0)
