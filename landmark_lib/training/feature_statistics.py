"""Statistics of the features of all training rows, computed over all ranks when a member is trained."""

from collections.abc import Iterator

from landmark_lib.errors import LandmarkError
from landmark_lib.method.similarity import FeatureStatistics, FeatureSums, feature_statistics
from landmark_lib.progress import progress
from landmark_lib.training import horovod_step
from landmark_lib.training.feed import FeatureRows
from landmark_lib.training.horovod_step import Ranks
from landmark_lib.training.member_data import MemberData


def training_feature_statistics(
    data: MemberData, ranks: Ranks, rows: Iterator[FeatureRows]
) -> FeatureStatistics:
    """Compute statistics of the features of all training rows, each rank its part.

    Args:
        data: The member's.
        ranks: This rank.
        rows: Features and class indices of this rank's part, as `Feed.training_features` yields them.

    Raises:
        LandmarkError: A row does not decode and none may be skipped, a shard is broken, or there is no row.
    """
    title = f"member {data.member}, class means"
    sums: FeatureSums | None = None
    with progress(title, data.rows // ranks.size, "images", shown=ranks.is_chief) as display:
        for features, classes in rows:
            sums = sums or FeatureSums.zeros(len(data.landmark_ids), features.shape[1])
            sums.add(features, classes)
            display.update(len(classes))
    if sums is None:
        raise LandmarkError(f"member {data.member}: no training rows")
    parts = (sums.photos, sums.features, sums.products)
    return feature_statistics(FeatureSums(*map(horovod_step.sum_over_ranks, parts)))
