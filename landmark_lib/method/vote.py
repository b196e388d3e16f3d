"""The ensemble's vote (step 8 of the method)."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landmark_lib.predictions import Predictions


@dataclass(frozen=True)
class Votes:
    """The result of a vote.

    Attributes:
        classes: Class index of each photo, int64, (photos,).
        scores: Score of this class, in 0 … 1, float64, (photos,).
        votes: Members that voted for it, int64, (photos,).
    """

    classes: NDArray[np.int64]
    scores: NDArray[np.float64]
    votes: NDArray[np.int64]

    @property
    def predictions(self) -> Predictions:
        """The same as predictions of one class, k = 1."""
        return Predictions(self.classes[:, np.newaxis], self.scores[:, np.newaxis])


def vote(classes: NDArray[np.integer[Any]], confidences: NDArray[np.floating[Any]]) -> Votes:
    """Return the majority of the members' classes for each photo.

    Ties go to the larger summed confidence, then to the smaller class index. The score is (votes - 1 + mean
    confidence of the agreeing members) / members: more votes rank above fewer, because a softmax is never 0,
    and equal votes rank by the mean. The order of the members does not change a single bit.

    >>> vote(np.array([[4], [4], [9]]), np.array([[0.25], [0.75], [1.0]]))
    Votes(classes=array([4]), scores=array([0.5]), votes=array([2]))

    Args:
        classes: Each member's class of each photo, (members, photos).
        confidences: Softmax of that class, in 0 … 1, (members, photos).

    Raises:
        ValueError: No members, other shapes or types, or a confidence outside 0 … 1.
    """
    if classes.ndim != 2 or classes.shape != confidences.shape or len(classes) == 0:
        raise ValueError(
            "expected classes and confidences as (members, photos) of at least one member, "
            f"received {classes.shape} and {confidences.shape}"
        )
    if not np.issubdtype(classes.dtype, np.integer):
        raise ValueError(f"expected integer classes, received {classes.dtype}")
    # Written this way round, it refuses NaN too.
    if not ((confidences >= 0) & (confidences <= 1)).all():
        raise ValueError(
            f"expected confidences in 0 to 1, received {confidences.min()} to {confidences.max()}"
        )
    candidates = classes.astype(np.int64)
    # agree[m]: which members give the same class as member m, (members, photos)
    agree = [candidates == candidate for candidate in candidates]
    votes = np.array([same.sum(axis=0) for same in agree], dtype=np.int64)
    # Summed smallest first, because a float sum depends on the order of its terms.
    weights = [np.where(same, confidences, 0.0).astype(np.float64) for same in agree]
    sums = np.array([np.sort(own, axis=0).sum(axis=0) for own in weights])
    # The last key counts most; (members, photos) becomes the best member of each photo, (photos,).
    best = np.lexsort((-candidates, sums, votes), axis=0)[-1]

    photos = np.arange(classes.shape[1])
    most = votes[best, photos]
    scores = (most - 1 + sums[best, photos] / most) / len(classes)
    return Votes(candidates[best, photos], scores, most)


def rank_classes(
    classes: NDArray[np.integer[Any]], confidences: NDArray[np.floating[Any]]
) -> NDArray[np.int64]:
    """Rank the classes that the members consider, for the ensemble's top-k.

    Classes with votes come first, ranked as in `vote`; the others follow by the summed confidence of the
    members that consider them, then by class index.

    Args:
        classes: Each member's k most likely classes of each photo, best first, (members, photos, k).
        confidences: Their softmax, in 0 … 1, (members, photos, k).

    Returns:
        The k best classes of each photo, (photos, k).

    Raises:
        ValueError: Other shapes.
    """
    if classes.ndim != 3 or classes.shape != confidences.shape:
        raise ValueError(
            "expected classes and confidences as (members, photos, k), "
            f"received {classes.shape} and {confidences.shape}"
        )
    ranked = [_rank_photo(classes[:, photo], confidences[:, photo]) for photo in range(classes.shape[1])]
    return np.array(ranked, np.int64).reshape(classes.shape[1:])


def ensemble_predictions(members: Sequence[Predictions]) -> tuple[Predictions, NDArray[np.int64]]:
    """Combine the members' predictions of the same photos, with a score for each of their k classes.

    Returns:
        The ensemble's k classes with the score of the first, and its votes, (photos,).
    """
    # (members, photos, k) each
    classes = np.stack([member.classes for member in members])
    confidences = np.stack([member.scores for member in members])
    voted = vote(classes[:, :, 0], confidences[:, :, 0])
    return Predictions(rank_classes(classes, confidences), voted.scores[:, np.newaxis]), voted.votes


def _rank_photo(classes: NDArray[np.integer[Any]], confidences: NDArray[np.floating[Any]]) -> list[int]:
    """Rank the classes of one photo, (members, k) -> k."""
    voted: dict[int, list[float]] = defaultdict(list)
    considered: dict[int, list[float]] = defaultdict(list)
    for own, softmax in zip(classes.tolist(), confidences.tolist(), strict=True):
        voted[own[0]].append(softmax[0])
        for candidate, confidence in zip(own, softmax, strict=True):
            considered[candidate].append(confidence)

    def best_first(candidate: int) -> tuple[int, float, int]:
        votes = voted.get(candidate, [])
        # Sums in sorted order, as in `vote`, so that both agree to the last bit.
        return -len(votes), -sum(sorted(votes or considered[candidate])), candidate

    return sorted(considered, key=best_first)[: classes.shape[1]]
