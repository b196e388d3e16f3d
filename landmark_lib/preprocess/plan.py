"""Label counts, and the plan: what becomes of every image of the corpus, no pixels moved."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from landmark_lib.dataset import (
    PLAN,
    PLAN_SCHEMA,
    FileRecord,
    LandmarkClass,
    Role,
    join,
    part_name,
    write_table,
)
from landmark_lib.method.hold_out import hold_out_size
from landmark_lib.method.label_counts import kept_labels
from landmark_lib.method.sampling_plan import SamplingSettings, plan_class
from landmark_lib.preprocess.parts import FILE, file_of, hadoop_path, write_files

PLAN_ROWS_PER_GROUP = 65_536
PLAN_COLUMNS = "image_id string, class_index int, role string, members array<int>, recipes array<string>"


@dataclass(frozen=True)
class PlannedRows:
    """How many rows one kind of planned image gives."""

    role: str
    members: tuple[int, ...]
    images: int
    outputs: int


def read_ids(spark: SparkSession, output: str, corpus: Sequence[FileRecord]) -> DataFrame:
    """Read image_id and landmark_id of the corpus; the pixels stay on the disk."""
    return _read_parquet(spark, output, corpus).select("image_id", "landmark_id")


def _read_parquet(spark: SparkSession, output: str, files: Sequence[FileRecord]) -> DataFrame:
    return spark.read.parquet(*(hadoop_path(join(output, record.path)) for record in files))


def count_labels(ids: DataFrame) -> dict[str, int]:
    """Count the images of each label. Of all that is counted, only this comes to the driver."""
    counted = ids.groupBy("landmark_id").count().collect()
    return {row["landmark_id"]: int(row["count"]) for row in sorted(counted)}


def number_classes(label_counts: dict[str, int], smallest: int, hold_out: int) -> list[LandmarkClass]:
    """Number the labels that have enough images; the hold-out leaves the rest for training."""
    return [
        LandmarkClass(index, label, count, count - hold_out_size(count, hold_out))
        for index, label in enumerate(kept_labels(label_counts, smallest))
        for count in [label_counts[label]]
    ]


def write_plan(
    ids: DataFrame, classes: Sequence[LandmarkClass], sampling: SamplingSettings, parts: int, output: str
) -> list[FileRecord]:
    """Plan every class and write `plan/`, cut into the same parts as the corpus.

    Args:
        ids: image_id and landmark_id of the corpus.
        classes: The labels kept.
        sampling: The numbers of the method.
        parts: Number of files of the corpus; file k of the plan tells about file k of the corpus.
        output: Root of the data set.
    """
    columns = [name.strip().split()[0] for name in PLAN_COLUMNS.split(",")]

    def plan_images(images: pd.DataFrame) -> pd.DataFrame:
        plans = plan_class(images["image_id"].tolist(), sampling)
        index = int(images["class_index"].iloc[0])
        rows = [(p.image_id, index, p.role, list(p.members), list(p.recipes)) for p in plans]
        return pd.DataFrame(rows, columns=columns)

    def write_part(number: int, table: pa.Table) -> list[FileRecord]:
        name = part_name(PLAN, number, parts)
        return [write_table(output, name, table.cast(PLAN_SCHEMA), PLAN_ROWS_PER_GROUP)]

    numbered = ids.sparkSession.createDataFrame(
        [(row.landmark_id, row.class_index) for row in classes], "landmark_id string, class_index int"
    )
    joined = ids.join(F.broadcast(numbered), "landmark_id", "left").drop("landmark_id")
    kept = (
        joined.where("class_index is not null")
        .groupBy("class_index")
        .applyInPandas(plan_images, PLAN_COLUMNS)
    )
    none = F.array()
    dropped = joined.where("class_index is null").select(
        "image_id",
        "class_index",
        F.lit(Role.DROPPED).alias("role"),
        none.cast("array<int>").alias("members"),
        none.cast("array<string>").alias("recipes"),
    )
    planned = kept.unionByName(dropped).withColumn(FILE, file_of("image_id", parts))
    return write_files(planned, ["image_id"], parts, write_part)


def count_planned(spark: SparkSession, output: str, plan: Sequence[FileRecord]) -> list[PlannedRows]:
    """Count the images and outputs of the plan by role and members."""
    counted = (
        _read_parquet(spark, output, plan)
        .groupBy("role", "members")
        .agg(F.count("*").alias("images"), F.sum(F.size("recipes")).alias("outputs"))
        .collect()
    )
    return sorted(
        (PlannedRows(r["role"], tuple(r["members"]), int(r["images"]), int(r["outputs"])) for r in counted),
        key=lambda rows: (rows.role, rows.members),
    )
