"""One reader for every CSV of a user's, whatever program wrote it.

UTF-8 or UTF-16, with commas, semicolons, tabs or bars, with the line ends of any system, plain or packed.
Names of columns count without blanks around them and in any case; cells without blanks around them. Rows come
as a stream, so that five million of them take seconds and no memory.
"""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from landmark_lib.errors import UserError
from landmark_lib.inputs.csv_bytes import BYTES_AT_ONCE, Text, open_plain
from landmark_lib.inputs.remarks import NOT_UTF8, tell_remark
from landmark_lib.storage import Place

DELIMITERS = ",;\t|"
# The columns that any list of ours has; a delimiter that finds more of them is the right one.
KNOWN = {"id", "url", "landmark_id", "images", "category"}
LONGEST_HEADER = 10_000  # characters
BYTES_PER_BLOCK = 32 << 20  # also the longest row: a label with all its ids
BYTES_IN_MEMORY = 2 << 30  # of a list that has to be held whole
SEPARATOR_LINE = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)  # Excel's own first line
TOLD = 80  # characters of a line


@dataclass(frozen=True)
class Header:
    """The first row of a CSV.

    Attributes:
        names: Of the columns, trimmed, in lower case.
        delimiter: What stands between them.
        line: As it was found, for messages.
    """

    names: tuple[str, ...]
    delimiter: str
    line: str

    @property
    def told(self) -> str:
        """The beginning of the line in quotes."""
        return repr(self.line[:TOLD])


@dataclass(frozen=True)
class TornRow:
    """A row with another number of cells than the header, or a line of one that a quote joined.

    Attributes:
        where: The row, counted from the header as row 1, blank lines aside.
        detail: What is wrong.
    """

    where: str
    detail: str


@dataclass(frozen=True)
class Rows:
    """Some rows of a CSV; the torn ones come after the others."""

    table: pa.Table
    torn: Sequence[TornRow]


class UsersCsv:
    """A CSV that is being read."""

    def __init__(self, file: IO[bytes], name: str, option: str) -> None:
        """Read its header.

        Args:
            file: The CSV, as `open_plain` opens it.
            name: What to call it.
            option: Of the command line, that named it.

        Raises:
            UserError: It cannot be read.
        """
        self.name, self.option = name, option
        self._text = Text(file, name, option)
        beginning = ""
        while len(beginning) <= LONGEST_HEADER and (piece := self._text.read()):
            beginning += piece
        self.header, self._rest = _split_header(beginning)

    @property
    def is_as_encoded(self) -> bool:
        """Whether none of it that was read so far had to be taken for Windows-1252."""
        return self._text.is_as_encoded

    def rows(self, columns: Sequence[str], *, in_memory: bool = False) -> Iterator[Rows]:
        """Yield the rows, with some of the columns; one that is not there is null.

        Args:
            columns: Their names.
            in_memory: Whether to hold the whole text. A process that may end soon has to, or a thread of
                pyarrow's that still reads through Python would abort it.

        Raises:
            UserError: A column is there twice, or the file cannot be read to its end or held.
        """
        torn: list[arrow_csv.InvalidRow] = []

        def put_aside(row: arrow_csv.InvalidRow) -> str:
            torn.append(row)
            return "skip"

        feed = _Feed(self._header_for(columns) + self._rest, self._text)
        rows = 0
        try:
            reader = arrow_csv.open_csv(
                self._hold(feed) if in_memory else feed,
                # Rows are numbered only where one thread reads.
                arrow_csv.ReadOptions(use_threads=False, block_size=BYTES_PER_BLOCK),
                arrow_csv.ParseOptions(
                    delimiter=self.header.delimiter, newlines_in_values=True, invalid_row_handler=put_aside
                ),
                _texts(columns),
            )
            for batch in reader:
                rows += batch.num_rows + len(torn)
                yield Rows(_trimmed(batch), _told(torn))
                torn.clear()
        except pa.ArrowInvalid as error:
            raise UserError(
                f"{self.option}: {self.name} cannot be read as a CSV beyond row {rows + 1}: {error}"
            ) from None
        if torn:
            yield Rows(_trimmed(reader.schema.empty_table()), _told(torn))

    def _hold(self, feed: "_Feed") -> pa.BufferReader:
        held = pa.BufferOutputStream()
        while piece := feed.read(BYTES_AT_ONCE):
            held.write(piece)
            if held.tell() > BYTES_IN_MEMORY:
                raise UserError(f"{self.option}: {self.name} has more than {BYTES_IN_MEMORY:,} bytes of text")
        return pa.BufferReader(held.getvalue())

    def _header_for(self, columns: Sequence[str]) -> str:
        """Return the header as pyarrow shall read it: the columns' own names, numbers for all others."""
        names = [f"#{number}" for number in range(len(self.header.names))]
        for column in columns:
            if (position := self._position(column)) is not None:
                names[position] = column
        return self.header.delimiter.join(names) + "\n"

    def _position(self, column: str) -> int | None:
        found = [position for position, name in enumerate(self.header.names) if name == column]
        if len(found) > 1:
            raise UserError(
                f"{self.option}: expected one column {column} in {self.name}, found {len(found)}:"
                f" {self.header.told}"
            )
        return found[0] if found else None


