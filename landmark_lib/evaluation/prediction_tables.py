"""Finished predictions as one CSV or JSON Lines file, for programs that do not read Parquet.

They are written from the Parquet files when all photos are predicted, so an interrupted run resumes, and a
later one with another format predicts nothing again.
"""

import json
from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from landmark_lib.cells import as_cell, csv_text
from landmark_lib.errors import LandmarkError
from landmark_lib.evaluation.prediction_files import (
    ANSWERS,
    ENSEMBLE_LABELS,
    REJECTED,
    REJECTED_SCHEMA,
    SIMILAR_IDS,
    SIMILAR_LABELS,
    SIMILARITIES,
    PredictionFiles,
)
from landmark_lib.method.neighbours import SHOWN
from landmark_lib.storage import Place

NAMES = {ANSWERS: "predictions", REJECTED: "rejected"}


def write_tables(files: PredictionFiles, kind: str) -> list[Place]:
    """Write predictions and rejected photos as one file each, beside the Parquet files.

    Args:
        files: Finished predictions.
        kind: "csv" or "jsonl".

    Returns:
        The files.

    Raises:
        LandmarkError: One cannot be written.
    """
    written = []
    top_k = _labels_kept(files)
    for directory, schema in ((ANSWERS, files.schema), (REJECTED, REJECTED_SCHEMA)):
        place = files.folder / f"{NAMES[directory]}.{kind}"
        try:
            with place.atomic_file() as partial, partial.open("w", encoding="utf-8", newline="") as file:
                if kind == "csv":
                    file.write(csv_text([_head(schema, top_k)]))
                for table in files.read(directory):
                    rows = table.to_pylist()
                    file.write(csv_text(_cells(rows, schema, top_k)) if kind == "csv" else _json_lines(rows))
        except OSError as error:
            raise LandmarkError(f"--output: cannot write {place}: {error.strerror or error}") from None
        written.append(place)
    return written


def _labels_kept(files: PredictionFiles) -> int:
    """Return the number of labels of each photo, which is lower than --top-k if there are fewer classes."""
    tables = files.read(ANSWERS, [ENSEMBLE_LABELS])
    return next((len(labels) for table in tables for labels in table[ENSEMBLE_LABELS].to_pylist()), 0)


def _json_lines(rows: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _head(schema: pa.Schema, top_k: int) -> list[str]:
    """Return the names of columns: a list has one for each of its values."""
    names: list[str] = []
    for field in schema:
        ranks = range(1, _width(field.name, top_k) + 1)
        names += [f"{field.name}_{rank}" for rank in ranks] if pa.types.is_list(field.type) else [field.name]
    return names


def _width(name: str, top_k: int) -> int:
    return SHOWN if name in {SIMILAR_IDS, SIMILAR_LABELS, SIMILARITIES} else top_k


def _cells(rows: list[dict[str, Any]], schema: pa.Schema, top_k: int) -> Iterator[list[Any]]:
    """Yield the cells of each row; those without a value are empty."""
    for row in rows:
        cells: list[Any] = []
        for field in schema:
            value = row[field.name]
            missing = _width(field.name, top_k) - len(value) if isinstance(value, list) else 0
            cells += [*value, *[""] * missing] if isinstance(value, list) else [value]
        yield [as_cell(cell) if isinstance(cell, str) else cell for cell in cells]
