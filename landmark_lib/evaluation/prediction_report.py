"""The page of the first predicted photos."""

from collections.abc import Sequence
from typing import Any

from landmark_lib.dataset import has_manifest, read_manifest
from landmark_lib.errors import LandmarkError, NotADatasetError
from landmark_lib.evaluation.photos import Photos
from landmark_lib.evaluation.prediction_files import (
    ANSWERS,
    CHANCE,
    ENSEMBLE_LABELS,
    ENSEMBLE_SCORE,
    ENSEMBLE_VOTES,
    NO_LANDMARK,
    SIMILAR_IDS,
    SIMILAR_LABELS,
    SIMILARITIES,
    PredictionFiles,
    Summary,
)
from landmark_lib.method.recipes import Framing
from landmark_lib.report.predictions_page import PredictedPhoto, predictions_page
from landmark_lib.report.similar_photos import SimilarPhoto, read_similar
from landmark_lib.storage import Place
from landmark_lib.training.member_record import MemberRecord

PHOTOS_SHOWN = 60


def write_report(
    place: Place, files: PredictionFiles, summary: Summary, photos: Photos, models: str, member: MemberRecord
) -> None:
    """Write a page of the first photos, with the training photos that are similar to them.

    Those are read from the data set that the members were trained on, if it is still where it was.

    Args:
        place: The file to write.
        files: Finished predictions.
        summary: What they hold.
        photos: The photos that were predicted.
        models: Directory of the members.
        member: The record of a member.

    Raises:
        LandmarkError: A photo or a file of the data set cannot be read, or the page cannot be written.
    """
    rows, jpegs = _read_first(files, photos, member.framing)
    similar = _similar(rows, member)
    shown = [
        PredictedPhoto(
            image_id=row["image_id"],
            jpeg=jpegs[row["image_id"]],
            labels=row[ENSEMBLE_LABELS],
            score=row[ENSEMBLE_SCORE],
            votes=row[ENSEMBLE_VOTES],
            chance=row.get(CHANCE),
            no_landmark=row.get(NO_LANDMARK, False),
            similar=similar.get(row["image_id"], ()),
        )
        for row in rows
        if row["image_id"] in jpegs
    ]
    page = predictions_page(
        shown, summary.answered, len(summary.members), models, sum(summary.rejected.values())
    )
    try:
        place.write(page.encode())
    except OSError as error:
        raise LandmarkError(f"--report: cannot write {place}: {error.strerror or error}") from None


def _read_first(
    files: PredictionFiles, photos: Photos, framing: Framing
) -> tuple[list[dict[str, Any]], dict[str, bytes]]:
    """Return the first rows, and the JPEGs of their photos by id, without those that have vanished since."""
    rows: list[dict[str, Any]] = []
    jpegs: dict[str, bytes] = {}
    for unit, table in enumerate(files.read(ANSWERS)):
        shown = table.slice(0, PHOTOS_SHOWN - len(rows)).to_pylist()
        rows += shown
        wanted = {row["image_id"] for row in shown}
        for image_ids, of_group in photos.read(unit, lambda *_: None, framing):
            found = zip(image_ids, of_group, strict=True)
            jpegs.update((image_id, jpeg) for image_id, jpeg in found if image_id in wanted)
        if len(rows) == PHOTOS_SHOWN:
            break
    return rows, jpegs


def _similar(rows: Sequence[dict[str, Any]], member: MemberRecord) -> dict[str, list[SimilarPhoto]]:
    columns = (SIMILAR_IDS, SIMILAR_LABELS, SIMILARITIES)
    found = {
        row["image_id"]: list(zip(*(row[name] for name in columns), strict=True))
        for row in rows
        if SIMILAR_IDS in row
    }
    root = str(member.settings.get("dataset") or "")
    try:
        if found and has_manifest(root):
            manifest = read_manifest(root)
            if manifest.fingerprint == member.dataset_fingerprint:
                return read_similar(root, manifest, found)
    except (NotADatasetError, OSError):  # it has been replaced or is out of reach; ids and labels remain
        pass
    return {
        photo: [SimilarPhoto(image_id, label, value, None) for image_id, label, value in photos]
        for photo, photos in found.items()
    }