@contextmanager
def open_csv(place: Place, option: str) -> Iterator[UsersCsv]:
    """Open a user's CSV and read its header.

    Raises:
        UserError: It cannot be read.
    """
    with open_plain(place, option) as file:
        yield UsersCsv(file, place.name, option)


def read_columns(place: Place, option: str, columns: Sequence[str]) -> pa.Table:
    """Read columns of a user's CSV whole.

    Raises:
        UserError: It cannot be read, a column is missing, or a row has another number of columns.
    """
    with open_csv(place, option) as opened:
        missing = set(columns) - set(opened.header.names)
        if missing:
            raise UserError(
                f"{option}: expected a CSV with the header {','.join(columns)}, found {opened.header.told}"
                f" in {place}"
            )
        tables = []
        for rows in opened.rows(columns, in_memory=True):
            for torn in rows.torn:
                raise UserError(f"{option}: {place}: {torn.where}: {torn.detail}")
            tables.append(rows.table)
        if not opened.is_as_encoded:
            tell_remark(NOT_UTF8, 1, str(place), place)
    schema = pa.schema([(name, pa.string()) for name in columns])
    return pa.concat_tables([schema.empty_table(), *tables])


def read_header(place: Place, option: str) -> Header:
    """Read the header of a user's CSV.

    Raises:
        UserError: It cannot be read.
    """
    with open_csv(place, option) as opened:
        return opened.header


def _split_header(text: str) -> tuple[Header, str]:
    lines = io.StringIO(text.lstrip("\ufeff"), newline="")  # some programs write the mark twice
    first, delimiter = "", ""
    for line in lines:
        separator = SEPARATOR_LINE.fullmatch(line) if not first else None
        if separator:
            delimiter = separator[1]
        elif first or line.strip():
            first += line
            if first.count('"') % 2 == 0:  # a line break may stand in quotes
                break
    rest = lines.read()
    delimiter = delimiter or max(DELIMITERS, key=lambda candidate: _fitness(first, candidate))
    names = tuple(name.strip().lower() for name in _cells(first, delimiter))
    return Header(names, delimiter, first.rstrip("\r\n")), rest


def _fitness(line: str, delimiter: str) -> tuple[int, int]:
    names = _cells(line, delimiter)
    return sum(name.strip().lower() in KNOWN for name in names), len(names)


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader(io.StringIO(line, newline=""), delimiter=delimiter), [])
    except csv.Error:  # a cell longer than any name
        return [line]


def _texts(columns: Sequence[str]) -> arrow_csv.ConvertOptions:
    return arrow_csv.ConvertOptions(
        include_columns=list(columns),
        include_missing_columns=True,
        column_types=dict.fromkeys(columns, pa.string()),
    )


def _trimmed(rows: pa.RecordBatch | pa.Table) -> pa.Table:
    columns = [pc.utf8_trim_whitespace(column) for column in rows.columns]
    return pa.Table.from_arrays(columns, rows.schema.names)


def _told(torn: Sequence[arrow_csv.InvalidRow]) -> list[TornRow]:
    # A quote that nobody closed makes one row of many lines; each of them was an input.
    return [
        TornRow(
            f"row {row.number}" + (f" line {number}" if number > 1 else ""),
            f"expected {row.expected_columns} columns, found {row.actual_columns}: {line[:TOLD]!r}",
        )
        for row in torn
        for number, line in enumerate(row.text.splitlines() or [""], 1)
    ]


class _Feed:
    """What pyarrow reads: the text as UTF-8, its last line ended."""

    closed = False

    def __init__(self, beginning: str, text: Text) -> None:
        self._pieces, self._text = [beginning.encode()], text
        self._ended = False

    def read(self, size: int) -> bytes:
        """Return so many bytes; fewer only at the end."""
        held = sum(map(len, self._pieces))
        while held < size and not self._ended:
            piece = self._text.read()
            self._ended = not piece
            # Without its end, a last line that is the header alone would be refused.
            self._pieces.append(piece.encode() if piece else b"\n")
            held += len(self._pieces[-1])
        content = b"".join(self._pieces)
        self._pieces = [content[size:]]
        return content[:size]
