"""One reader for users' CSVs, whatever program wrote them.

It reads UTF-8 and UTF-16, commas, semicolons, tabs and bars, the line ends of every system, plain and
compressed files. It strips blanks around column names and cells and ignores the case of column names. It
streams rows, so that five million take seconds and little memory.
"""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Self

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from landmark_lib.errors import UserError
from landmark_lib.inputs.csv_bytes import Text, open_plain
from landmark_lib.inputs.remarks import NOT_UTF8, log_remark
from landmark_lib.storage import Place

DELIMITERS = ",;\t|"
# The columns of this project's lists; the delimiter that finds most of them is the right one.
KNOWN = {"id", "url", "landmark_id", "images", "category"}
LONGEST_HEADER = 10_000  # characters
BYTES_PER_BLOCK = 32 << 20  # also the longest row: a label with all its ids
BYTES_IN_MEMORY = 2 << 30  # of a list that has to be held in memory
SEPARATOR_LINE = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)  # Excel's own first line
SHOWN = 80  # characters of a line


@dataclass(frozen=True)
class Header:
    """The first row of a CSV.

    Attributes:
        names: Column names, stripped and in lower case.
        delimiter: The character between them.
        line: The unchanged row, for messages.
    """

    names: tuple[str, ...]
    delimiter: str
    line: str

    @property
    def shown(self) -> str:
        """The start of the row in quotes."""
        return repr(self.line[:SHOWN])

    @classmethod
    def split_off(cls, text: str) -> tuple[Self, str]:
        """Return the header of a CSV that starts like this text, and the rest of the text."""
        # Some programs write the byte order mark twice.
        lines = io.StringIO(text.lstrip("\ufeff"), newline="")
        first, delimiter = "", ""
        for line in lines:
            separator = SEPARATOR_LINE.fullmatch(line) if not first else None
            if separator:
                delimiter = separator[1]
            elif first or line.strip():
                first += line
                if first.count('"') % 2 == 0:  # a quoted cell may contain a line break
                    break
        rest = lines.read()
        if not delimiter:
            cells = {candidate: _cells(first, candidate) for candidate in DELIMITERS}
            known = {c: sum(name.strip().lower() in KNOWN for name in found) for c, found in cells.items()}
            delimiter = max(DELIMITERS, key=lambda candidate: (known[candidate], len(cells[candidate])))
        names = tuple(name.strip().lower() for name in _cells(first, delimiter))
        return cls(names, delimiter, first.rstrip("\r\n")), rest


@dataclass(frozen=True)
class TornRow:
    """A row whose number of cells differs from the header's, or one line of it if it spans several.

    Attributes:
        where: The row's number; the header is row 1, and blank lines do not count.
        detail: What is wrong.
    """

    where: str
    detail: str


@dataclass(frozen=True)
class Rows:
    """Some rows of a CSV, and the torn ones among them."""

    table: pa.Table
    torn: Sequence[TornRow]


class UsersCsv:
    """An open CSV."""

    def __init__(self, file: IO[bytes], name: str, option: str) -> None:
        """Read its header.

        Args:
            file: The CSV, opened by `open_plain`.
            name: Its name, for messages.
            option: The command-line option that names it.

        Raises:
            UserError: It cannot be read.
        """
        self.name, self.option = name, option
        self._text = Text(file, name, option)
        beginning = ""
        while len(beginning) <= LONGEST_HEADER and (piece := self._text.read()):
            beginning += piece
        self.header, self._rest = Header.split_off(beginning)

    @property
    def is_valid(self) -> bool:
        """Whether no bytes read so far were invalid in its encoding."""
        return self._text.is_valid

    def rows(self, columns: Sequence[str], *, in_memory: bool = False) -> Iterator[Rows]:
        """Yield the rows with some of the columns; missing columns are null.

        Args:
            columns: Names of the columns.
            in_memory: Whether to read the whole text first. Needed in a process that may exit soon, which
                pyarrow's threads would abort if they still read through Python.

        Raises:
            UserError: A column exists twice, or the file cannot be read to its end or is too large.
        """
        torn: list[arrow_csv.InvalidRow] = []

        def keep(row: arrow_csv.InvalidRow) -> str:
            torn.append(row)
            return "skip"

        feed: _Feed | pa.BufferReader = _Feed(self._header_for(columns) + self._rest, self._text)
        if in_memory:
            text = feed.read(BYTES_IN_MEMORY + 1)
            if len(text) > BYTES_IN_MEMORY:
                raise UserError(f"{self.option}: {self.name} has more than {BYTES_IN_MEMORY:,} bytes of text")
            feed = pa.BufferReader(text)
        rows = 0
        try:
            reader = arrow_csv.open_csv(
                feed,
                # Only a single thread numbers rows.
                arrow_csv.ReadOptions(use_threads=False, block_size=BYTES_PER_BLOCK),
                arrow_csv.ParseOptions(
                    delimiter=self.header.delimiter, newlines_in_values=True, invalid_row_handler=keep
                ),
                arrow_csv.ConvertOptions(
                    include_columns=list(columns),
                    include_missing_columns=True,
                    column_types=dict.fromkeys(columns, pa.string()),
                ),
            )
            for batch in reader:
                rows += batch.num_rows + len(torn)
                yield Rows(_strip(batch), _torn_rows(torn))
                torn.clear()
        except pa.ArrowInvalid as error:
            raise UserError(
                f"{self.option}: {self.name} cannot be read as a CSV beyond row {rows + 1}: {error}"
            ) from None
        if torn:
            yield Rows(_strip(reader.schema.empty_table()), _torn_rows(torn))

    def _header_for(self, columns: Sequence[str]) -> str:
        """Return the header for pyarrow: names for the wanted columns, numbers for all others."""
        for column in columns:
            found = self.header.names.count(column)
            if found > 1:
                raise UserError(
                    f"{self.option}: expected one column {column} in {self.name}, found {found}:"
                    f" {self.header.shown}"
                )
        names = (name if name in columns else f"#{n}" for n, name in enumerate(self.header.names))
        return self.header.delimiter.join(names) + "\n"


