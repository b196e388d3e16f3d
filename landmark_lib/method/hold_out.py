"""Which images of a class are held out for validation (step 4 of the method)."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from landmark_lib.draws import DRAW_BITS, keyed_draw


def hold_out_size(label_count: int, per_class: int) -> int:
    """Return how many of a class's `label_count` images are held out.

    These are `per_class`, or fewer if no image would be left to train on.
    """
    return max(0, min(per_class, label_count - 1))


@dataclass(frozen=True)
class Groups:
    """Near-duplicates among the images of a class.

    Attributes:
        by_id: Group of each image that has near-duplicates, by image id.
        contradictory: Groups with another label too.
    """

    by_id: Mapping[str, str] = field(default_factory=dict)
    contradictory: Collection[str] = ()


NO_GROUPS = Groups()


def draw_hold_out(
    ids: Sequence[str], per_class: int, seed: int, groups: Groups = NO_GROUPS
) -> frozenset[str]:
    """Draw the validation images of one class, the same for all members of the ensemble.

    Images are drawn one by one. With an image, all its near-duplicates are held out; if they are too many or
    have other labels too, none of them is.

    >>> sorted(draw_hold_out(["a", "b", "c", "d"], per_class=2, seed=0))
    ['a', 'c']
    >>> draw_hold_out(["a"], per_class=2, seed=0)
    frozenset()
    >>> sorted(draw_hold_out(["a", "b", "c", "d"], per_class=2, seed=0, groups=Groups({"a": "a", "d": "a"})))
    ['a', 'd']

    Args:
        ids: Image ids of the class, distinct, in any order.
        per_class: Images to hold out, unless none would be left to train on.
        seed: Seed of the data set.
        groups: The near-duplicates among them.

    Returns:
        `hold_out_size` ids, a uniform sample without replacement; fewer if groups leave no more.
    """
    size = hold_out_size(len(ids), per_class)
    members: dict[str, list[str]] = defaultdict(list)
    for image_id in ids:
        members[groups.by_id.get(image_id, image_id)].append(image_id)
    held_out: set[str] = set()
    # Ties go by id, so the order is total.
    for image_id in sorted(ids, key=lambda i: (keyed_draw(seed, "hold-out", i), i)):
        group = groups.by_id.get(image_id, image_id)
        is_fit = group not in groups.contradictory and len(held_out) + len(members[group]) <= size
        if image_id not in held_out and is_fit:
            held_out.update(members[group])
        if len(held_out) == size:
            break
    return frozenset(held_out)


def selection_half(image_ids: Sequence[str]) -> NDArray[np.bool_]:
    """Return which held-out photos select settings, (photos,); the others report on what was selected.

    Each photo has its own coin toss, so other photos do not change its half; nor does any setting or seed, so
    a photo that reported once never selects.
    """
    coins = [keyed_draw(0, "selection", image_id) >> (DRAW_BITS - 1) for image_id in image_ids]
    return np.array(coins, np.bool_)
