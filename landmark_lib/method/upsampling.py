"""How many outputs each image of a small class gives (the paper's Algorithm 1; step 6 of the method)."""

from collections import Counter
from collections.abc import Sequence

from landmark_lib.draws import keyed_draw


def allocate_outputs(ids: Sequence[str], target: int, seed: int) -> dict[str, int]:
    """Share exactly `target` outputs among the training images of one class.

    Of lc images, uq = target mod lc give floor(target / lc) + 1 outputs and the
    other lq = lc - uq give floor(target / lc). Which ones give one more is drawn
    by image id, so neither the order of `ids` nor a retry changes it.

    Args:
        ids: Image ids of the class, hold-out removed; lc of them, distinct.
        target: Images the class shall have, originals included; at least lc.
        seed: Seed of the data set.

    Returns:
        Outputs by image id, in the order given; each at least 1, sum `target`.

    Raises:
        ValueError: No images, an id given twice, or more images than `target`.

    Source: Dobles & Varela, "Landmark Recognition" (CS 231N), Algorithm 1.
    """
    label_count = len(ids)
    if not 0 < label_count <= target:
        raise ValueError(f"expected 1 to {target} images (target), got {label_count}")
    repeated = sorted(i for i, times in Counter(ids).items() if times > 1)
    if repeated:
        raise ValueError(f"image ids given more than once: {repeated}")

    fewest, upper_count = divmod(target, label_count)
    # Equal draws fall back on the id, so the order is total.
    by_draw = sorted(ids, key=lambda i: (keyed_draw(seed, "extra output", i), i))
    one_more = set(by_draw[:upper_count])
    return {i: fewest + (i in one_more) for i in ids}
