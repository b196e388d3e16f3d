"""The first stage: the photos of a run, listed and cut into the parts that become the files of the corpus."""

import logging
from collections.abc import Callable
from functools import reduce
from operator import and_
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as F

from landmark_lib.console import visible
from landmark_lib.dataset import (
    CORPUS,
    REJECTED,
    REJECTED_SCHEMA,
    FileRecord,
    Manifest,
    part_name,
    read_manifest,
    read_table,
    shard_name,
    write_table,
)
from landmark_lib.errors import UserError
from landmark_lib.inputs.schema import LIST_SCHEMA
from landmark_lib.inputs.source import Source
from landmark_lib.preprocess.batch import Batch, next_number, read_batch, write_batch
from landmark_lib.preprocess.journal import LIST
from landmark_lib.preprocess.output_directory import Output, Standing
from landmark_lib.preprocess.parts import FILE, file_of, read_files, write_files
from landmark_lib.preprocess.plan import read_ids
from landmark_lib.preprocess.sources import listed_photos
from landmark_lib.preprocess.stage import StageTiming, timed_stage
from landmark_lib.settings import PreprocessSettings
from landmark_lib.storage import Place

logger = logging.getLogger(__name__)

LIST_ROWS_PER_GROUP = 65_536
# Each part is one task and one file of corpus and plan; every shard reads from every part. A million photos
# still have parts of 256.
MAX_PARTS = 4_096
# A part's list takes a few kB: a task writes several.
LIST_PARTS_PER_TASK = 100
IDENTITY = ("image_id", "landmark_id", "uri")


def begin_batch(
    spark: SparkSession,
    settings: PreprocessSettings,
    find: Callable[[], Source],
    output: Output,
    timings: list[StageTiming],
) -> Batch | None:
    """List the photos of this run, or return the batch that an earlier run listed.

    Args:
        spark: The session.
        settings: Settings of the run.
        find: Returns the source, or raises UserError.
        output: Where the list is written.
        timings: Gets the time of this stage, unless an earlier run did it.

    Returns:
        The batch; None for a finished data set to which there is nothing to add.

    Raises:
        UserError: No photos, or photos of a finished data set that have another label now.
    """
    standing = output.standing()
    if standing is Standing.UNDER_WAY:
        return read_batch(output.journal)
    with timed_stage(timings, "list", "photos") as counted:
        if standing is Standing.FINISHED:
            batch = _next_batch(spark, settings, find, output)
        else:
            batch = _first_batch(spark, settings, find(), output)
        counted(batch.photos if batch else 0)
    return batch


def _first_batch(spark: SparkSession, settings: PreprocessSettings, source: Source, output: Output) -> Batch:
    output.clear()
    output.decide("corpus")
    try:
        with listed_photos(spark, source) as photos:
            parts, rows = write_list(photos, settings.photos_per_part, output.address)
    except UserError:
        output.clear()  # there is nothing to resume
        raise
    if not rows:
        output.clear()
        raise UserError(f"{source.option}: no photos in {source.place}")
    batch = Batch(0, parts, rows)
    write_batch(output.journal, batch)
    return batch


def _next_batch(
    spark: SparkSession, settings: PreprocessSettings, find: Callable[[], Source], output: Output
) -> Batch | None:
    output.journal.remove()  # of a run that was stopped before it decided anything
    manifest = read_manifest(output.address)
    already = f"{visible(output.address)} already holds this data set; nothing was changed"
    try:
        source = find()
    except UserError as error:
        logger.info(f"{already}. Its source cannot be searched for new photos: {visible(error)}")
        return None
    with listed_photos(spark, source) as photos:
        new = _new_photos(spark, photos, manifest, output, retry_rejected=settings.retry_rejected).persist()
        if not new.limit(1).count():
            logger.info(already)
            return None
        parts, rows = write_list(new, settings.photos_per_part, output.address)
    batch = Batch(next_number(manifest), parts, rows, replaces_rejected=settings.retry_rejected)
    output.reopen(manifest, batch)
    logger.info(f"{batch.photos:,} photos to add to {visible(output.address)}")
    return batch


