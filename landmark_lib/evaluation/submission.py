"""Answers as Kaggle's landmark recognition takes them."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from landmark_lib.errors import LandmarkError, UserError
from landmark_lib.evaluation.predictions import ANSWERS, CHANCE, REJECTED, PredictionFiles
from landmark_lib.storage import Place

MISSING_SHOWN = 3


def write_submission(files: PredictionFiles, address: str, wanted: Sequence[str] | None) -> tuple[int, int]:
    """Write `id,landmarks`: the ensemble's label and its score, or nothing for a rejected photo.

    The score is the chance to be right, where rejection was learned: photos without a landmark rank low. They
    keep their label, as GAP counts a wrong answer by its rank, and takes right ones with a low score too.

    Args:
        files: Finished predictions.
        address: File to write.
        wanted: Ids of the photos to answer, in their order; None: all photos by id.

    Returns:
        Lines written, and how many of them have no label.

    Raises:
        UserError: The file cannot be written.
        LandmarkError: A wanted photo was not predicted.
    """
    answers = _answers(files)
    wanted = sorted(answers) if wanted is None else wanted
    missing = [image_id for image_id in wanted if image_id not in answers]
    if missing:
        raise LandmarkError(
            f"the predictions lack {len(missing):,} of the {len(wanted):,} photos of the test list, such as"
            f" {', '.join(missing[:MISSING_SHOWN])}"
        )
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["id", "landmarks"])
    writer.writerows((image_id, answers[image_id]) for image_id in wanted)
    try:
        Place(address).write(text.getvalue().encode())
    except OSError as error:
        raise UserError(f"--submission: cannot write {address}: {error.strerror or error}") from None
    return len(wanted), sum(not answers[image_id] for image_id in wanted)


def _answers(files: PredictionFiles) -> Mapping[str, str]:
    return dict(_each_answer(files))


def _each_answer(files: PredictionFiles) -> Iterator[tuple[str, str]]:
    for table in files.read(REJECTED, ["image_id"]):
        for image_id in table["image_id"].to_pylist():
            yield image_id, ""
    # After them: of a photo that came twice, one was rejected as a duplicate and the other answered.
    score_column = CHANCE if files.rejecting else "ensemble score"
    for table in files.read(ANSWERS, ["image_id", "ensemble labels", score_column]):
        for image_id, labels, score in zip(*(column.to_pylist() for column in table.columns), strict=True):
            yield image_id, f"{labels[0]} {score!r}"


def read_test_list(path: str) -> list[str]:
    """Read the ids of the photos that a submission must answer, from a CSV with a column id.

    Raises:
        UserError: It cannot be read, has no such column, or names no photo.
    """
    try:
        with Path(path).open(newline="", encoding="utf-8-sig") as file:
            rows = csv.DictReader(file)
            if "id" not in (rows.fieldnames or []):
                raise UserError(f"--test-list: expected a column id in {path}")
            ids = [row["id"] for row in rows]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"--test-list: {path} cannot be read: {error}") from None
    if not ids:
        raise UserError(f"--test-list: {path} names no photo")
    return ids
