"""What the ensemble predicts for a user's photos that show no landmark."""

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from landmark_lib.errors import UserError
from landmark_lib.evaluation.evidence import Evidence, evidence_of, mean_similarity, vectors_of
from landmark_lib.evaluation.networks import Members, run_networks
from landmark_lib.evaluation.photos import Photos, find_users_photos
from landmark_lib.evaluation.rejecting import HALVES_SEED, LandmarkFreePhotos
from landmark_lib.method.calibration import fitting_half
from landmark_lib.method.neighbours import NeighbourIndex
from landmark_lib.method.rejection import NEIGHBOURS
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

    One half of them, drawn by id, becomes known: the evidence of all others is compared with it.

    Raises:
        UserError: No photo can be read.
        LandmarkError: An image of a data set does not decode, or a shard is broken.
    """
    rejected: Counter[str] = Counter()
    image_ids: list[str] = []
    parts: list[Evidence] = []
    vectors: list[list[NDArray[np.float32]]] = []

    def reject(_image_id: str, reason: str, _detail: str) -> None:
        rejected[reason] += 1

    def read() -> Iterator[Group]:
        for unit in range(len(photos.sizes)):
            yield from photos.read(unit, reject, members.framing)

    with progress("no landmark", sum(photos.sizes), "photos") as display:
        for batch_ids, outputs in run_networks(members, read, settings.batch_size):
            image_ids += batch_ids.tolist()
            vectors.append(vectors_of(outputs, indexes))
            parts.append(evidence_of(outputs, indexes, vectors[-1]))
            display.update(len(batch_ids))
    evidence = Evidence.join(parts)
    if evidence is None:
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in rejected.items())
        raise UserError(f"--no-landmark: no photo of {settings.no_landmark} can be read: {reasons}")
    known, of_known = _compare_with_half(evidence, image_ids, vectors)
    return LandmarkFreePhotos(
        settings.no_landmark or "", image_ids, evidence, dict(sorted(rejected.items())), known, of_known
    )


def _compare_with_half(
    evidence: Evidence, image_ids: Sequence[str], vectors: Sequence[Sequence[NDArray[np.float32]]]
) -> tuple[NDArray[np.bool_], list[NDArray[np.float16]]]:
    """Subtract from the evidence the similarity to one half of the photos, which becomes known.

    Args:
        evidence: Of all photos; changed.
        image_ids: Of all photos.
        vectors: Of the photos of each batch, each member's.

    Returns:
        Which photos are known, (photos,), and each member's vectors of them.
    """
    known = fitting_half(image_ids, HALVES_SEED)
    of_members = [np.concatenate(of_member) for of_member in zip(*vectors, strict=True)]
    of_known = [of_member[known].astype(np.float16) for of_member in of_members]
    positions = np.where(known, np.cumsum(known) - 1, -1)
    done = 0
    for batch in vectors:
        rows = slice(done, done + len(batch[0]))
        evidence.values[rows, NEIGHBOURS] -= mean_similarity(batch, of_known, positions[rows])
        done = rows.stop
    return known, of_known