def _new_photos(
    spark: SparkSession, photos: DataFrame, manifest: Manifest, output: Output, *, retry_rejected: bool
) -> DataFrame:
    """Return the listed photos that a finished data set has neither in its corpus nor among the rejected.

    Raises:
        UserError: The source gives a photo of the corpus another label.
    """
    corpus = read_ids(spark, output.address, manifest.files_in(CORPUS))
    kept = corpus.select("image_id", F.col("landmark_id").alias("kept_label"), F.lit(1).alias("kept"))
    joined = photos.join(kept, "image_id", "left")
    in_corpus, repeats = F.col("kept").isNotNull(), F.col("reason").isNotNull()
    changed = joined.where(in_corpus & ~repeats & F.expr("landmark_id <> kept_label"))
    for first in changed.orderBy("image_id").limit(1).collect():
        raise UserError(
            f"--input: {changed.count()} photos of the corpus now have another label; the first is"
            f" {first['image_id']}, which was {first['kept_label']} and is now {first['landmark_id']};"
            " --overwrite replaces the data set"
        )
    new = joined.where(~in_corpus | repeats).drop("kept", "kept_label")
    if not retry_rejected:
        columns = pa.schema([REJECTED_SCHEMA.field(name) for name in IDENTITY])
        rejected = read_files(spark, output.address, manifest.files_in(REJECTED), columns)
        known = rejected.select(*(F.col(name).alias(f"known_{name}") for name in IDENTITY)).distinct()
        same = [F.col(name).eqNullSafe(F.col(f"known_{name}")) for name in IDENTITY]
        new = new.join(known, reduce(and_, same), "left_anti")
    gone = kept.join(photos, "image_id", "left_anti").count()
    if gone:
        logger.info(f"{gone:,} photos of the data set are no longer in its source; they stay")
    return new


def write_list(photos: DataFrame, photos_per_part: int, output: str) -> tuple[int, dict[int, int]]:
    """Write the list of photos, cut into parts.

    Photos in a tar go to parts of their own in the tar's order, so that a part reads one stretch of it; other
    photos are spread by their ids.

    Returns:
        The number of parts, and the photos of each part that has any.
    """
    (Place(output) / LIST).remove()
    placed, parts = _placed(photos, photos_per_part)

    def write(number: int, rows: pa.Table) -> list[FileRecord]:
        table = rows.select(LIST_SCHEMA.names).cast(LIST_SCHEMA)
        return [write_table(output, part_name(LIST, number, parts), table, LIST_ROWS_PER_GROUP)]

    tasks = -(-parts // LIST_PARTS_PER_TASK)
    written = write_files(placed, ["archive", "offset", *IDENTITY], parts, write, tasks=tasks)
    numbers = {part_name(LIST, number, parts): number for number in range(parts)}
    return parts, {numbers[record.path]: record.rows for record in written}


def read_list_part(output: str, number: int, parts: int) -> list[dict[str, Any]]:
    """Return the photos of one part."""
    try:
        table = read_table(output, part_name(LIST, number, parts))
    except FileNotFoundError:  # listed by an earlier release, which called these files shards
        table = read_table(output, shard_name(LIST, number, parts))
    rows: list[dict[str, Any]] = table.to_pylist()
    return rows


def _placed(photos: DataFrame, photos_per_part: int) -> tuple[DataFrame, int]:
    """Return the photos with the number of their part in the column `file`, and the number of parts."""
    counted = {row["archive"]: int(row["count"]) for row in photos.groupBy("archive").count().collect()}
    photos_per_part = max(photos_per_part, -(-sum(counted.values()) // MAX_PARTS))
    loose = -(-counted.pop(None, 0) // photos_per_part)
    firsts, parts = [], loose
    for archive, count in sorted(counted.items()):
        firsts.append((archive, parts))
        parts += -(-count // photos_per_part)
    part_of_loose = file_of("image_id", max(1, loose))
    if not firsts:
        return photos.withColumn(FILE, part_of_loose), max(1, parts)
    first = photos.sparkSession.createDataFrame(firsts, "archive string, first int")
    joined = photos.join(F.broadcast(first), "archive", "left")
    position = F.row_number().over(Window.partitionBy("archive").orderBy("offset", *IDENTITY)) - 1
    within = F.col("first") + F.floor(position / photos_per_part).cast("int")
    in_archive = joined.where("archive is not null").withColumn(FILE, within)
    apart = joined.where("archive is null").withColumn(FILE, part_of_loose)
    return in_archive.unionByName(apart).drop("first"), parts
