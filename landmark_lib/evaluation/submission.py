"""Answers as Kaggle's landmark recognition takes them."""

import csv
import io
import logging
from collections.abc import Collection, Iterator, Mapping, Sequence

from landmark_lib.console import is_rank_0
from landmark_lib.errors import UserError
from landmark_lib.evaluation.predictions import ANSWERS, CHANCE, REJECTED, PredictionFiles
from landmark_lib.inputs.csv_file import read_columns
from landmark_lib.inputs.matching import is_much, log_pairs, mismatch, pair
from landmark_lib.storage import Place

logger = logging.getLogger(__name__)

MISSING_SHOWN = 3

Line = tuple[str, str | None]  # an id as Kaggle has it, and that of its photo; None: there is no photo


def check_submission(address: str) -> None:
    """Make sure, before hours of work, that a submission can be written.

    Raises:
        UserError: It cannot.
    """
    place = Place(address)
    if not is_rank_0():  # another rank writes it
        return
    if place.is_dir():
        raise UserError(f"--submission: expected a file, found a folder: {place}")
    try:
        place.parent.check_writable()
    except OSError as error:
        raise UserError(
            f"--submission: cannot write into {place.parent}: {error.strerror or error}"
        ) from None


def read_test_list(address: str) -> list[str]:
    """Read the ids of the photos that a submission must answer, from a CSV with a column id.

    Raises:
        UserError: It cannot be read, has no such column, or names no photo.
    """
    rows = read_columns(Place(address), "--test-list", ["id"])
    ids = [image_id for image_id in rows["id"].to_pylist() if image_id]
    if not ids:
        raise UserError(f"--test-list: {address} names no photo")
    return ids


def fit_test_list(wanted: Sequence[str], image_ids: Collection[str]) -> list[Line]:
    """Find the photos that a test list means, and warn of ids that are written otherwise or mean none.

    Args:
        wanted: Ids of the test list.
        image_ids: Ids of the photos that are predicted.

    Returns:
        The lines of the submission, in the order of the list.

    Raises:
        UserError: No id means a photo.
    """
    there, ids = set(image_ids), set(wanted)
    pairs = pair(ids - there, there - ids)
    log_pairs(pairs, "the test list")
    meant = {image_id: image_id for image_id in ids & there} | {found.image_id: found.path for found in pairs}
    missing = ids - meant.keys()
    if is_much(len(missing), len(ids)):
        left = there - set(meant.values())
        told = f"--test-list: {mismatch(missing, left, len(ids)).describe('the photos to predict')}"
        if not meant:
            raise UserError(told)
        logger.warning(f"{told}; their answers will be empty")
    elif missing:
        logger.warning(
            f"{len(missing):,} of {len(ids):,} photos of the test list are not among those to predict and get"
            f" an empty answer, such as {', '.join(sorted(missing)[:MISSING_SHOWN])}"
        )
    return [(image_id, meant.get(image_id)) for image_id in wanted]


def write_submission(files: PredictionFiles, address: str, lines: Sequence[Line] | None) -> tuple[int, int]:
    """Write `id,landmarks`: the ensemble's label and its score, or nothing where there is no answer.

    The score is the chance to be right, where rejection was learned: photos without a landmark rank low. They
    keep their label, as GAP counts a wrong answer by its rank, and takes right ones with a low score too.

    Args:
        files: Finished predictions.
        address: File to write.
        lines: What to answer, in their order; None: all photos by id.

    Returns:
        Lines written, and how many of them have no label.

    Raises:
        UserError: The file cannot be written.
    """
    answers = _answers(files)
    lines = [(image_id, image_id) for image_id in sorted(answers)] if lines is None else lines
    told = [(written, answers.get(image_id or "", "")) for written, image_id in lines]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["id", "landmarks"])
    writer.writerows(told)
    try:
        Place(address).write(text.getvalue().encode())
    except OSError as error:
        raise UserError(f"--submission: cannot write {address}: {error.strerror or error}") from None
    return len(told), sum(not answer for _, answer in told)


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
