"""Predictions as a submission to Kaggle's landmark recognition."""

import csv
import io
import logging
from collections.abc import Collection, Sequence

from landmark_lib.errors import UserError
from landmark_lib.evaluation.prediction_files import (
    ANSWERS,
    CHANCE,
    ENSEMBLE_LABELS,
    ENSEMBLE_SCORE,
    REJECTED,
    PredictionFiles,
)
from landmark_lib.inputs.csv_file import read_columns
from landmark_lib.inputs.matching import is_much, log_pairs, mismatch, pair
from landmark_lib.storage import Place

logger = logging.getLogger(__name__)

MISSING_SHOWN = 3

Line = tuple[str, str | None]  # id in the test list and image id of its photo, None if there is no photo


def read_test_list(address: str) -> list[str]:
    """Read the ids of the photos that a submission must hold, from a CSV with a column id.

    Raises:
        UserError: It cannot be read, has no such column, or lists no photo.
    """
    rows = read_columns(Place(address), "--test-list", ["id"])
    ids = [image_id for image_id in rows["id"].to_pylist() if image_id]
    if not ids:
        raise UserError(f"--test-list: {address} lists no photo")
    return ids


def fit_test_list(wanted: Sequence[str], image_ids: Collection[str]) -> list[Line]:
    """Match a test list with the photos, and warn about ids spelled differently or without a photo.

    Args:
        wanted: Ids of the test list.
        image_ids: Ids of the photos to predict.

    Returns:
        The lines of the submission, in the order of the list.

    Raises:
        UserError: No id matches a photo.
    """
    there, ids = set(image_ids), set(wanted)
    pairs = pair(ids - there, there - ids)
    log_pairs(pairs, "the test list")
    matched = {image_id: image_id for image_id in ids & there} | {
        found.image_id: found.path for found in pairs
    }
    missing = ids - matched.keys()
    if is_much(len(missing), len(ids)):
        left = there - set(matched.values())
        message = f"--test-list: {mismatch(missing, left, len(ids)).describe('the photos to predict')}"
        if not matched:
            raise UserError(message)
        logger.warning(f"{message}; their predictions will be empty")
    elif missing:
        logger.warning(
            f"{len(missing):,} of {len(ids):,} photos of the test list are not among those to predict and get"
            f" an empty prediction, such as {', '.join(sorted(missing)[:MISSING_SHOWN])}"
        )
    return [(image_id, matched.get(image_id)) for image_id in wanted]


def write_submission(files: PredictionFiles, address: str, lines: Sequence[Line] | None) -> tuple[int, int]:
    """Write `id,landmarks`: the ensemble's label and its score, or nothing where there is no prediction.

    The score is the chance to be right where rejection was learned, so photos without a landmark rank low.
    They keep their label, because GAP counts a wrong prediction by its rank, and a right one even if its
    score is low.

    Args:
        files: Finished predictions.
        address: File to write.
        lines: The lines, in order; None for all photos by id.

    Returns:
        Lines written, and how many of them have no label.

    Raises:
        UserError: The file cannot be written.
    """
    landmarks = {
        image_id: ""
        for table in files.read(REJECTED, ["image_id"])
        for image_id in table["image_id"].to_pylist()
    }
    # After them: of a photo that came twice, one was rejected as a duplicate and the other predicted.
    score_column = CHANCE if files.rejecting else ENSEMBLE_SCORE
    for table in files.read(ANSWERS, ["image_id", ENSEMBLE_LABELS, score_column]):
        for image_id, labels, score in zip(*(column.to_pylist() for column in table.columns), strict=True):
            landmarks[image_id] = f"{labels[0]} {score!r}"
    lines = [(image_id, image_id) for image_id in sorted(landmarks)] if lines is None else lines
    rows = [(written, landmarks.get(image_id or "", "")) for written, image_id in lines]
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([("id", "landmarks"), *rows])
    try:
        Place(address).write(text.getvalue().encode())
    except OSError as error:
        raise UserError(f"--submission: cannot write {address}: {error.strerror or error}") from None
    return len(rows), sum(not label for _, label in rows)
