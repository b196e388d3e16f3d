"""Untrusted text in cells of CSV files that people may open in a spreadsheet."""

import csv
import io
import re
from collections.abc import Iterable
from typing import Any

# A spreadsheet reads these as the start of a formula, which may run programs and send data. The wide ones are
# typed on East Asian keyboards. A leading apostrophe makes the cell text.
FORMULA = re.compile("'*[-=+@\t\r\n＝＋－＠]")  # noqa: RUF001 - full-width operators are what it looks for
NUMBER = re.compile(r"[-+]?[0-9]+(\.[0-9]+)?")


def as_cell(text: str) -> str:
    """Return text that no spreadsheet reads as a formula; most text is returned unchanged."""
    return f"'{text}" if _is_formula(text) else text


def from_cell(cell: str) -> str:
    """Return the text that `as_cell` wrote."""
    return cell[1:] if cell.startswith("'") and _is_formula(cell[1:]) else cell


def csv_text(rows: Iterable[Iterable[Any]]) -> str:
    """Return rows as CSV, one line each except for line breaks in quoted cells."""
    return "".join(map(_line, rows))


def _line(row: Iterable[Any]) -> str:
    # Python 3.11 quotes only the line breaks of its line terminator, so "\n" would leave "\r" unquoted.
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow(row)
    return line.getvalue().removesuffix("\r\n") + "\n"


def _is_formula(text: str) -> bool:
    """Return whether text starts like a formula, escaped or not, and is not a number."""
    return bool(FORMULA.match(text)) and not NUMBER.fullmatch(text)
