"""Tar files, each listed in a task of its own."""

from collections.abc import Iterable, Iterator

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.pandas.types import from_arrow_schema

from landmark_lib.inputs.schema import FOUND_SCHEMA
from landmark_lib.inputs.source import Source
from landmark_lib.inputs.tars import list_tar
from landmark_lib.storage import Place


def list_tars(spark: SparkSession, source: Source, *, with_sizes: bool) -> DataFrame:  # noqa: ARG001 - headers hold the sizes
    """Return the members of tars in rows of FOUND_SCHEMA."""

    def list_archives(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for uri in batch.column("uri").to_pylist():
                yield from list_tar(Place(uri))

    uris = [(tar.address,) for tar in source.tars]
    archives = spark.createDataFrame(spark.sparkContext.parallelize(uris, len(uris)), "uri string")
    return archives.mapInArrow(list_archives, from_arrow_schema(FOUND_SCHEMA))