@contextmanager
def open_csv(place: Place, option: str) -> Iterator[UsersCsv]:
    """Open a user's CSV and read its header.

    Raises:
        UserError: It cannot be read.
    """
    with open_plain(place, option) as file:
        yield UsersCsv(file, place.name, option)


def read_columns(place: Place, option: str, columns: Sequence[str]) -> pa.Table:
    """Return columns of a user's CSV.

    Raises:
        UserError: It cannot be read, a column is missing, or a row's number of cells is wrong.
    """
    with open_csv(place, option) as opened:
        missing = set(columns) - set(opened.header.names)
        if missing:
            raise UserError(
                f"{option}: expected a CSV with the header {','.join(columns)}, found {opened.header.shown}"
                f" in {place}"
            )
        tables = []
        for rows in opened.rows(columns, in_memory=True):
            for torn in rows.torn:
                raise UserError(f"{option}: {place}: {torn.where}: {torn.detail}")
            tables.append(rows.table)
        if not opened.is_valid:
            log_remark(NOT_UTF8, 1, str(place), place)
    schema = pa.schema([(name, pa.string()) for name in columns])
    return pa.concat_tables([schema.empty_table(), *tables])


def read_header(place: Place, option: str) -> Header:
    """Return the header of a user's CSV.

    Raises:
        UserError: It cannot be read.
    """
    with open_csv(place, option) as opened:
        return opened.header


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader(io.StringIO(line, newline=""), delimiter=delimiter), [])
    except csv.Error:  # a cell longer than any name
        return [line]


def _strip(rows: pa.RecordBatch | pa.Table) -> pa.Table:
    columns = [pc.utf8_trim_whitespace(column) for column in rows.columns]
    return pa.Table.from_arrays(columns, rows.schema.names)


def _torn_rows(torn: Sequence[arrow_csv.InvalidRow]) -> list[TornRow]:
    # A quote that is never closed makes many lines one row; each line is reported.
    return [
        TornRow(
            f"row {row.number}" + (f" line {number}" if number > 1 else ""),
            f"expected {row.expected_columns} columns, found {row.actual_columns}: {line[:SHOWN]!r}",
        )
        for row in torn
        for number, line in enumerate(row.text.splitlines() or [""], 1)
    ]


class _Feed:
    """A file for pyarrow: the text as UTF-8, with an end of its last line."""

    closed = False

    def __init__(self, beginning: str, text: Text) -> None:
        self._pieces, self._text = [beginning.encode()], text
        self._ended = False

    def read(self, size: int) -> bytes:
        """Return this many bytes; fewer only at the end."""
        held = sum(map(len, self._pieces))
        while held < size and not self._ended:
            piece = self._text.read()
            self._ended = not piece
            # pyarrow refuses a header without a line end.
            self._pieces.append(piece.encode() if piece else b"\n")
            held += len(self._pieces[-1])
        content = b"".join(self._pieces)
        self._pieces = [content[size:]]
        return content[:size]
