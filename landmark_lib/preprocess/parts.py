"""Files of the data set, written and read by Spark tasks: a retry gives the same name and the same bytes."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import from_arrow_schema

from landmark_lib.dataset import FileRecord, read_table

# Column with the number of the file that a row goes to or comes from.
FILE = "file"
RECORD_SCHEMA = "path string, rows bigint, bytes bigint, sha256 string"
ARROW_RECORD_SCHEMA = pa.schema(
    [("path", pa.string()), ("rows", pa.int64()), ("bytes", pa.int64()), ("sha256", pa.string())]
)
# Before a shuffle, each task reports its output size for each task after it to the driver, exactly up to
# 2,000. With more, as many as files, the driver's memory would grow with the square of the number of images.
MAX_TASKS = 2_000
# Spark needs 0.1 s to hand a task to Python, and opening a file on object storage takes about as long: few
# tasks per core, but none that takes minutes.
TASKS_PER_CORE = 4
MAX_FILES_READ_BY_TASK = 512

Result = TypeVar("Result")
WriteFile = Callable[[int, pa.Table], Sequence[FileRecord]]


def write_files(
    rows: DataFrame,
    order: Sequence[str],
    files: int,
    write: WriteFile,
    missing: Collection[int] | None = None,
    tasks: int | None = None,
) -> list[FileRecord]:
    """Collect the rows of each file in one task, sort them and write the file there.

    Args:
        rows: A frame with the column `file`, 0 … files - 1, and the columns that `write` needs.
        order: Columns that order the rows of a file totally.
        files: Number of files.
        write: Called in a task with a file's number and all its rows in order; returns what it wrote.
        missing: Numbers of the files to write; rows of other files are skipped. None: all.
        tasks: Number of tasks, if files are so small that a task should write several.

    Returns:
        The records of all files written, in the order of their paths.
    """
    wanted = range(files) if missing is None else missing
    if not wanted:
        return []

    def write_partition(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for number, table in runs(batches):
            records = [asdict(record) for record in write(number, table)]
            yield from pa.Table.from_pylist(records, ARROW_RECORD_SCHEMA).to_batches()

    if missing is not None:
        numbers = rows.sparkSession.createDataFrame([(number,) for number in missing], f"{FILE} int")
        rows = rows.join(F.broadcast(numbers), FILE, "left_semi")
    # Hashing may put two files into one partition; with twice as many partitions as files that is rare.
    partitions = min(2 * len(wanted), MAX_TASKS, tasks or MAX_TASKS)
    partitioned = rows.repartition(partitions, FILE).sortWithinPartitions(FILE, *order)
    written = partitioned.mapInArrow(write_partition, RECORD_SCHEMA).collect()
    return sorted((FileRecord(**row.asDict()) for row in written), key=lambda record: record.path)


def read_files(
    spark: SparkSession, output: str, files: Sequence[FileRecord], columns: pa.Schema
) -> DataFrame:
    """Read columns of files of the data set in tasks, through the file system that wrote them.

    Args:
        spark: The session.
        output: Root of the data set.
        files: The files.
        columns: The columns to read; one that a file lacks is null there.

    Returns:
        A frame with the column `file`, the position of a row's file in `files`, and these columns.
    """
    schema = pa.schema([pa.field(FILE, pa.int32()), *columns])
    paths = [record.path for record in files]

    def read(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for number in batch.column("id").to_pylist():
                table = read_table(output, paths[number], columns.names)
                table = table.append_column(FILE, pa.repeat(number, len(table)))
                complete = [
                    table[field.name].cast(field.type)
                    if field.name in table.column_names
                    else pa.nulls(len(table), field.type)
                    for field in schema
                ]
                # One batch per file instead of one per row group.
                yield from pa.table(complete, schema).combine_chunks().to_batches()

    cores = spark.sparkContext.defaultParallelism
    tasks = max(-(-len(files) // MAX_FILES_READ_BY_TASK), min(len(files), TASKS_PER_CORE * cores))
    return spark.range(0, len(files), 1, tasks).mapInArrow(read, from_arrow_schema(schema))


def in_tasks(spark: SparkSession, numbers: Sequence[int], work: Callable[[int], Result]) -> dict[int, Result]:
    """Call `work` with each number in a task of its own; return the results by number."""
    if not numbers:
        return {}
    results: list[Any] = spark.sparkContext.parallelize(numbers, len(numbers)).map(work).collect()
    return dict(zip(numbers, results, strict=True))


def file_of(image_id: str, files: int) -> Column:
    """Return the column that spreads image ids over files, the same in every stage."""
    return F.pmod(F.xxhash64(image_id), F.lit(files)).cast("int")


def runs(batches: Iterable[pa.RecordBatch]) -> Iterator[tuple[int, pa.Table]]:
    """Yield one table for each file of a stream of rows that is sorted by `file`, without that column."""
    current, pieces = None, []
    for batch in batches:
        # (rows,) -> (runs + 1,): where another file begins, with both ends
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
