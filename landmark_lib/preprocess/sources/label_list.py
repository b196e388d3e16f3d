"""Lists of labels: Kaggle's `id,url,landmark_id`, Google Landmarks v2's `landmark_id,images`.

`images` holds ids with spaces between. Further columns are ignored. The list is read as a stream in one task
(five million rows take seconds), so that neither the driver nor any worker ever holds it.
"""

import codecs
import csv
from collections.abc import Iterable, Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import from_arrow_schema

from landmark_lib.dataset import Reason
from landmark_lib.errors import UserError
from landmark_lib.preprocess.sources.address import Place, open_place

COLUMNS = ["id", "images", "url", "landmark_id"]
LABEL_SCHEMA = pa.schema(
    [
        ("image_id", pa.string()),
        ("landmark_id", pa.string()),
        ("url", pa.string()),
        ("reason", pa.string()),
        ("detail", pa.string()),
    ]
)
LONGEST_HEADER = 10_000  # bytes
BYTES_PER_BLOCK = 32 << 20  # also the longest row: a label with all its ids
ROWS_PER_BATCH = 65_536


def read_header(place: Place, option: str) -> list[str]:
    """Read the names of a list's columns.

    Raises:
        UserError: The file is not there or cannot be read.
    """
    try:
        with place.filesystem.open(place.path, "rb") as file:
            beginning = file.read(LONGEST_HEADER).decode("utf-8-sig", "replace")
    except FileNotFoundError:
        raise UserError(f"{option}: no such file: {place.uri}") from None
    except OSError as error:
        raise UserError(f"{option}: cannot read {place.uri}: {error}") from None
    return next(csv.reader(beginning.replace("\0", "").splitlines()[:1]), [])


def check_header(header: list[str], option: str, *, unlabelled: bool, url: bool) -> None:
    """See whether a list has the columns that are needed.

    Args:
        header: Names of its columns.
        option: Where the list was given, for the message.
        unlabelled: Whether labels are not needed.
        url: Whether the list must tell where the photos are.

    Raises:
        UserError: A column is missing.
    """
    needed = ["id", *(["url"] if url else []), *([] if unlabelled else ["landmark_id"])]
    if set(needed) <= set(header) or ({"landmark_id", "images"} <= set(header) and not url):
        return
    also = "" if url or unlabelled else " or landmark_id,images"
    found = ",".join(header)[:80]
    raise UserError(f"{option}: expected a CSV with the header {','.join(needed)}{also}, found {found!r}")


def list_labels(spark: SparkSession, place: Place, *, unlabelled: bool) -> DataFrame:
    """List the rows of a label list: image_id, landmark_id, url, reason, detail.

    A row without an id or a label has a reason, and a row with another number of columns than the header is
    told as a broken one, under the list's name and the row's number. `unlabelled` leaves no labels.
    """
    uri = place.uri

    def read(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for _ in batches:
            list_place = open_place(uri)
            with list_place.filesystem.open(list_place.path, "rb") as file:
                for table in read_labels(file, list_place.name):
                    yield from table.to_batches(ROWS_PER_BATCH)

    rows = spark.range(0, 1, 1, 1).mapInArrow(read, from_arrow_schema(LABEL_SCHEMA))
    label = (
        F.lit(None).cast("string") if unlabelled else F.when(~is_blank("landmark_id"), F.col("landmark_id"))
    )
    no_label = F.lit(None) if unlabelled else F.when(is_blank("landmark_id"), Reason.NO_LABEL)
    no_id = F.when(is_blank("image_id"), Reason.NO_ID)
    return rows.withColumns({"reason": F.coalesce("reason", no_id, no_label), "landmark_id": label})


def is_blank(name: str) -> Column:
    """Tell whether a column of text holds nothing but spaces."""
    return F.trim(F.coalesce(name, F.lit(""))) == ""


def read_labels(file: Any, name: str) -> Iterator[pa.Table]:
    """Read a label list, open for reading bytes, in tables of LABEL_SCHEMA.

    Args:
        file: The list.
        name: What to call it where a row cannot be read.

    Raises:
        UserError: It cannot be read to its end.
    """
    torn: list[arrow_csv.InvalidRow] = []

    def put_aside(row: arrow_csv.InvalidRow) -> str:
        torn.append(row)
        return "skip"

    rows = 0
    try:
        reader = arrow_csv.open_csv(
            _Utf8(file),
            # Rows are numbered only where one thread reads.
            arrow_csv.ReadOptions(use_threads=False, block_size=BYTES_PER_BLOCK),
            arrow_csv.ParseOptions(newlines_in_values=True, invalid_row_handler=put_aside),
            arrow_csv.ConvertOptions(
                include_columns=COLUMNS,
                include_missing_columns=True,
                column_types=dict.fromkeys(COLUMNS, pa.string()),
            ),
        )
        for batch in reader:
            rows += batch.num_rows + len(torn)
            yield _labels(pa.Table.from_batches([batch]))
            yield _torn_rows(torn, name)
            torn.clear()
    except pa.ArrowInvalid as error:
        raise UserError(f"{name} cannot be read as a CSV beyond row {rows + 1}: {error}") from None
    yield _torn_rows(torn, name)


def _labels(rows: pa.Table) -> pa.Table:
    ids, labels, urls = rows["id"], rows["landmark_id"], rows["url"]
    if rows["id"].null_count == len(rows):
        images = pc.utf8_split_whitespace(pc.utf8_trim_whitespace(rows["images"])).combine_chunks()
        row_of_image = pc.list_parent_indices(images)
        ids, labels, urls = pc.list_flatten(images), labels.take(row_of_image), urls.take(row_of_image)
    ids = pc.fill_null(ids, "")
    nothing = pa.nulls(len(ids), pa.string())
    return pa.table([ids, labels, urls, nothing, nothing], LABEL_SCHEMA)


def _torn_rows(torn: list[arrow_csv.InvalidRow], name: str) -> pa.Table:
    # A quote that nobody closed makes one row of many lines; each of them was an input.
    rows = [
        {
            "image_id": f"{name} row {row.number}" + (f" line {number}" if number > 1 else ""),
            "reason": Reason.BROKEN_ROW,
            "detail": f"expected {row.expected_columns} columns, found {row.actual_columns}: {line[:80]!r}",
        }
        for row in torn
        for number, line in enumerate(row.text.splitlines() or [""], 1)
    ]
    return pa.Table.from_pylist(rows, LABEL_SCHEMA)


class _Utf8:
    """A file whose bytes that are not UTF-8 are escaped, and whose last line ends."""

    closed = False
    LONGEST_ESCAPE = 4  # bytes for one

    def __init__(self, file: Any) -> None:
        self._file = file
        self._decode = codecs.getincrementaldecoder("utf-8")("backslashreplace").decode
        self._ahead: bytes | None = None

    def read(self, size: int) -> bytes:
        """Read at most `size` bytes; none are left where none are given."""
        at_once = max(1, size // self.LONGEST_ESCAPE - self.LONGEST_ESCAPE)
        chunk = self._file.read(at_once) if self._ahead is None else self._ahead
        text = ""
        while chunk and not text:
            # The last line's end has to come with the line, or a list of its header alone is refused.
            self._ahead = self._file.read(at_once)
            text = self._decode(chunk, not self._ahead) + ("" if self._ahead else "\n")
            chunk = self._ahead
        return text.encode()
