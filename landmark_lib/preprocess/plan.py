"""Label counts and the plan: role and recipes of every corpus image, without reading pixels."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, groupby, islice
from operator import itemgetter
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import from_arrow_schema

from landmark_lib.dataset import (
    CORPUS,
    CORPUS_SCHEMA,
    PLAN,
    PLAN_SCHEMA,
    FileRecord,
    LandmarkClass,
    Role,
    write_table,
)
from landmark_lib.inputs.source import too_few_photos
from landmark_lib.method.hold_out import Groups, draw_hold_out, hold_out_size
from landmark_lib.method.label_counts import kept_labels
from landmark_lib.method.sampling_plan import SamplingSettings, plan_class
from landmark_lib.preprocess.journal import Part
from landmark_lib.preprocess.parts import FILE, read_files, write_files

PLAN_ROWS_PER_GROUP = 65_536
IDS_SCHEMA = pa.schema([CORPUS_SCHEMA.field(name) for name in ("image_id", "landmark_id", "without_effect")])
PLANNED_SCHEMA = pa.schema(
    [
        pa.field(FILE, pa.int32()),
        *PLAN_SCHEMA,
        pa.field("replaced", pa.bool_()),  # not held out because of its near-duplicates
    ]
)
# Planning an image takes some 30 microseconds, writing it a few: tasks of two seconds.
IMAGES_PLANNED_BY_TASK = 50_000
ROWS_PER_BATCH = 4_096
# Images of dropped labels are planned one by one, spread over this many groups.
DROPPED_GROUPS = 10_000

Row = tuple[Any, ...]
Commit = Callable[[int, Part], None]


@dataclass(frozen=True)
class PlannedRows:
    """Number of images with one role and the same members, and of the outputs they give."""

    role: str
    members: tuple[int, ...]
    images: int
    outputs: int


def read_ids(spark: SparkSession, output: str, corpus: Sequence[FileRecord]) -> DataFrame:
    """Return what the plan needs of the corpus, without reading pixels.

    Returns:
        A frame with the columns file (position in `corpus`), image_id, landmark_id and without_effect.
    """
    ids = read_files(spark, output, corpus, IDS_SCHEMA)
    # Corpora of the first releases lack this column.
    return ids.withColumn("without_effect", F.coalesce("without_effect", F.array().cast("array<string>")))


def count_labels(ids: DataFrame) -> dict[str, int]:
    """Return the number of images per label, in the order of the labels."""
    counted = ids.groupBy("landmark_id").count().collect()
    return {row["landmark_id"]: int(row["count"]) for row in sorted(counted)}


def number_classes(label_counts: dict[str, int], min_count: int, hold_out: int) -> list[LandmarkClass]:
    """Return the labels that have at least `min_count` images as classes.

    Raises:
        UserError: No label has as many.
    """
    classes = [
        LandmarkClass(index, label, count, count - hold_out_size(count, hold_out))
        for index, label in enumerate(kept_labels(label_counts, min_count))
        for count in [label_counts[label]]
    ]
    if not classes:
        raise too_few_photos(min_count, max(label_counts.values()))
    return classes


def plan_images(
    ids: DataFrame,
    classes: Sequence[LandmarkClass],
    sampling: SamplingSettings,
    near_duplicates: DataFrame | None = None,
) -> DataFrame:
    """Return the plan as a frame, computed when its rows are read.

    One task plans all images of a class. The largest class of the paper's corpus, 50,000 images, takes a
    second or two.

    Args:
        ids: Images of the corpus, as `read_ids` returns them.
        classes: The labels kept.
        sampling: Settings of the method.
        near_duplicates: Photos that have near-duplicates: the columns image_id, group and labels.

    Returns:
        A frame with the column file of `ids`, the columns of the plan, and replaced, in no particular order.
    """

    def plan_batches(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        images = chain.from_iterable(
            zip(*(column.to_pylist() for column in batch.columns), strict=True) for batch in batches
        )
        groups = groupby(images, key=itemgetter(0))
        planned = chain.from_iterable(_plan_group(group, list(rows), sampling) for group, rows in groups)
        while rows := list(islice(planned, ROWS_PER_BATCH)):
            columns = zip(zip(*rows, strict=True), PLANNED_SCHEMA, strict=True)
            arrays = [pa.array(values, field.type) for values, field in columns]
            yield pa.RecordBatch.from_arrays(arrays, schema=PLANNED_SCHEMA)

    numbered = ids.sparkSession.createDataFrame(
        [(row.landmark_id, row.class_index) for row in classes], "landmark_id string, class_index int"
    )
    # A group is a class or, if negative, some of the dropped images.
    dropped = -1 - F.pmod(F.xxhash64("image_id"), F.lit(DROPPED_GROUPS)).cast("int")
    if near_duplicates is None:
        alone = ids.withColumn("alike", F.lit(None).cast("string")).withColumn("labels", F.lit(1))
    else:
        alone = ids.join(near_duplicates.withColumnRenamed("group", "alike"), "image_id", "left")
    grouped = alone.join(F.broadcast(numbered), "landmark_id", "left").select(
        F.coalesce("class_index", dropped).alias("group"),
        *(FILE, "image_id", "without_effect", "alike", "labels"),
    )
    tasks = max(1, -(-sum(row.label_count for row in classes) // IMAGES_PLANNED_BY_TASK))
    together = grouped.repartition(tasks, "group").sortWithinPartitions("group")
    return together.mapInArrow(plan_batches, from_arrow_schema(PLANNED_SCHEMA))


def _plan_group(group: int, images: Sequence[Row], sampling: SamplingSettings) -> Iterator[Row]:
    if group < 0:
        for _, file, image_id, *_ in images:
            yield file, image_id, None, Role.DROPPED, (), (), False
        return
    ids = [image_id for _, _, image_id, *_ in images]
    without_effect = {image_id: steps for _, _, image_id, steps, _, _ in images if steps}
    groups = Groups(
        {image_id: alike for _, _, image_id, _, alike, _ in images if alike is not None},
        {alike for *_, alike, labels in images if alike is not None and labels > 1},
    )
    plans = plan_class(ids, sampling, without_effect, groups)
    drawn = draw_hold_out(ids, sampling.hold_out, sampling.seed) if groups.by_id else frozenset()
    for image, plan in zip(images, plans, strict=True):
        is_replaced = plan.image_id in drawn and plan.role != "validation"
        yield image[1], plan.image_id, group, plan.role, plan.members, plan.recipes, is_replaced


def write_plan(
    planned: DataFrame,
    corpus: Sequence[FileRecord],
    output: str,
    missing: Collection[int] | None = None,
    commit: Commit | None = None,
) -> list[FileRecord]:
    """Write `plan/`, one file for each file of the corpus.

    Args:
        planned: The plan, as `plan_images` returns it.
        corpus: Files of the corpus; the plan's files have the same names in `plan/`.
        output: Root of the data set.
        missing: Positions in `corpus` of the files to write. None: all.
        commit: Called in the tasks with a file's position in `corpus` and its part, once it is complete.

    Returns:
        The records of the files written, in the order of their paths.
    """
    names = [record.path.replace(CORPUS, PLAN, 1) for record in corpus]

    def write(number: int, table: pa.Table) -> list[FileRecord]:
        rows = table.select(PLAN_SCHEMA.names).cast(PLAN_SCHEMA)
        record = write_table(output, names[number], rows, PLAN_ROWS_PER_GROUP)
        if commit is not None:
            commit(number, Part([record], {"replaced": pc.sum(table["replaced"], min_count=0).as_py()}))
        return [record]

    tasks = max(1, -(-sum(record.rows for record in corpus) // IMAGES_PLANNED_BY_TASK))
    return write_files(planned, ["image_id"], len(names), write, missing, tasks)


def read_plan(spark: SparkSession, output: str, plan: Sequence[FileRecord]) -> DataFrame:
    """Return the written plan as a frame with the columns of `plan_images`."""
    return read_files(spark, output, plan, PLAN_SCHEMA)


def without_held_out(planned: DataFrame, classes: Sequence[LandmarkClass]) -> list[LandmarkClass]:
    """Return the classes with the training images that a plan leaves them."""
    counted = planned.where(F.col("role") == Role.VALIDATION).groupBy("class_index").count().collect()
    held_out = {row["class_index"]: int(row["count"]) for row in counted}
    return [
        replace(row, training_images=row.label_count - held_out.get(row.class_index, 0)) for row in classes
    ]


def count_planned(planned: DataFrame) -> list[PlannedRows]:
    """Return the images and outputs of a plan by role and members."""
    counted = (
        planned.groupBy("role", "members")
        .agg(F.count("*").alias("images"), F.sum(F.size("recipes")).alias("outputs"))
        .collect()
    )
    return sorted(
        (PlannedRows(r["role"], tuple(r["members"]), int(r["images"]), int(r["outputs"])) for r in counted),
        key=lambda rows: (rows.role, rows.members),
    )
