"""Which images of a large class a member of the ensemble trains on (step 5 of the method)."""

import heapq
from collections.abc import Sequence

from landmark_lib.draws import keyed_draw


def member_sample(ids: Sequence[str], cutoff: int, member: int, seed: int) -> frozenset[str]:
    """Draw one member's training images of a class, independently of the other members.

    >>> sorted(member_sample(["a", "b", "c", "d"], cutoff=2, member=0, seed=0))
    ['b', 'c']
    >>> sorted(member_sample(["a", "b"], cutoff=2, member=0, seed=0))
    ['a', 'b']

    Args:
        ids: Image ids of the class without the hold-out, distinct, in any order.
        cutoff: Maximum images per member.
        member: Which member of the ensemble, from 0.
        seed: Seed of the data set.

    Returns:
        All ids if there are at most `cutoff`, else exactly `cutoff` of them, a uniform sample without
        replacement.

    Source: random undersampling for an ensemble (ERUS) with a cutoff, as the paper uses it.
    """
    if len(ids) <= cutoff:
        return frozenset(ids)
    # Ties go by id, so the order is total.
    drawn = heapq.nsmallest(cutoff, ids, key=lambda i: (keyed_draw(seed, "member sample", member, i), i))
    return frozenset(drawn)
