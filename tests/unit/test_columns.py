"""Text in columns stands below each other and loses nothing."""

from hypothesis import given
from hypothesis import strategies as st

from landmark_lib.columns import in_columns

CELLS = st.text(st.characters(categories=("L", "N")), min_size=1, max_size=12)


def test_points_of_numbers_stand_in_a_line():
    rows = [["", "top-1", "weights"], ["chance", "0.000067"], ["ensemble", "0.953", "imagenet"]]
    assert in_columns(rows) == [
        "          top-1     weights",
        "chance    0.000067",
        "ensemble  0.953     imagenet",
    ]


@given(st.lists(st.lists(CELLS, max_size=5), max_size=6))
def test_cells_of_a_column_align(rows):
    lines = in_columns(rows)
    assert [line.split() for line in lines] == rows
    begins = 0
    for column in range(max(map(len, rows), default=0)):
        cells = [(line, row[column]) for line, row in zip(lines, rows, strict=True) if column < len(row)]
        assert all(line[begins:].startswith(cell) for line, cell in cells)
        begins += max(len(cell) for _, cell in cells) + 2


def test_no_rows_are_no_lines():
    assert in_columns([]) == []
