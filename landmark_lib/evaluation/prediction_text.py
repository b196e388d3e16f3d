"""The predictions for the first photos, as text with the names of the landmarks."""

import logging
from collections.abc import Mapping
from urllib.parse import unquote

from landmark_lib.columns import in_columns
from landmark_lib.console import visible
from landmark_lib.digits import decimal
from landmark_lib.evaluation.prediction_files import (
    ANSWERS,
    CHANCE,
    ENSEMBLE_LABELS,
    ENSEMBLE_SCORE,
    ENSEMBLE_VOTES,
    NO_LANDMARK,
    PredictionFiles,
    Summary,
    columns_of,
)
from landmark_lib.inputs.csv_file import read_columns
from landmark_lib.inputs.matching import mismatch
from landmark_lib.storage import Place

logger = logging.getLogger(__name__)

PHOTOS_SHOWN = 10


def read_names(address: str) -> dict[str, str]:
    """Read the names of landmarks by id from a CSV with columns landmark_id and category.

    Google Landmarks v2 has addresses as categories: http://commons.wikimedia.org/wiki/Category:Old_mill.

    Raises:
        UserError: It cannot be read or has other columns.
    """
    rows = read_columns(Place(address), "--names", ["landmark_id", "category"])
    ids, categories = (rows[name].to_pylist() for name in ("landmark_id", "category"))
    return {
        landmark_id: unquote(category.rpartition("Category:")[2]).replace("_", " ")
        for landmark_id, category in zip(ids, categories, strict=True)
    }


def describe_predictions(files: PredictionFiles, members: list[str], names: Mapping[str, str]) -> str:
    """Describe the ensemble's labels for the first photos, and each member's score for each of them.

    Warns if names are given and none belongs to a label of these photos.
    """
    lines: list[str] = []
    labels: set[str] = set()
    photos = 0
    for table in files.read(ANSWERS):
        for row in table.slice(0, PHOTOS_SHOWN - photos).to_pylist():
            photos += 1
            labels.update(row[ENSEMBLE_LABELS])
            votes = f"{row[ENSEMBLE_VOTES]} of {len(members)} members, score {decimal(row[ENSEMBLE_SCORE])}"
            if CHANCE in row:
                kind = "likely no landmark" if row[NO_LANDMARK] else "likely a landmark"
                votes += f"; {kind} (chance to be right {decimal(row[CHANCE])})"
            lines.append(f"{visible(row['image_id'])}: {votes}")
            scores = [
                dict(zip(*(row[column] for column in columns_of(member)), strict=True)) for member in members
            ]
            ranked = [["", "label", *members]]
            ranked += [
                [
                    str(rank),
                    visible(f"{names[label]} ({label})" if label in names else label),
                    *(decimal(of_member.get(label)) for of_member in scores),
                ]
                for rank, label in enumerate(row[ENSEMBLE_LABELS], start=1)
            ]
            lines += [f"  {line}" for line in in_columns(ranked)]
        if photos == PHOTOS_SHOWN:
            break
    if names and labels and not labels & names.keys():
        logger.warning(
            f"--names: {mismatch(labels, names.keys(), len(labels)).describe('the list of names', 'labels')}"
        )
    return "\n".join(lines)


def describe_summary(files: PredictionFiles, summary: Summary) -> str:
    """Describe how many photos were predicted and rejected, and where the predictions are."""
    text = f"{summary.answered:,} of {summary.photos:,} photos predicted"
    if summary.no_landmark is not None:
        text += f", {summary.no_landmark:,} of them likely without a landmark"
    for reason, count in summary.rejected.items():
        text += f"; {count:,} rejected: {visible(reason)}"
    return f"{text}\nPredictions: {visible(files.folder)}"
