"""Lists, read as a stream in one task, so that no process ever holds a whole one."""

from collections.abc import Callable, Iterable, Iterator

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.pandas.types import from_arrow_schema

from landmark_lib.inputs.csv_file import open_csv
from landmark_lib.inputs.label_list import read_labels
from landmark_lib.storage import Place

ROWS_PER_BATCH = 65_536


def read_list(
    spark: SparkSession,
    place: Place,
    option: str,
    entries_of: Callable[[pa.RecordBatch], pa.RecordBatch],
    schema: pa.Schema,
    *,
    unlabelled: bool,
) -> DataFrame:
    """Return the rows of a list.

    Args:
        spark: The session.
        place: The list.
        option: The command-line option that names it.
        entries_of: Converts rows of LABEL_SCHEMA; called in the task.
        schema: Schema of the converted rows.
        unlabelled: Whether to ignore labels.
    """
    uri = place.uri

    def read(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for _ in batches:
            with open_csv(Place(uri), option) as opened:
                for table in read_labels(opened, unlabelled=unlabelled):
                    yield from map(entries_of, table.to_batches(ROWS_PER_BATCH))

    return spark.range(0, 1, 1, 1).mapInArrow(read, from_arrow_schema(schema))
