"""The photos of a source as a Spark frame, before any pixel is read.

    folders   folders named by label; without labels, every file below a folder
    csv       a CSV with the address of each photo: Kaggle's id,url,landmark_id
    images    a folder of images, and a list with the label of each id
    tar       one tar or a folder of tars, and such a list
    photo     one photo, without a label

`landmark_lib.inputs` decides what is a photo and which id it has. Spark calls it in tasks, so the driver
holds nothing proportional to the number of photos. Nothing is dropped: what cannot be listed is an entry with
a reason.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import from_arrow_schema

from landmark_lib.inputs.entries import photo_entry, without_list
from landmark_lib.inputs.label_list import LABEL_SCHEMA
from landmark_lib.inputs.remarks import REMARKS, log_remark
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
    """Yield the photos of a source in rows of LIST_SCHEMA; of a repeated id, all but one have a reason."""
    with listed_entries(spark, source, with_sizes=False) as entries:
        yield entries.where("not extra").select(LIST_SCHEMA.names)


@contextmanager
def listed_entries(spark: SparkSession, source: Source, *, with_sizes: bool) -> Iterator[DataFrame]:
    """Yield the photos of a source and the files that are not on its label list; cached within the context.

    Warn of ignored files, and of the ways in which a list was read and matched.

    Args:
        spark: The session.
        source: What to list.
        with_sizes: Whether to request the size of each file, except on the web, even if that costs a call.

    Yields:
        The columns of ENTRY_SCHEMA.

    Raises:
        UserError: No file lies in a folder named by label, or no id of the list matches a file.
    """
    with _listed(spark, source, with_sizes=with_sizes) as listed:
        entries = mark_repeated_ids(listed).persist()
        # This computes all entries, so that the frames that they are made of can be released.
        remarks = entries.where(F.col("reason").isin(*REMARKS)).groupBy("reason")
        for reason, count, first in sorted(remarks.agg(F.count("*"), F.min("image_id")).collect()):
            log_remark(reason, count, first, source.place)
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
        found = listing(spark, source, with_sizes=with_sizes)
        if source.labels is None:
            yield found.mapInArrow(
                lambda batches: map(without_list, batches), from_arrow_schema(ENTRY_SCHEMA)
            )
            return
        labels = read_list(
            spark, source.labels, "--labels", lambda rows: rows, LABEL_SCHEMA, unlabelled=source.unlabelled
        )
        with matched(labels, found, source) as entries:
            yield entries
