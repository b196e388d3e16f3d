"""Statistics of the features of all training rows and an index of the photos, computed over all ranks."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from landmark_lib.errors import LandmarkError
from landmark_lib.method.neighbours import NeighbourIndex, Projection
from landmark_lib.method.similarity import FeatureStatistics, FeatureSums
from landmark_lib.progress import progress
from landmark_lib.training import horovod_step
from landmark_lib.training.feed import FeatureRows
from landmark_lib.training.horovod_step import Ranks
from landmark_lib.training.member_data import MemberData, slices_of_rank
from landmark_lib.training.neighbours import PlainFeatures

BLOCK = 1024  # rows at least: adding outer products of less costs more than computing them


def index_training_photos(
    data: MemberData, ranks: Ranks, rows: Iterator[FeatureRows]
) -> tuple[FeatureStatistics, NeighbourIndex]:
    """Compute statistics of the features of all training rows, each rank its part, and index the photos.

    Args:
        data: The member's.
        ranks: This rank.
        rows: Features and class indices of this rank's part, as `Feed.training_features` yields them.

    Returns:
        The statistics and the index, the same on every rank.

    Raises:
        LandmarkError: A row does not decode and none may be skipped, a shard is broken, the temporary
            directory is full, or there is no row.
    """
    title = f"member {data.member}, class means"
    slices = slices_of_rank(data.training, ranks.rank, ranks.size)
    total = sum(part.stop - part.start for part in slices)
    sums: FeatureSums | None = None
    with (
        PlainFeatures(data.training, slices) as plain,
        progress(title, total, "images", shown=ranks.is_chief) as display,
    ):
        for features, classes in _in_blocks(rows, display):
            sums = sums or FeatureSums.zeros(len(data.landmark_ids), features.shape[1])
            sums.add(features, classes)
            plain.add(features, classes)
        if sums is None:
            raise LandmarkError(f"member {data.member}: no training rows")
        for part in (sums.photos, sums.features, sums.products):
            horovod_step.add_over_ranks(part)
        statistics, projection = Projection.of_sums(sums)
        return statistics, plain.index(projection)


def _in_blocks(rows: Iterator[FeatureRows], display: Any) -> Iterator[FeatureRows]:
    """Yield the same rows, more of them at a time."""
    waiting: list[FeatureRows] = []
    for batch in rows:
        waiting.append(batch)
        display.update(len(batch[1]))
        if sum(len(classes) for _, classes in waiting) >= BLOCK:
            yield _joined(waiting)
            waiting = []
    if waiting:
        yield _joined(waiting)


def _joined(batches: list[FeatureRows]) -> FeatureRows:
    features, classes = zip(*batches, strict=True)
    return np.concatenate(features), np.concatenate(classes)
