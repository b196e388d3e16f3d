"""GAP of test sets with any share of photos without a landmark, from examples of both kinds of photos."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

SHARES = (0.0, 0.5, 0.9, 0.98)  # of landmark-free photos, at which GAP is reported


class RankedPhotos:
    """Predictions for photos with and without a landmark, ranked once, to be mixed in any share."""

    def __init__(
        self, scores: NDArray[np.float64], right: NDArray[np.bool_], landmark_free: NDArray[np.float64]
    ) -> None:
        """Rank the predictions; among equal scores wrong ones come first.

        Args:
            scores: Scores for photos with a landmark, (photos,).
            right: Whether these predictions are right, (photos,).
            landmark_free: Scores for photos without a landmark, (other photos,).
        """
        self._known, self._free = len(scores), len(landmark_free)
        is_right = np.concatenate((right, np.zeros(self._free, np.bool_)))
        self._order = np.lexsort((is_right, -np.concatenate((scores, landmark_free))))
        self._right = is_right[self._order]

    def gap_at_share(
        self,
        share: float,
        known: NDArray[np.integer[Any]] | None = None,
        landmark_free: NDArray[np.integer[Any]] | None = None,
    ) -> float:
        """Return the GAP of a test set with this share of landmark-free photos.

        Landmark-free photos are weighted to make up the share: the result is that of `metrics.gap` on a set
        with copies of them.

        Args:
            share: Share of landmark-free photos, at least 0 and below 1.
            known: How many times each photo with a landmark counts, as in a resample; default once.
            landmark_free: The same for photos without.

        Raises:
            ValueError: No photos with a landmark, or a share without examples.
        """
        known = np.ones(self._known, np.int64) if known is None else known
        free = np.ones(self._free, np.int64) if landmark_free is None else landmark_free
        if not known.sum() > 0 or (share and not free.sum() > 0) or not 0 <= share < 1:
            raise ValueError(
                f"expected photos of both kinds and a share below 1, received {known.sum()} and"
                f" {free.sum()} photos and {share}"
            )
        multiple = share / (1 - share) * known.sum() / free.sum() if share else 0.0
        # Each copy of a photo with a landmark has its own rank; copies of the others only push ranks down.
        places = np.concatenate((known, np.ones(self._free, np.int64)))[self._order]
        widths = np.concatenate((np.ones(self._known), free * multiple))[self._order]
        right = np.repeat(self._right, places)
        ranks = np.cumsum(np.repeat(widths, places))[right]
        # Up to the rank of the n-th right answer, n are right.
        return float((np.arange(1, len(ranks) + 1) / ranks).sum() / known.sum())
