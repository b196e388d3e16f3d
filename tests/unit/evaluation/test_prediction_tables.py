"""Predictions as CSV and JSON Lines have the rows of the Parquet files; no cell runs in a spreadsheet."""

import csv
import json

import pyarrow as pa
import pytest

from landmark_lib.errors import UserError
from landmark_lib.evaluation.prediction_files import REJECTED_SCHEMA, PredictionFiles, predictions_schema
from landmark_lib.evaluation.prediction_tables import write_tables
from landmark_lib.storage import Place

SCHEMA = predictions_schema(["member-0"], rejecting=True, similar=True)
ROWS = [
    {
        "image_id": image_id,
        "member_0_labels": ["1", "café"],
        "member_0_scores": [0.75, 0.25],
        "ensemble_labels": ["1", "café"],
        "ensemble_score": 0.75,
        "ensemble_votes": 1,
        "chance_right": 0.5,
        "no_landmark": False,
        "similar_ids": ["x", "y", "z"],
        "similar_labels": ["1", "1", "café"],
        "similarities": [0.75, 0.5, 0.25],
    }
    for image_id in ("=a", "b")
]
REJECTED = [{"image_id": "c", "reason": "broken", "detail": "no\nend"}]


@pytest.fixture
def files(tmp_path):
    """Predictions of two photos in two units, and a rejected one."""
    files = PredictionFiles(Place(str(tmp_path)), {}, SCHEMA, units=2)
    files.begin()
    for unit, rejected in enumerate(([], REJECTED)):
        files.write(
            unit,
            pa.Table.from_pylist([ROWS[unit]], SCHEMA),
            pa.Table.from_pylist(rejected, REJECTED_SCHEMA),
        )
    return files


def test_csv_has_a_column_for_each_label_and_score(files, tmp_path):
    assert [place.name for place in write_tables(files, "csv")] == ["predictions.csv", "rejected.csv"]
    with (tmp_path / "predictions.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["image_id"] for row in rows] == ["'=a", "b"]
    assert [rows[0][f"member_0_labels_{rank}"] for rank in (1, 2)] == ["1", "café"]
    assert [rows[0][f"member_0_scores_{rank}"] for rank in (1, 2)] == ["0.75", "0.25"]
    assert "member_0_labels_3" not in rows[0]
    assert rows[0]["ensemble_votes"] == "1"
    assert (rows[0]["chance_right"], rows[0]["no_landmark"]) == ("0.5", "False")
    assert [rows[0][f"similar_ids_{rank}"] for rank in (1, 2, 3)] == ["x", "y", "z"]
    assert [rows[0][f"similarities_{rank}"] for rank in (1, 2, 3)] == ["0.75", "0.5", "0.25"]
    with (tmp_path / "rejected.csv").open(newline="") as file:
        assert list(csv.DictReader(file)) == REJECTED


def test_json_lines_have_the_columns_of_the_parquet_files(files, tmp_path):
    write_tables(files, "jsonl")
    for name, expected in (("predictions", ROWS), ("rejected", REJECTED)):
        lines = (tmp_path / f"{name}.jsonl").read_text("utf-8").splitlines()
        assert [json.loads(line) for line in lines] == expected


def test_predictions_with_other_columns_are_refused(files, tmp_path):
    others = predictions_schema(["member-0", "member-1"], rejecting=True, similar=True)
    with pytest.raises(UserError, match="holds predictions with other columns; name another directory"):
        PredictionFiles(Place(str(tmp_path)), {}, others, units=2).begin()
