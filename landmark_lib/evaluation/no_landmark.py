"""What the ensemble predicts for a user's photos that show no landmark."""

from collections import Counter
from collections.abc import Iterator, Sequence

from landmark_lib.errors import UserError
from landmark_lib.evaluation.evidence import Evidence, evidence_of
from landmark_lib.evaluation.networks import Members, run_networks
from landmark_lib.evaluation.photos import Photos, find_users_photos
from landmark_lib.evaluation.rejecting import LandmarkFreePhotos
from landmark_lib.method.neighbours import NeighbourIndex
from landmark_lib.progress import progress
from landmark_lib.settings import EvaluateSettings
from landmark_lib.training.reading import Group


def find_no_landmark(settings: EvaluateSettings) -> Photos | None:
    """Find the photos of `--no-landmark`.

    Raises:
        UserError: There are none.
    """
    source = settings.no_landmark
    return None if source is None else find_users_photos(source, settings, "--no-landmark")


def predict_no_landmark(
    members: Members,
    indexes: Sequence[NeighbourIndex],
    photos: Photos,
    settings: EvaluateSettings,
) -> LandmarkFreePhotos:
    """Run all members on photos without a landmark.

    Raises:
        UserError: No photo can be read.
        LandmarkError: An image of a data set does not decode, or a shard is broken.
    """
    rejected: Counter[str] = Counter()
    image_ids: list[str] = []
    parts: list[Evidence] = []

    def reject(_image_id: str, reason: str, _detail: str) -> None:
        rejected[reason] += 1

    def read() -> Iterator[Group]:
        for unit in range(len(photos.sizes)):
            yield from photos.read(unit, reject)

    with progress("no landmark", sum(photos.sizes), "photos") as display:
        for batch_ids, outputs in run_networks(members, read, settings.batch_size):
            image_ids += batch_ids.tolist()
            parts.append(evidence_of(outputs, indexes))
            display.update(len(batch_ids))
    evidence = Evidence.join(parts)
    if evidence is None:
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in rejected.items())
        raise UserError(f"--no-landmark: no photo of {settings.no_landmark} can be read: {reasons}")
    return LandmarkFreePhotos(settings.no_landmark or "", image_ids, evidence, dict(sorted(rejected.items())))
