"""What the ensemble answers, and how sure it is (step 8 of the method)."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Votes:
    """The ensemble's answers.

    Attributes:
        labels: Label of each photo, int64, (photos,).
        scores: How sure the ensemble is, in 0 … 1, float64, (photos,).
        votes: Members that gave the label, int64, (photos,).
    """

    labels: NDArray[np.int64]
    scores: NDArray[np.float64]
    votes: NDArray[np.int64]


def vote(labels: NDArray[np.integer[Any]], confidences: NDArray[np.floating[Any]]) -> Votes:
    """Take the majority of the members' labels.

    Ties go to the larger summed confidence, then to the smaller label. The score is (votes - 1 + mean
    confidence of the agreeing members) / members: more votes rank above fewer, as a softmax is never 0,
    and equal votes rank by the mean. The members' order changes no bit of it.

    Args:
        labels: Each member's label of each photo, (members, photos).
        confidences: Softmax of that label, in 0 … 1, (members, photos).

    Raises:
        ValueError: No members, other shapes or types, or a confidence that is no probability.
    """
    _check(labels, confidences)
    candidates = labels.astype(np.int64)
    # agree[m]: who gives the same label as member m, (members, photos)
    agree = [candidates == candidate for candidate in candidates]
    votes = np.array([same.sum(axis=0) for same in agree], dtype=np.int64)
    sums = np.array([_sum_in_order(np.where(same, confidences, 0.0)) for same in agree])
    # The last key counts most; (members, photos) becomes the best member of each photo, (photos,).
    best = np.lexsort((-candidates, sums, votes), axis=0)[-1]

    photos = np.arange(labels.shape[1])
    most = votes[best, photos]
    scores = (most - 1 + sums[best, photos] / most) / len(labels)
    return Votes(candidates[best, photos], scores, most)


def rank_labels(
    labels: NDArray[np.integer[Any]], confidences: NDArray[np.floating[Any]]
) -> NDArray[np.int64]:
    """Rank the labels that the members consider, for the ensemble's top-k.

    Labels with votes come first, as `vote` ranks them; the others follow by the summed confidence of the
    members that consider them, then by label.

    Args:
        labels: Each member's k most likely labels of each photo, most likely first, (members, photos, k).
        confidences: Their softmax, in 0 … 1, (members, photos, k).

    Returns:
        The k best labels of each photo, (photos, k).

    Raises:
        ValueError: Other shapes.
    """
    if labels.ndim != 3 or labels.shape != confidences.shape:
        raise ValueError(
            "expected labels and confidences as (members, photos, k), "
            f"received {labels.shape} and {confidences.shape}"
        )
    ranked = [_rank_photo(labels[:, photo], confidences[:, photo]) for photo in range(labels.shape[1])]
    return np.array(ranked, np.int64).reshape(labels.shape[1:])


def _rank_photo(labels: NDArray[np.integer[Any]], confidences: NDArray[np.floating[Any]]) -> list[int]:
    voted: dict[int, list[float]] = defaultdict(list)
    considered: dict[int, list[float]] = defaultdict(list)
    for own, sure in zip(labels.tolist(), confidences.tolist(), strict=True):
        voted[own[0]].append(sure[0])
        for label, confidence in zip(own, sure, strict=True):
            considered[label].append(confidence)

    def worst_last(label: int) -> tuple[int, float, int]:
        votes = voted.get(label, [])
        # Sums in a sorted order, as `vote` has them, so that both agree to the last bit.
        return -len(votes), -sum(sorted(votes or considered[label])), label

    return sorted(considered, key=worst_last)[: labels.shape[1]]


def _sum_in_order(values: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Add up over the members, smallest first: a float sum depends on the order of its terms."""
    total: NDArray[np.float64] = np.sort(values.astype(np.float64), axis=0).sum(axis=0)
    return total


def _check(labels: NDArray[np.integer[Any]], confidences: NDArray[np.floating[Any]]) -> None:
    if labels.ndim != 2 or labels.shape != confidences.shape or len(labels) == 0:
        raise ValueError(
            "expected labels and confidences as (members, photos) of at least one member, "
            f"received {labels.shape} and {confidences.shape}"
        )
    if not np.issubdtype(labels.dtype, np.integer):
        raise ValueError(f"expected integer labels, received {labels.dtype}")
    # Said this way round, NaN is refused too.
    if not ((confidences >= 0) & (confidences <= 1)).all():
        raise ValueError(
            f"expected confidences in 0 to 1, received {confidences.min()} to {confidences.max()}"
        )
