"""Rows of text set in columns, for a terminal."""

from collections.abc import Sequence

GAP = "  "


def in_columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """Set rows in columns, each as wide as its widest cell, and return a line a row.

    Cells begin below each other, so that numbers with one digit before the point have their points in a line,
    however many digits follow. A row may have fewer cells than others.
    """
    widths: list[int] = []
    for row in rows:
        widths += [0] * (len(row) - len(widths))
        for column, cell in enumerate(row):
            widths[column] = max(widths[column], len(cell))
    return [GAP.join(cell.ljust(widths[column]) for column, cell in enumerate(row)).rstrip() for row in rows]
