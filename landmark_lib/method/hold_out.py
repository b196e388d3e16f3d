"""Which images of a class are kept for validation (step 4 of the method)."""

import heapq
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from landmark_lib.draws import DRAW_BITS, keyed_draw


def hold_out_size(label_count: int, per_class: int) -> int:
    """Give how many of a class's `label_count` images are held out.

    As many as `per_class`, or fewer where no image would be left to train on.
    """
    return max(0, min(per_class, label_count - 1))


def held_out(ids: Sequence[str], per_class: int, seed: int) -> frozenset[str]:
    """Draw the validation images of one class, the same for every member of the ensemble.

    Args:
        ids: Image ids of the class, distinct, in any order.
        per_class: Images to hold out, if one is left to train on.
        seed: Seed of the data set.

    Returns:
        `hold_out_size` ids, a uniform sample without replacement.
    """
    size = hold_out_size(len(ids), per_class)
    # Equal draws fall back on the id, so the order is total.
    return frozenset(heapq.nsmallest(size, ids, key=lambda i: (keyed_draw(seed, "hold-out", i), i)))


def selection_half(image_ids: Sequence[str]) -> NDArray[np.bool_]:
    """Tell which held-out photos settings are chosen by; those left are for reporting what was chosen.

    Each photo's coin is its own, so that it stays in its half whatever other photos there are; and no setting
    or seed changes it, so that what was reported on once is never chosen by.

    Args:
        image_ids: Of any photos.

    Returns:
        Whether each is one to choose by, (photos,), in the order given.
    """
    coins = [keyed_draw(0, "selection", image_id) >> (DRAW_BITS - 1) for image_id in image_ids]
    return np.array(coins, np.bool_)
