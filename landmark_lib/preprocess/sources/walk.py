"""The files below a folder, listed in Spark tasks: their names never reach the driver.

The two top levels are listed first, one after the other. Their folders are spread over tasks, each of which
lists everything below.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import chain

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import from_arrow_schema

from landmark_lib.inputs.walk import (
    AS_ON_DISK,
    CHILD_SCHEMA,
    Child,
    batches,
    children,
    walk,
    with_printable_paths,
)
from landmark_lib.storage import Place

LEVELS_SPREAD = 2
TASKS_PER_CORE = 2


def list_files(
    spark: SparkSession,
    root: str,
    entries_of: Callable[[pa.RecordBatch], pa.RecordBatch],
    schema: pa.Schema,
    *,
    with_sizes: bool,
) -> DataFrame:
    """List all files below a folder, following links.

    Args:
        spark: The session.
        root: URI of the folder.
        entries_of: Converts rows of FILE_SCHEMA; called in tasks.
        schema: Schema of the converted rows.
        with_sizes: Whether to request the sizes of files even if that costs a call for each.

    Returns:
        The rows that `entries_of` returns.
    """

    def list_level(listed: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        return _listed(listed, lambda path: children(Place(root), path, with_sizes=with_sizes))

    def list_rest(listed: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        files = _listed(listed, lambda path: walk(Place(root), path, with_sizes=with_sizes))
        return (entries_of(with_printable_paths(batch)) for batch in files)

    tasks = TASKS_PER_CORE * spark.sparkContext.defaultParallelism
    columns = from_arrow_schema(CHILD_SCHEMA)
    level = spark.createDataFrame([(b"", True, None, None, None)], columns).coalesce(1)
    for _ in range(LEVELS_SPREAD):
        level = level.mapInArrow(list_level, columns).repartition(tasks, F.col("path"))
    return level.mapInArrow(list_rest, from_arrow_schema(schema))


def _listed(
    rows: Iterable[pa.RecordBatch], list_folder: Callable[[str], Iterator[Child]]
) -> Iterator[pa.RecordBatch]:
    """Yield rows of CHILD_SCHEMA with each folder replaced by its contents."""
    for batch in rows:
        is_listed = pc.and_(batch.column("is_folder"), batch.column("reason").is_null())
        yield batch.filter(pc.invert(is_listed))
        folders = (path.decode(*AS_ON_DISK) for path in batch.filter(is_listed).column("path").to_pylist())
        # Not a batch for each folder: most folders have few files, and a batch costs as much as many rows.
        yield from batches(chain.from_iterable(map(list_folder, folders)))
