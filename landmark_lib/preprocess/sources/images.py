"""A folder of images with a label list: `<id>.jpg`, or Google Landmarks v2's `a/b/c/<id>.jpg`."""

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession

from landmark_lib.inputs.entries import found_files
from landmark_lib.inputs.schema import FOUND_SCHEMA
from landmark_lib.inputs.source import Source
from landmark_lib.preprocess.sources.walk import list_files


def list_images(spark: SparkSession, source: Source, *, with_sizes: bool) -> DataFrame:
    """Return all files below a folder in rows of FOUND_SCHEMA."""
    root = source.place.uri

    def found_in(files: pa.RecordBatch) -> pa.RecordBatch:
        return found_files(files, root)

    return list_files(spark, root, found_in, FOUND_SCHEMA, with_sizes=with_sizes)
