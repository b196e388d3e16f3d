"""Text from outside in the cells of CSV files that people may open in a spreadsheet."""

import csv
import io
import re
from collections.abc import Iterable
from typing import Any

# A spreadsheet takes these for the beginning of a formula, which may start programs and send data away; the
# wide ones are typed on East Asian keyboards. An apostrophe in front makes text of it.
FORMULA = re.compile("'*[-=+@\t\r\n＝＋－＠]")  # noqa: RUF001 - these are meant
NUMBER = re.compile(r"[-+]?[0-9]+(\.[0-9]+)?")


def as_cell(text: str) -> str:
    """Write a text so that no spreadsheet takes it for a formula; all but a few texts stay as they are."""
    return f"'{text}" if _acts(text) else text


def from_cell(cell: str) -> str:
    """Read what `as_cell` wrote."""
    return cell[1:] if cell.startswith("'") and _acts(cell[1:]) else cell


def csv_text(rows: Iterable[Iterable[Any]]) -> str:
    """Write rows as CSV, a line each but for line breaks in quoted cells."""
    return "".join(map(_line, rows))


def _line(row: Iterable[Any]) -> str:
    # Python 3.11 quotes line breaks of the kind alone that ends lines, so "\n" would leave "\r" bare.
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow(row)
    return line.getvalue().removesuffix("\r\n") + "\n"


def _acts(text: str) -> bool:
    """Tell whether a text begins like a formula, or like one that was made text of; a number is none."""
    return bool(FORMULA.match(text)) and not NUMBER.fullmatch(text)
