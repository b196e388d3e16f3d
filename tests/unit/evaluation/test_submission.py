"""Kaggle's file has the ids that Kaggle gave, whatever a spreadsheet would make of them."""

import csv

import pyarrow as pa

from landmark_lib.evaluation.prediction_files import REJECTED_SCHEMA, PredictionFiles, predictions_schema
from landmark_lib.evaluation.submission import write_submission
from landmark_lib.storage import Place

IDS = ["=cmd|' /C calc'!A0", "-2+3", "@a", "\tb", "'=c"]


def test_ids_that_begin_like_formulas_stay_as_they_are(tmp_path):
    schema = predictions_schema(["member-0"], rejecting=False, similar=False)
    row = {
        "member_0_labels": ["1"],
        "member_0_scores": [0.5],
        "ensemble_labels": ["1"],
        "ensemble_score": 0.5,
    }
    rows = [{"image_id": image_id, "ensemble_votes": 1, **row} for image_id in IDS]
    files = PredictionFiles(Place(str(tmp_path / "predictions")), {}, schema, units=1)
    files.begin()
    files.write(0, pa.Table.from_pylist(rows, schema), pa.Table.from_pylist([], REJECTED_SCHEMA))
    assert write_submission(files, str(tmp_path / "submission.csv"), [(i, i) for i in IDS]) == (len(IDS), 0)
    with (tmp_path / "submission.csv").open(newline="") as file:
        assert list(csv.DictReader(file)) == [{"id": image_id, "landmarks": "1 0.5"} for image_id in IDS]
