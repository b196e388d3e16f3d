"""A folder of folders named by label or, without labels, every file below a folder."""

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession

from landmark_lib.inputs.entries import folder_entries
from landmark_lib.inputs.schema import ENTRY_SCHEMA
from landmark_lib.inputs.source import Source
from landmark_lib.preprocess.sources.walk import list_files


def list_folders(spark: SparkSession, source: Source, *, with_sizes: bool) -> DataFrame:
    """Return the photos below a folder; their ids are paths below it, their labels the first folders."""
    root, unlabelled = source.place.uri, source.unlabelled

    def entries_of(files: pa.RecordBatch) -> pa.RecordBatch:
        return folder_entries(files, root, unlabelled=unlabelled)

    return list_files(spark, root, entries_of, ENTRY_SCHEMA, with_sizes=with_sizes)
