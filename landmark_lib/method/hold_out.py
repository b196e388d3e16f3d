"""Which images of a class are held out for validation (step 4 of the method)."""

import heapq
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from landmark_lib.draws import DRAW_BITS, keyed_draw


def hold_out_size(label_count: int, per_class: int) -> int:
    """Return how many of a class's `label_count` images are held out.

    These are `per_class`, or fewer if no image would be left to train on.
    """
    return max(0, min(per_class, label_count - 1))


def draw_hold_out(ids: Sequence[str], per_class: int, seed: int) -> frozenset[str]:
    """Draw the validation images of one class, the same for all members of the ensemble.

    >>> sorted(draw_hold_out(["a", "b", "c", "d"], per_class=2, seed=0))
    ['a', 'c']
    >>> draw_hold_out(["a"], per_class=2, seed=0)
    frozenset()

    Args:
        ids: Image ids of the class, distinct, in any order.
        per_class: Images to hold out, unless none would be left to train on.
        seed: Seed of the data set.

    Returns:
        `hold_out_size` ids, a uniform sample without replacement.
    """
    size = hold_out_size(len(ids), per_class)
    # Ties go by id, so the order is total.
    return frozenset(heapq.nsmallest(size, ids, key=lambda i: (keyed_draw(seed, "hold-out", i), i)))


def selection_half(image_ids: Sequence[str]) -> NDArray[np.bool_]:
    """Return which held-out photos select settings, (photos,); the others report on what was selected.

    Each photo has its own coin toss, so other photos do not change its half; nor does any setting or seed, so
    a photo that reported once never selects.
    """
    coins = [keyed_draw(0, "selection", image_id) >> (DRAW_BITS - 1) for image_id in image_ids]
    return np.array(coins, np.bool_)
