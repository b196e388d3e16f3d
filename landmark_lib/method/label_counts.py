"""How many images the labels have, and which labels are worth keeping (steps 2 and 3 of the method)."""

from collections import Counter
from collections.abc import Mapping, Sequence

PERCENTILES = (10, 20, 30, 40, 50, 60, 70, 80, 90)
# Table 1 of the paper: images per label of its corpus.
TABLE_1 = dict(zip(PERCENTILES, (4, 5, 7, 9, 14, 22, 34, 62, 142), strict=True))


def percentiles(counts: Sequence[int]) -> dict[int, int]:
    """Return the percentiles of the label counts by nearest rank.

    The p-th percentile is the smallest count that at least p per cent of the labels do not exceed. It is one
    of the counts, never a mean of two.

    Args:
        counts: Images of each label, in any order.

    Returns:
        The count at each of `PERCENTILES`.

    Raises:
        ValueError: No counts.

    Source: Table 1 of the paper.
    """
    if not counts:
        raise ValueError("expected the image count of at least one label, received none")
    ascending = sorted(counts)
    # Rank ceil(percent * labels / 100), in integers.
    return {percent: ascending[-(-percent * len(ascending) // 100) - 1] for percent in PERCENTILES}


def histogram(counts: Sequence[int]) -> list[tuple[int, int, int]]:
    """Count the labels with 1, 2 … 3, 4 … 7, 8 … 15 images and so on.

    Args:
        counts: Images of each label, in any order, each at least 1.

    Returns:
        (low, high, labels) with inclusive bounds, without gaps up to the bin of the largest count; empty for
        no labels.

    Raises:
        ValueError: A count below 1.

    Source: Figure 1 of the paper.
    """
    if min(counts, default=1) < 1:
        raise ValueError(f"expected image counts of at least 1, received {min(counts)}")
    # 4 … 7 are the numbers with three binary digits.
    labels = Counter(count.bit_length() for count in counts)
    return [
        (1 << digits - 1, (1 << digits) - 1, labels[digits])
        for digits in range(1, max(labels, default=0) + 1)
    ]


def kept_labels(label_counts: Mapping[str, int], min_count: int) -> list[str]:
    """Return the labels with at least `min_count` images, sorted; the position is the class index."""
    return sorted(label for label, count in label_counts.items() if count >= min_count)
