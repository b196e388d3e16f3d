"""Groups of near-duplicates in the corpus, so that none is on both sides of the split.

A photo's row moves twice; a hash without its photo moves once for each band. Nothing reaches the driver.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import from_arrow_schema

from landmark_lib.dataset import (
    CORPUS_SCHEMA,
    NEAR_DUPLICATES,
    NEAR_DUPLICATES_SCHEMA,
    FileRecord,
    part_name,
    write_table,
)
from landmark_lib.method.near_duplicates import BANDS, connect, near_pairs
from landmark_lib.preprocess.journal import Journal, Part, total
from landmark_lib.preprocess.parts import FILE, file_of, read_files, write_files

HASHED_SCHEMA = pa.schema(
    [CORPUS_SCHEMA.field(name) for name in ("image_id", "landmark_id", "perceptual_hash")]
)
COMPARED_SCHEMA = pa.schema([("hash", pa.int64()), ("band", pa.int32())])
ROOTS_SCHEMA = pa.schema([("hash", pa.int64()), ("root", pa.int64())])
ROOTS = from_arrow_schema(ROOTS_SCHEMA)
# Comparing a hash takes some 20 microseconds in all bands: tasks of a few seconds and 100 MB.
HASHES_COMPARED_BY_TASK = 200_000
# If every photo had near-duplicates; a group lies in one file.
IMAGES_PER_FILE = 250_000
ROWS_PER_GROUP = 65_536


def read_hashes(spark: SparkSession, output: str, corpus: Sequence[FileRecord]) -> DataFrame:
    """Return the columns image_id, landmark_id and hash of the corpus."""
    hashed = read_files(spark, output, corpus, HASHED_SCHEMA)
    return hashed.select("image_id", "landmark_id", F.col("perceptual_hash").alias("hash"))


def find_near_duplicates(photos: DataFrame, images: int) -> DataFrame:
    """Find the photos that have near-duplicates.

    Args:
        photos: The columns image_id, landmark_id and hash.
        images: Number of photos.

    Returns:
        A frame with the columns of `near_duplicates/`.
    """
    hashes = photos.select("hash").distinct()
    rooted = photos.join(_roots(hashes, images), "hash", "left")
    group = Window.partitionBy(F.coalesce("root", "hash"))
    return rooted.select(
        "image_id",
        "landmark_id",
        F.min("image_id").over(group).alias("group"),
        F.size(F.collect_set("landmark_id").over(group)).alias("labels"),
        F.count("*").over(group).alias("photos"),
    ).where("photos > 1")


def _roots(hashes: DataFrame, images: int) -> DataFrame:
    """Return the smallest hash that each hash is connected with, for those with near-duplicates."""

    def compare(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        # Spark's own batches do not allow nulls in the column band.
        nullable = (pa.record_batch(batch.columns, schema=COMPARED_SCHEMA) for batch in batches)
        table = pa.Table.from_batches(nullable, COMPARED_SCHEMA)
        of_bands = [table["hash"].filter(pc.equal(table["band"], band)) for band in range(len(BANDS))]
        pairs = [near_pairs(_unsigned(found), BANDS[band]) for band, found in enumerate(of_bands)]
        yield _root_batch(pairs)

    def merge(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        found = [[_unsigned(column) for column in batch.columns] for batch in batches]
        yield _root_batch([np.stack(columns, axis=1) for columns in found])

    bands = [
        F.struct(
            F.lit(band).alias("band"),
            F.col("hash").bitwiseAND(F.lit(int(np.uint64(mask).view(np.int64)))).alias("value"),
        )
        for band, mask in enumerate(BANDS)
    ]
    in_bands = hashes.select("hash", F.explode(F.array(*bands)).alias("key"))
    tasks = max(1, images // HASHES_COMPARED_BY_TASK)
    together = in_bands.select("hash", "key.*").repartition(tasks, "band", "value").select("hash", "band")
    # Only hashes with near-duplicates are left: one task connects what several found.
    return together.mapInArrow(compare, ROOTS).distinct().repartition(1).mapInArrow(merge, ROOTS)


def _root_batch(pairs: Sequence[NDArray[np.uint64]]) -> pa.RecordBatch:
    arrays = [pa.array(column.view(np.int64)) for column in connect([np.empty((0, 2), np.uint64), *pairs])]
    return pa.RecordBatch.from_arrays(arrays, schema=ROOTS_SCHEMA)


def _unsigned(column: pa.Array | pa.ChunkedArray) -> NDArray[np.uint64]:
    signed: NDArray[np.int64] = column.to_numpy()
    return signed.view(np.uint64)


def write_near_duplicates(photos: DataFrame, images: int, journal: Journal) -> dict[int, Part]:
    """Write `near_duplicates/`, a row for each photo that has near-duplicates, group by group.

    Finished parts are not written again.

    Args:
        photos: The columns image_id, landmark_id and hash.
        images: Number of photos.
        journal: Journal of the run; a part is noted when its file is complete.

    Returns:
        All parts that have rows.
    """
    files, finished = max(1, images // IMAGES_PER_FILE), journal.parts("duplicates")

    def write(number: int, table: pa.Table) -> list[FileRecord]:
        rows = table.select(NEAR_DUPLICATES_SCHEMA.names).cast(NEAR_DUPLICATES_SCHEMA)
        name = part_name(NEAR_DUPLICATES, number, files)
        part = Part([write_table(journal.output, name, rows, ROWS_PER_GROUP)], count_groups(rows))
        journal.commit("duplicates", number, part)
        return list(part.records)

    found = find_near_duplicates(photos, images).withColumn(FILE, file_of("group", files))
    missing = [number for number in range(files) if number not in finished]
    write_files(found, ["group", "image_id"], files, write, missing)
    return journal.parts("duplicates")


def count_all(parts: Mapping[int, Part]) -> dict[str, int]:
    """Return the photos and groups of near-duplicates, and those of several labels."""
    return {name: total(parts, name) for name in count_groups(NEAR_DUPLICATES_SCHEMA.empty_table())}


def count_groups(rows: pa.Table) -> dict[str, int]:
    """Return the counts of `count_all` for some rows of `near_duplicates/` with entire groups."""
    contradictory = rows.filter(pc.greater(rows["labels"], 1))
    return {
        "photos": len(rows),
        "groups": len(rows["group"].unique()),
        "contradictory_photos": len(contradictory),
        "contradictory_groups": len(contradictory["group"].unique()),
    }


def read_near_duplicates(spark: SparkSession, output: str, files: Sequence[FileRecord]) -> DataFrame:
    """Return the columns image_id, group and labels of the photos that have near-duplicates."""
    schema = pa.schema([NEAR_DUPLICATES_SCHEMA.field(name) for name in ("image_id", "group", "labels")])
    return read_files(spark, output, files, schema).drop(FILE)
