"""Match the ids of a label list with files."""

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pyarrow as pa
from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from landmark_lib.dataset import Reason
from landmark_lib.errors import UserError
from landmark_lib.images.formats import IMAGE_ENDINGS
from landmark_lib.inputs.entries import REPEATED
from landmark_lib.inputs.matching import HINTS, SHOWN, WAYS, Mismatch, Pair, Way, is_much, log_way
from landmark_lib.inputs.schema import ENTRY_SCHEMA
from landmark_lib.inputs.source import Source

logger = logging.getLogger(__name__)

OF_A_LIST = ["image_id", "landmark_id", "list_reason", "list_detail", "on_list"]
OF_A_FILE = ["uri", "reason", "detail", "archive", "offset", "size", "path", "is_photo"]
MAX_IDS_BROADCAST = 100_000  # a few MB for each executor


@dataclass(frozen=True)
class Counts:
    """How the names of files match a list.

    Attributes:
        listed: Rows of the list without a reason to reject them.
        missing: Those of them whose id is not the name of a file.
        left: Files whose name is not an id.
    """

    listed: int
    missing: int
    left: int


@contextmanager
def matched(labels: DataFrame, found: DataFrame, source: Source) -> Iterator[DataFrame]:
    """Yield the entries of a label list and its files, with the columns of ENTRY_SCHEMA.

    A row whose id matches no file is a missing file. A file that matches no row is extra. Two files or two
    rows with one id give two entries.

    Args:
        labels: Rows of LABEL_SCHEMA.
        found: Files in rows of FOUND_SCHEMA.
        source: The source.

    Raises:
        UserError: No id matches a file.
    """
    joined = _join_by_name(labels, found).persist()
    pairs: DataFrame | None = None
    try:
        wanted = F.col("on_list") & F.col("list_reason").isNull()
        row = joined.agg(*(F.count_if(what) for what in (wanted, _is_missing(), _is_left()))).collect()[0]
        counts = Counts(*map(int, row))
        if counts.missing and counts.left:
            # As `inputs.matching.pair` does: image_id, file, path, way.
            found_pairs = _one_to_one(*_left_over(joined), WAYS, counts)
            of_id = found_pairs.groupBy("image_id").agg(F.min(F.struct("way", "file", "path")).alias("best"))
            first = F.min(F.struct("best.way", "image_id", "best.path")).alias("best")
            of_file = of_id.groupBy("best.file").agg(first)
            pairs = of_file.select("best.image_id", "file", "best.path", "best.way").persist()
            _report(joined, pairs, counts, source)
        yield _entries(joined if pairs is None else _with_pairs(joined, pairs), source)
    finally:
        joined.unpersist()
        if pairs is not None:
            pairs.unpersist()


def _join_by_name(labels: DataFrame, found: DataFrame) -> DataFrame:
    listed = labels.select(
        "image_id",
        "landmark_id",
        F.col("reason").alias("list_reason"),
        F.col("detail").alias("list_detail"),
        F.lit(True).alias("on_list"),  # noqa: FBT003 - a constant column
    )
    # A full join loses no row of either side, and lists the files only once. Remarks among the files have no
    # id, so they match nothing.
    return (
        listed.join(found, "image_id", "full")
        .fillna(value=False, subset=["on_list", "is_photo"])
        .withColumn("image_id", F.coalesce("image_id", "path"))
    )


def _is_missing() -> Column:
    return F.col("on_list") & F.col("uri").isNull() & F.col("list_reason").isNull()


def _is_left() -> Column:
    return ~F.col("on_list") & F.col("is_photo")


def _left_over(joined: DataFrame) -> tuple[DataFrame, DataFrame]:
    ids = joined.where(_is_missing()).select("image_id").distinct()
    return ids, joined.where(_is_left()).select(_file().alias("file"), "path")


def _file() -> Column:
    """Return the column that identifies a file; members of a tar may share a name."""
    return F.concat_ws(" ", "offset", "uri")


