"""Rows of text in aligned columns, for a terminal."""

from collections.abc import Sequence

GAP = "  "


def in_columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return one line per row, with columns as wide as their widest cell.

    Cells are left-aligned, so numbers with one digit before the decimal point align at the point. A row may
    have fewer cells than others.
    """
    widths: list[int] = []
    for row in rows:
        widths += [0] * (len(row) - len(widths))
        for column, cell in enumerate(row):
            widths[column] = max(widths[column], len(cell))
    return [GAP.join(cell.ljust(widths[column]) for column, cell in enumerate(row)).rstrip() for row in rows]
