"""The number of photos of each landmark and the list of photos, without pixels."""

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
TAIL_EXPONENTS = (0.3, 1.1)  # from an almost flat tail to one with nearly all photos
BLOCK = 1 << 16  # rows computed at a time
MIN_ID_SPACE = 20_000  # landmark ids have up to five digits, as on Kaggle


def long_tailed_counts(labels: int, photos: int) -> list[int]:
    """Return label counts distributed like those of the paper's corpus.

    They follow the quantiles of the paper's Table 1 up to the 90th percentile. Above it, the tail is a Pareto
    law whose exponent is fitted to the total. The two largest labels have their shares of that corpus, if
    these make them the largest. If no exponent reaches the total, all counts are scaled.

    Args:
        labels: Number of labels, at least 1.
        photos: Number of photos, at least one per label.

    Returns:
        `labels` counts in ascending order, each at least 1, with the sum `photos`.

    Raises:
        ValueError: No labels, or fewer photos than labels.

    Source: Dobles & Varela, "Landmark Recognition" (CS 231N), Table 1.
    """
    if not 0 < labels <= photos:
        raise ValueError(
            f"expected at least 1 label and a photo for each, received {labels} labels, {photos} photos"
        )
    excess = np.maximum(_quantiles(labels, _fit_exponent(labels, photos)) - 1.0, 0.0)
    # One photo for each label; the others are divided at rounded sums, so that the total is exact.
    total = excess.sum()
    cuts = np.cumsum(excess) * ((photos - labels) / total) if total else np.zeros(labels)
    cuts[-1] = photos - labels
    counts = 1 + np.diff(np.round(cuts).astype(np.int64), prepend=0)
    return sorted(counts.tolist())


def labels_without_pixels(labels: int, photos: int, seed: int) -> Iterator[tuple[str, str]]:
    """Yield the list of a corpus without its photos.

    Args:
        labels: Number of landmarks.
        photos: Number of photos.
        seed: Seed of the sample.

    Yields:
        (image id, landmark id) in a scrambled order: 16 hex digits and a decimal number; the image ids are
        distinct. Memory holds the counts and one block, whatever the number of photos.

    Raises:
        ValueError: As in `long_tailed_counts`.
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
    """Return the ids of the landmarks, distinct decimal numbers, from the smallest count to the largest."""
    space = Scramble(max(MIN_ID_SPACE, 2 * labels), seed, "landmark id")
    return [str(place) for place in space.places(np.arange(labels, dtype=np.uint64)).tolist()]


def _quantiles(labels: int, exponent: float) -> npt.NDArray[np.float64]:
    """Return the photos per label before rounding, ascending; (labels,), float64."""
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
    """Return the tail's exponent with a total of `photos`, or the nearest bound."""
    low, high = TAIL_EXPONENTS
    for _ in range(60):
        middle = (low + high) / 2
        if _quantiles(labels, middle).sum() < photos:
            low = middle
        else:
            high = middle
    return low