def _one_to_one(ids: DataFrame, files: DataFrame, ways: tuple[Way, ...], counts: Counts) -> DataFrame:
    """Return the ids and files that match one to one by a way: image_id, file, path, way."""

    def keys_of_ids(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for number, way in enumerate(ways):
                keys = [way.of_id(image_id) for image_id in batch.column("image_id").to_pylist()]
                yield _keyed(batch, number, keys)

    def keys_of_files(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for number, way in enumerate(ways):
                yield _keyed(batch, number, [way.of_path(path) for path in batch.column("path").to_pylist()])

    of_ids = ids.mapInArrow(keys_of_ids, "image_id string, way int, key string").where("key <> ''")
    wanted = of_ids.select("way", "key").distinct()
    of_files = files.mapInArrow(keys_of_files, "file string, path string, way int, key string").join(
        F.broadcast(wanted) if counts.missing <= MAX_IDS_BROADCAST else wanted, ["way", "key"], "left_semi"
    )
    return _alone(of_ids, "image_id").join(_alone(of_files, "file", "path"), ["way", "key"])


def _keyed(batch: pa.RecordBatch, way: int, keys: list[str]) -> pa.RecordBatch:
    columns = [*batch.columns, pa.array([way] * len(keys), pa.int32()), pa.array(keys, pa.string())]
    return pa.record_batch(columns, [*batch.schema.names, "way", "key"])


def _alone(keyed: DataFrame, *names: str) -> DataFrame:
    """Return the rows whose way and key no other row has."""
    of_key = (F.first(name).alias(name) for name in names)
    grouped = keyed.groupBy("way", "key").agg(F.count("*").alias("times"), *of_key)
    return grouped.where("times = 1").drop("times")


def _report(joined: DataFrame, pairs: DataFrame, counts: Counts, source: Source) -> None:
    found = F.min(F.struct("image_id", "path")).alias("first")
    rows = pairs.groupBy("way").agg(F.count("*").alias("count"), found).orderBy("way").collect()
    for row in rows:
        first = Pair(row["first"]["image_id"], row["first"]["path"], row["way"])
        log_way(row["way"], row["count"], first, source.labels)
    if is_much(counts.missing - sum(row["count"] for row in rows), counts.listed):
        ids, files = _left_over(joined)
        ids, files = ids.join(pairs, "image_id", "left_anti"), files.join(pairs, "file", "left_anti")
        would = _one_to_one(ids, files, HINTS, counts).groupBy("way").count().orderBy("way").collect()
        photos_first = files.orderBy(~has_image_ending(F.col("path")), "path")
        mismatch = Mismatch(
            ids.count(),
            counts.listed,
            [row["image_id"] for row in ids.orderBy("image_id").limit(SHOWN).collect()],
            [row["path"] for row in photos_first.limit(SHOWN).collect()],
            {row["way"]: row["count"] for row in would},
        )
        if counts.missing == counts.listed and not rows:
            raise UserError(f"--labels: {source.labels}: {mismatch.describe(source.place)}")
        logger.warning(f"{source.labels}: {mismatch.describe(source.place)}")


def _with_pairs(joined: DataFrame, pairs: DataFrame) -> DataFrame:
    """Return the join with each paired id and its file in one row."""
    missing, left = joined.where(_is_missing()), joined.where(_is_left()).withColumn("file", _file())
    file_of_id = left.join(pairs.select("image_id", "file").withColumnRenamed("image_id", "id"), "file")
    given = missing.select(OF_A_LIST).join(
        file_of_id.select(F.col("id").alias("image_id"), *OF_A_FILE), "image_id", "left"
    )
    parts = [
        joined.where(~_is_missing() & ~_is_left()),
        given.fillna(value=False, subset=["is_photo"]),
        left.join(pairs, "file", "left_anti"),
    ]
    first, *others = (part.select(*OF_A_LIST, *OF_A_FILE) for part in parts)
    for other in others:
        first = first.unionByName(other)
    return first


def _entries(joined: DataFrame, source: Source) -> DataFrame:
    is_missing = F.col("uri").isNull()
    missing = F.when(is_missing, Reason.MISSING_FILE)
    of_list = F.when(F.col("list_reason").isNotNull(), F.col("list_detail"))
    no_image = F.lit(f"no image of this id in {source.place}")
    not_found = F.when(is_missing & F.col("list_reason").isNull(), no_image)
    return (
        joined.withColumn("extra", _is_left())
        .withColumn("detail", F.coalesce(of_list, "detail", not_found))
        .withColumn("reason", F.coalesce("list_reason", "reason", missing))
        .select(ENTRY_SCHEMA.names)
    )


def has_image_ending(path: Column) -> Column:
    """Return whether a file is named like a readable image."""
    name = F.substring_index(path, "/", -1)
    return name.contains(".") & F.lower(F.substring_index(name, ".", -1)).isin(*IMAGE_ENDINGS)


def mark_repeated_ids(entries: DataFrame) -> DataFrame:
    """Keep one entry of each image id, as `inputs.entries.mark_repeated_ids` does."""
    is_rejected = F.col("reason").isNotNull()
    same_id = Window.partitionBy("image_id").orderBy(
        "extra", is_rejected, "landmark_id", "uri", F.col("offset").desc()
    )
    again = F.col("reason").isNull() & (F.col("position") > 1)
    return (
        entries.withColumn("position", F.row_number().over(same_id))
        .withColumn("detail", F.when(again, F.lit(REPEATED)).otherwise(F.col("detail")))
        .withColumn("reason", F.when(again, F.lit(Reason.DUPLICATE_ID)).otherwise(F.col("reason")))
        .drop("position")
    )
