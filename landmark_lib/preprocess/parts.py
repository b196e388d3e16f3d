"""Files of the data set written by Spark tasks: same name and same bytes on every try."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict

import numpy as np
import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from landmark_lib.dataset import FileRecord

# Column that tells into which file, by number, a row goes.
FILE = "file"
RECORD_SCHEMA = "path string, rows bigint, bytes bigint, sha256 string"
ARROW_RECORD_SCHEMA = pa.schema(
    [("path", pa.string()), ("rows", pa.int64()), ("bytes", pa.int64()), ("sha256", pa.string())]
)

WriteFile = Callable[[int, pa.Table], Sequence[FileRecord]]


def write_files(rows: DataFrame, order: Sequence[str], files: int, write: WriteFile) -> list[FileRecord]:
    """Bring the rows of each file together, sort them and write each file in one task.

    Args:
        rows: A frame with the column `file`, 0 … files - 1, beside what `write` needs.
        order: Columns that give the rows of a file their total order.
        files: Number of files.
        write: Runs in a task with a file's number and all its rows in order; returns what it wrote.

    Returns:
        The records of all files written, in the order of their paths.
    """

    def write_partition(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for number, table in runs(batches):
            records = [asdict(record) for record in write(number, table)]
            yield from pa.Table.from_pylist(records, ARROW_RECORD_SCHEMA).to_batches()

    # Hashing may put two files into one partition; twice as many partitions as files makes that rare.
    partitioned = rows.repartition(2 * files, FILE).sortWithinPartitions(FILE, *order)
    written = partitioned.mapInArrow(write_partition, RECORD_SCHEMA).collect()
    return sorted((FileRecord(**row.asDict()) for row in written), key=lambda record: record.path)


def file_of(image_id: str, files: int) -> Column:
    """Give the column that spreads image ids over files, alike in every stage that uses it."""
    return F.pmod(F.xxhash64(image_id), F.lit(files)).cast("int")


def hadoop_path(address: str) -> str:
    """Write an address so that Spark's own readers take none of its characters for a pattern."""
    return re.sub(r"([\\{}\[\]*?])", r"\\\1", address)


def runs(batches: Iterable[pa.RecordBatch]) -> Iterator[tuple[int, pa.Table]]:
    """Cut a stream of rows sorted by `file` into one table for each file, without that column."""
    current, pieces = None, []
    for batch in batches:
        # (rows,) -> (runs + 1,) positions where another file begins, both ends included
        numbers = batch.column(FILE).to_numpy()
        edges = np.flatnonzero(np.diff(numbers)) + 1
        for start, stop in zip([0, *edges], [*edges, len(numbers)], strict=True):
            if start == stop:
                continue
            number = int(numbers[start])
            if number != current and current is not None:
                yield current, pa.Table.from_batches(pieces).drop_columns([FILE])
                pieces = []
            current = number
            pieces.append(batch.slice(start, stop - start))
    if current is not None:
        yield current, pa.Table.from_batches(pieces).drop_columns([FILE])
