"""Which trained models vote best together: greedy selection on their votes, one model a member.

Source: Caruana et al., "Ensemble Selection from Libraries of Models" (ICML 2004), section 2, with the vote of
step 8 in the place of the mean; a member's training set can have one model only, so nothing is chosen twice.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landmark_lib.method.intervals import gap_of_copies
from landmark_lib.method.vote import vote

Score = tuple[float, float]


def select_ensemble(
    members: Sequence[int],
    labels: NDArray[np.integer[Any]],
    confidences: NDArray[np.floating[Any]],
    truth: NDArray[np.integer[Any]],
) -> list[int]:
    """Choose one candidate for each member, so that they vote well together.

    The best candidate comes first; then again and again the one, of a member that has none yet, with which
    the vote is right most often. That is seldom the next best one: who answers like those chosen already adds
    nothing. Of equally many right answers the larger GAP counts, then the earlier candidate.

    Args:
        members: The member on whose training set each candidate was trained, (candidates,).
        labels: Each candidate's label of each photo, (candidates, photos).
        confidences: Softmax of that label, in 0 … 1, (candidates, photos).
        truth: True label of each photo, (photos,).

    Returns:
        Places of the chosen candidates in the order of being chosen, as many as there are distinct members.

    Raises:
        ValueError: No candidates or photos, or other shapes.
    """
    if labels.shape != (len(members), len(truth)) or labels.shape != confidences.shape or labels.size == 0:
        raise ValueError(
            "expected labels and confidences as (candidates, photos) of some, a member for each candidate and"
            f" a truth for each photo, received {labels.shape}, {confidences.shape}, {len(members)} and"
            f" {len(truth)}"
        )
    chosen: list[int] = []
    while open_members := set(members) - {members[candidate] for candidate in chosen}:
        scores = {
            candidate: vote_score(labels[[*chosen, candidate]], confidences[[*chosen, candidate]], truth)
            for candidate, member in enumerate(members)
            if member in open_members
        }
        # The first of equals, as they come in order.
        chosen.append(max(scores, key=scores.__getitem__))
    return chosen


def vote_score(
    labels: NDArray[np.integer[Any]],
    confidences: NDArray[np.floating[Any]],
    truth: NDArray[np.integer[Any]],
) -> Score:
    """Give top-1 accuracy and GAP of a vote, of arrays as `vote` takes them."""
    voted = vote(labels, confidences)
    right = voted.classes == truth
    ranked = right[np.argsort(-voted.scores, kind="stable")]
    return float(right.mean()), gap_of_copies(ranked, np.ones(len(ranked), np.int64), len(ranked))
