"""How many outputs each image of a small class has (the paper's Algorithm 1; step 6 of the method)."""

from collections import Counter
from collections.abc import Sequence

from landmark_lib.draws import keyed_draw


def allocate_outputs(ids: Sequence[str], target: int, seed: int) -> dict[str, int]:
    """Share exactly `target` outputs among the training images of one class.

    Of lc images, uq = target mod lc have floor(target / lc) + 1 outputs and the other lq = lc - uq have
    floor(target / lc). Which ones have one more is drawn by image id, so neither the order of `ids` nor a
    retry changes it.

    >>> allocate_outputs(["a", "b", "c"], target=7, seed=0)
    {'a': 3, 'b': 2, 'c': 2}

    Args:
        ids: The lc image ids of the class without the hold-out, distinct.
        target: Images the class is to have, including the originals; at least lc.
        seed: Seed of the data set.

    Returns:
        Outputs by image id, in the order of `ids`; each at least 1, with sum `target`.

    Raises:
        ValueError: No images, a repeated id, or more images than `target`.

    Source: Dobles & Varela, "Landmark Recognition" (CS 231N), Algorithm 1.
    """
    label_count = len(ids)
    if not 0 < label_count <= target:
        raise ValueError(f"expected 1 to {target} images (target), received {label_count}")
    repeated = sorted(i for i, times in Counter(ids).items() if times > 1)
    if repeated:
        raise ValueError(f"expected distinct image ids, received more than once: {repeated}")

    fewest, upper_count = divmod(target, label_count)
    # Ties go by id, so the order is total.
    by_draw = sorted(ids, key=lambda i: (keyed_draw(seed, "extra output", i), i))
    one_more = set(by_draw[:upper_count])
    return {i: fewest + (i in one_more) for i in ids}
