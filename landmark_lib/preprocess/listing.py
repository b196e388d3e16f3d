"""The photos of a run, listed and cut into the parts that become the files of the corpus."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from pyspark.sql import Column, DataFrame, SparkSession, Window
from pyspark.sql import functions as F

from landmark_lib.dataset import REJECTED_SCHEMA, FileRecord, part_name, read_table, write_table
from landmark_lib.errors import UserError
from landmark_lib.inputs.schema import LIST_SCHEMA
from landmark_lib.preprocess.journal import LIST
from landmark_lib.preprocess.parts import FILE, file_of, read_files, write_files
from landmark_lib.storage import Place

LIST_ROWS_PER_GROUP = 65_536
# Every part has a file of the corpus and of the plan and is a task that every shard hears from; a million
# photos still have parts of 256.
MOST_PARTS = 4_096
# Lists are a few kB a part: a task writes several.
LIST_PARTS_OF_TASK = 100
IDENTITY = ("image_id", "landmark_id", "uri")


@dataclass(frozen=True)
class Batch:
    """Photos that are resized together: all of a new data set, or those added to a finished one.

    Attributes:
        number: 0 for the first batch of a data set.
        parts: Number of parts; part k becomes file k of the batch in the corpus and among the rejected.
        rows: Photos by part; a part without any has no file.
        replaces_rejected: Whether the rejected photos of earlier batches are among these.
    """

    number: int
    parts: int
    rows: dict[int, int]
    replaces_rejected: bool = False

    @property
    def photos(self) -> int:
        """Number of photos in all parts."""
        return sum(self.rows.values())


@dataclass(frozen=True)
class Growth:
    """How a source stands to a finished data set.

    Attributes:
        new: Photos that the data set has not dealt with, as a list.
        gone: Photos of the corpus that the source no longer lists.
    """

    new: DataFrame
    gone: int


def write_list(photos: DataFrame, photos_per_part: int, output: str) -> tuple[int, dict[int, int]]:
    """Write the list of photos, cut into parts.

    Photos in a tar lie in its order in parts of their own, so that each part is read in one stretch; others
    are spread by their ids.

    Returns:
        The number of parts, and the photos of each part that has any.
    """
    (Place(output) / LIST).remove()
    placed, parts = _placed(photos, photos_per_part)

    def write(number: int, rows: pa.Table) -> list[FileRecord]:
        table = rows.select(LIST_SCHEMA.names).cast(LIST_SCHEMA)
        return [write_table(output, part_name(LIST, number, parts), table, LIST_ROWS_PER_GROUP)]

    tasks = -(-parts // LIST_PARTS_OF_TASK)
    written = write_files(placed, ["archive", "offset", *IDENTITY], parts, write, tasks=tasks)
    numbers = {part_name(LIST, number, parts): number for number in range(parts)}
    return parts, {numbers[record.path]: record.rows for record in written}


def read_list_part(output: str, number: int, parts: int) -> list[dict[str, Any]]:
    """Read the photos of one part."""
    rows: list[dict[str, Any]] = read_table(output, part_name(LIST, number, parts)).to_pylist()
    return rows


def _placed(photos: DataFrame, photos_per_part: int) -> tuple[DataFrame, int]:
    counted = {row["archive"]: int(row["count"]) for row in photos.groupBy("archive").count().collect()}
    photos_per_part = max(photos_per_part, -(-sum(counted.values()) // MOST_PARTS))
    loose = -(-counted.pop(None, 0) // photos_per_part)
    bases, parts = [], loose
    for archive, count in sorted(counted.items()):
        bases.append((archive, parts))
        parts += -(-count // photos_per_part)
    if not bases:
        return photos.withColumn(FILE, file_of("image_id", max(1, loose))), max(1, parts)
    first = photos.sparkSession.createDataFrame(bases, "archive string, first int")
    joined = photos.join(F.broadcast(first), "archive", "left")
    position = F.row_number().over(Window.partitionBy("archive").orderBy("offset", *IDENTITY)) - 1
    within = F.col("first") + F.floor(position / photos_per_part).cast("int")
    in_archive = joined.where("archive is not null").withColumn(FILE, within)
    apart = joined.where("archive is null").withColumn(FILE, file_of("image_id", max(1, loose)))
    return in_archive.unionByName(apart).drop("first"), parts


def compare(photos: DataFrame, corpus: DataFrame, rejected: DataFrame, *, retry_rejected: bool) -> Growth:
    """Find what a finished data set has not dealt with.

    Args:
        photos: The list of the source as it is now.
        corpus: image_id and landmark_id of the corpus.
        rejected: The rejected photos of the data set.
        retry_rejected: Whether rejected photos count as not dealt with.

    Raises:
        UserError: The source gives a photo of the corpus another label.
    """
    kept = corpus.select("image_id", F.col("landmark_id").alias("kept_label"), F.lit(1).alias("kept"))
    joined = photos.join(kept, "image_id", "left")
    in_corpus = F.col("kept").isNotNull()
    repeats = F.col("reason").isNotNull()
    _refuse_changed_labels(joined.where(in_corpus & ~repeats))
    new = joined.where(~in_corpus | repeats).drop("kept", "kept_label")
    if not retry_rejected:
        known = rejected.select(*(F.col(name).alias(f"known_{name}") for name in IDENTITY)).distinct()
        same = [F.col(name).eqNullSafe(F.col(f"known_{name}")) for name in IDENTITY]
        new = new.join(known, _all(same), "left_anti")
    gone = kept.join(photos, "image_id", "left_anti").count()
    return Growth(new, gone)


def _refuse_changed_labels(again: DataFrame) -> None:
    changed = again.where("landmark_id <> kept_label")
    examples = changed.orderBy("image_id").limit(1).collect()
    if examples:
        first = examples[0]
        raise UserError(
            f"--input: {changed.count()} photos of the corpus have another label now, the first"
            f" {first['image_id']}: {first['kept_label']} there, {first['landmark_id']} now;"
            " --overwrite replaces the data set"
        )


def _all(conditions: Sequence[Column]) -> Column:
    together = conditions[0]
    for condition in conditions[1:]:
        together = together & condition
    return together


def read_rejected(spark: SparkSession, output: str, files: Sequence[FileRecord]) -> DataFrame:
    """Read which photos of a data set were rejected."""
    return read_files(spark, output, files, pa.schema([REJECTED_SCHEMA.field(name) for name in IDENTITY]))
