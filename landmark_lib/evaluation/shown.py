"""The answers to the first photos, as text with the landmarks' names."""

import logging
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from landmark_lib.columns import in_columns
from landmark_lib.console import visible
from landmark_lib.digits import decimal
from landmark_lib.evaluation.predictions import ANSWERS, CHANCE, NO_LANDMARK, PredictionFiles, Summary
from landmark_lib.inputs.csv_file import read_columns
from landmark_lib.inputs.matching import mismatch
from landmark_lib.storage import Place

logger = logging.getLogger(__name__)

PHOTOS_SHOWN = 10


def read_names(address: str) -> dict[str, str]:
    """Read the names of landmarks by id from a CSV with columns landmark_id and category.

    Google Landmarks v2 gives addresses as categories: http://commons.wikimedia.org/wiki/Category:Old_mill.

    Raises:
        UserError: It cannot be read or has other columns.
    """
    rows = read_columns(Place(address), "--names", ["landmark_id", "category"])
    ids, categories = (rows[name].to_pylist() for name in ("landmark_id", "category"))
    return {landmark_id: _name(category) for landmark_id, category in zip(ids, categories, strict=True)}


def describe_answers(files: PredictionFiles, members: list[str], names: Mapping[str, str]) -> str:
    """Tell for the first photos what the ensemble ranks first, and how sure each member is of it.

    Warns where names were given, and none is the name of a label that is shown.
    """
    lines: list[str] = []
    labels: set[str] = set()
    shown = 0
    for table in files.read(ANSWERS):
        for row in table.slice(0, PHOTOS_SHOWN - shown).to_pylist():
            lines += _photo(row, members, names)
            labels.update(row["ensemble labels"])
            shown += 1
        if shown == PHOTOS_SHOWN:
            break
    if names and labels and not labels & names.keys():
        logger.warning(
            f"--names: {mismatch(labels, names.keys(), len(labels)).describe('the list of names', 'labels')}"
        )
    return "\n".join(lines)


def describe_summary(files: PredictionFiles, summary: Summary) -> str:
    """Tell how many photos were answered and rejected, and where the answers are."""
    reasons = "".join(
        f"; {count:,} rejected: {visible(reason)}" for reason, count in summary.rejected.items()
    )
    told = (
        "" if summary.no_landmark is None else f", {summary.no_landmark:,} of them likely without a landmark"
    )
    answered = f"{summary.answered:,} of {summary.photos:,} photos answered{told}{reasons}"
    return f"{answered}\nPredictions: {visible(files.folder)}"


def _photo(row: dict[str, Any], members: list[str], names: Mapping[str, str]) -> list[str]:
    votes = f"{row['ensemble votes']} of {len(members)} members, score {decimal(row['ensemble score'])}"
    if CHANCE in row:
        told_landmark = "likely no landmark" if row[NO_LANDMARK] else "likely a landmark"
        votes += f"; {told_landmark} ({decimal(row[CHANCE])})"
    sure = [dict(zip(row[f"{member} labels"], row[f"{member} scores"], strict=True)) for member in members]
    ranked = [
        [str(rank), _told(label, names), *(decimal(scores.get(label)) for scores in sure)]
        for rank, label in enumerate(row["ensemble labels"], start=1)
    ]
    return [f"{visible(row['image_id'])}: {votes}", *(f"  {line}" for line in in_columns(ranked))]


def _told(label: str, names: Mapping[str, str]) -> str:
    return visible(f"{names[label]} ({label})" if label in names else label)


def _name(category: str) -> str:
    return unquote(category.rpartition("Category:")[2]).replace("_", " ")
