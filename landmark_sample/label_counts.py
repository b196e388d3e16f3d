"""How many photos each landmark has, and which photo belongs to which, without any pixels."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from landmark_lib.method.label_counts import TABLE_1
from landmark_sample.scramble import Scramble

# Photos per label at the percentiles 0 … 90; the paper gives none for 0.
QUANTILES = (1, *TABLE_1.values())
TAIL_STARTS = 0.9
# The two largest labels of the paper's corpus, as shares of its 1.2 M photos.
LARGEST_SHARES = (50_148 / 1_200_000, 50_337 / 1_200_000)
TAIL_EXPONENTS = (0.3, 1.1)  # from a tail that hardly rises to one that holds nearly every photo
BLOCK = 1 << 16  # rows computed together
SMALLEST_ID_SPACE = 20_000  # landmark ids have up to five digits, as on Kaggle


def long_tailed_counts(labels: int, photos: int) -> list[int]:
    """Spread photos over labels the way the paper's corpus does.

    The counts follow the quantiles of the paper's Table 1 up to the 90th percentile; the tail above is
    a Pareto law whose exponent is fitted to the total. The two largest labels have the share they have
    in the corpus, if that makes them the largest. Where no exponent reaches the total, all counts are
    scaled.

    Args:
        labels: Number of labels, at least 1.
        photos: Number of photos, at least one a label.

    Returns:
        `labels` counts in ascending order, each at least 1, sum exactly `photos`.

    Raises:
        ValueError: No labels, or fewer photos than labels.

    Source: Dobles & Varela, "Landmark Recognition" (CS 231N), Table 1.
    """
    if not 0 < labels <= photos:
        raise ValueError(
            f"expected at least 1 label and a photo for each, received {labels} labels, {photos} photos"
        )
    excess = np.maximum(_quantiles(labels, _fit_exponent(labels, photos)) - 1.0, 0.0)
    # One photo for each label; the rest is cut at rounded sums, so that the total is exact.
    total = excess.sum()
    cuts = np.cumsum(excess) * ((photos - labels) / total) if total else np.zeros(labels)
    cuts[-1] = photos - labels
    counts = 1 + np.diff(np.round(cuts).astype(np.int64), prepend=0)
    return sorted(counts.tolist())


def labels_without_pixels(labels: int, photos: int, seed: int) -> Iterator[tuple[str, str]]:
    """Which photo shows which landmark: the list of a corpus, without its photos.

    Args:
        labels: Number of landmarks.
        photos: Number of photos.
        seed: Seed of the sample.

    Yields:
        (image id, landmark id) in a scrambled order: 16 hex digits and a decimal number, the ids
        distinct. Memory holds the counts and one block, whatever the number of photos.

    Raises:
        ValueError: As `long_tailed_counts`.
    """
    ends = np.cumsum(long_tailed_counts(labels, photos))
    names = landmark_ids(labels, seed)
    order, image_ids = Scramble(photos, seed, "row order"), Scramble(1 << 64, seed, "image id")
    for start in range(0, photos, BLOCK):
        rows = np.arange(start, min(start + BLOCK, photos), dtype=np.uint64)
        owners = np.searchsorted(ends, order.places(rows).astype(np.int64), side="right")
        for image_id, owner in zip(image_ids.places(rows).tolist(), owners.tolist(), strict=True):
            yield f"{image_id:016x}", names[owner]


def landmark_ids(labels: int, seed: int) -> list[str]:
    """Ids of the landmarks from the rarest to the most photographed: distinct decimal numbers."""
    space = Scramble(max(SMALLEST_ID_SPACE, 2 * labels), seed, "landmark id")
    return [str(place) for place in space.places(np.arange(labels, dtype=np.uint64)).tolist()]


def _quantiles(labels: int, exponent: float) -> npt.NDArray[np.float64]:
    """Photos a label before rounding, ascending; (labels,), float64."""
    shares = (np.arange(labels) + 0.5) / labels
    body = np.exp(np.interp(shares, np.linspace(0.0, TAIL_STARTS, len(QUANTILES)), np.log(QUANTILES)))
    tail = QUANTILES[-1] * ((1 - TAIL_STARTS) / (1 - shares)) ** exponent
    counts = np.where(shares < TAIL_STARTS, body, tail)
    if labels > len(LARGEST_SHARES):
        others = counts[: -len(LARGEST_SHARES)]
        largest = np.array(LARGEST_SHARES) * others.sum() / (1 - sum(LARGEST_SHARES))
        if largest[0] > others[-1]:
            counts = np.concatenate([others, largest])
    return counts


def _fit_exponent(labels: int, photos: int) -> float:
    """The tail's exponent that gives `photos` in all, or the bound next to it."""
    low, high = TAIL_EXPONENTS
    for _ in range(60):
        middle = (low + high) / 2
        if _quantiles(labels, middle).sum() < photos:
            low = middle
        else:
            high = middle
    return low
