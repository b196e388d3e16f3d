"""Which trained models vote best together: greedy selection on their votes, one model per member.

Source: Caruana et al., "Ensemble Selection from Libraries of Models" (ICML 2004), section 2, with the vote of
step 8 instead of the mean. There is one model per training set, so no model is chosen twice.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landmark_lib.method.intervals import gap_of_copies
from landmark_lib.method.vote import vote


def select_ensemble(
    members: Sequence[int],
    classes: NDArray[np.integer[Any]],
    confidences: NDArray[np.floating[Any]],
    truth: NDArray[np.integer[Any]],
) -> list[int]:
    """Choose one candidate for each member, so that they vote well together.

    The best candidate is chosen first. Then, repeatedly, the candidate of another member with which the vote
    has the highest accuracy. That is rarely the next best one: a candidate that agrees with those chosen
    adds nothing. Ties go to the larger GAP, then to the earlier candidate.

    Args:
        members: The member whose training set each candidate was trained on, (candidates,).
        classes: Each candidate's class of each photo, (candidates, photos).
        confidences: Softmax of that class, in 0 … 1, (candidates, photos).
        truth: True class of each photo, (photos,).

    Returns:
        Positions of the chosen candidates in the order of selection, one for each distinct member.

    Raises:
        ValueError: No candidates or photos, or other shapes.
    """
    if classes.shape != (len(members), len(truth)) or classes.shape != confidences.shape or classes.size == 0:
        raise ValueError(
            "expected classes and confidences as (candidates, photos), not empty, received"
            f" {classes.shape} and {confidences.shape} for {len(members)} candidates and {len(truth)} photos"
        )
    chosen: list[int] = []
    while open_members := set(members) - {members[candidate] for candidate in chosen}:
        scores = {
            candidate: vote_score(classes[[*chosen, candidate]], confidences[[*chosen, candidate]], truth)
            for candidate, member in enumerate(members)
            if member in open_members
        }
        # The first of equal ones, because candidates are in order.
        chosen.append(max(scores, key=scores.__getitem__))
    return chosen


def vote_score(
    classes: NDArray[np.integer[Any]],
    confidences: NDArray[np.floating[Any]],
    truth: NDArray[np.integer[Any]],
) -> tuple[float, float]:
    """Return top-1 accuracy and GAP of a vote; classes and confidences are those of `vote`."""
    voted = vote(classes, confidences)
    right = voted.classes == truth
    ranked = right[np.argsort(-voted.scores, kind="stable")]
    return float(right.mean()), gap_of_copies(ranked, np.ones(len(ranked), np.int64), len(ranked))
