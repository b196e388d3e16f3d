"""Where photos come from: a list of them as a Spark frame, no pixel read yet.

    folders   folders named by label; without labels, every file below a folder
    csv       a CSV that tells where each photo is: Kaggle's id,url,landmark_id
    images    a folder of images, and a list that gives each id its label
    tar       one tar or a folder of tars, and such a list
    photo     one photo, without a label

What a photo is and which id it has is decided in `landmark_lib.inputs`, in tasks, without anything
proportional to the number of photos on the driver. Nothing is lost on the way: what cannot be listed is an
entry with a reason.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import from_arrow_schema

from landmark_lib.inputs.entries import photo_entry, without_list
from landmark_lib.inputs.label_list import LABEL_SCHEMA
from landmark_lib.inputs.remarks import REMARKS, tell_remark
from landmark_lib.inputs.schema import ENTRY_SCHEMA, LIST_SCHEMA
from landmark_lib.inputs.source import Source, no_label_folders
from landmark_lib.preprocess.sources.csv_list import list_csv
from landmark_lib.preprocess.sources.folders import list_folders
from landmark_lib.preprocess.sources.images import list_images
from landmark_lib.preprocess.sources.label_list import read_list
from landmark_lib.preprocess.sources.matching import mark_repeated_ids, matched
from landmark_lib.preprocess.sources.tars import list_tars

__all__ = ["listed_entries", "listed_photos"]


@contextmanager
def listed_photos(spark: SparkSession, source: Source) -> Iterator[DataFrame]:
    """List the photos of a source, with the columns of LIST_SCHEMA; no image id twice without a reason."""
    with listed_entries(spark, source, with_sizes=False) as entries:
        yield entries.where("not extra").select(LIST_SCHEMA.names)


@contextmanager
def listed_entries(spark: SparkSession, source: Source, *, with_sizes: bool) -> Iterator[DataFrame]:
    """List the photos of a source and the files that its label list leaves out, and keep the list meanwhile.

    What was passed over, and how a list was read and matched, is warned of.

    Args:
        spark: Where to list.
        source: What to list.
        with_sizes: Whether to ask for the size of every file, the web's aside, where that costs a call.

    Yields:
        The columns of ENTRY_SCHEMA.

    Raises:
        UserError: None of the files lies in a folder named by label, or no id of the list means a file.
    """
    with _listed(spark, source, with_sizes=with_sizes) as listed:
        entries = mark_repeated_ids(listed).persist()
        _tell_remarks(entries, source)  # computes all of it, so that what it was made of can go
    try:
        needs_labels = source.kind == "folders" and not source.unlabelled
        if needs_labels and not entries.where("landmark_id is not null").limit(1).count():
            raise no_label_folders(source)
        yield entries.where(~F.coalesce("reason", F.lit("")).isin(*REMARKS))
    finally:
        entries.unpersist()


@contextmanager
def _listed(spark: SparkSession, source: Source, *, with_sizes: bool) -> Iterator[DataFrame]:
    if source.kind == "folders":
        yield list_folders(spark, source, with_sizes=with_sizes)
    elif source.kind == "csv":
        yield list_csv(spark, source, with_sizes=with_sizes)
    elif source.kind == "photo":
        rows = photo_entry(source.place).to_pylist()
        yield spark.createDataFrame(rows, from_arrow_schema(ENTRY_SCHEMA))
    else:
        listing = list_images if source.kind == "images" else list_tars
        with _with_labels(source, listing(spark, source, with_sizes=with_sizes)) as entries:
            yield entries


@contextmanager
def _with_labels(source: Source, found: DataFrame) -> Iterator[DataFrame]:
    if source.labels is None:
        yield found.mapInArrow(_without_list, from_arrow_schema(ENTRY_SCHEMA))
        return
    labels = read_list(
        found.sparkSession, source.labels, "--labels", _as_it_is, LABEL_SCHEMA, unlabelled=source.unlabelled
    )
    with matched(labels, found, source) as entries:
        yield entries


def _without_list(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    yield from map(without_list, batches)


def _as_it_is(rows: pa.RecordBatch) -> pa.RecordBatch:
    return rows


def _tell_remarks(entries: DataFrame, source: Source) -> None:
    remarks = entries.where(F.col("reason").isin(*REMARKS)).groupBy("reason")
    for reason, count, first in sorted(remarks.agg(F.count("*"), F.min("image_id")).collect()):
        tell_remark(reason, count, first, source.place)
