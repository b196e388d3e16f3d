"""The plan carried out: corpus images, their recipes applied, in globally random order in shards."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import pyarrow as pa
from pyspark.sql import SparkSession

from landmark_lib.dataset import (
    CORPUS,
    PLAN,
    TRAIN_SCHEMA,
    VALIDATION,
    VALIDATION_SCHEMA,
    FileRecord,
    Role,
    part_name,
    read_table,
    training_directory,
    write_table,
)
from landmark_lib.images.jpeg import decode_jpeg, encode_jpeg
from landmark_lib.images.transform import apply_recipe
from landmark_lib.method.placement import place_row, shard_count, training_sets
from landmark_lib.method.recipes import Recipe
from landmark_lib.preprocess.parts import FILE, write_files
from landmark_lib.preprocess.plan import PlannedRows

OUTPUT_COLUMNS = f"{FILE} int, position bigint, image_id string, class_index int, recipe string, image binary"
OUTPUT_SCHEMA = pa.schema([(FILE, pa.int32()), ("position", pa.int64()), *TRAIN_SCHEMA])
OUTPUTS_PER_BATCH = 128


@dataclass(frozen=True)
class ShardLayout:
    """Which shards there will be.

    Attributes:
        rows: Rows by directory; directories without any are left out.
        shards: Number of shards by directory, in the same order.
        members: Number of training sets.
        seed: Seed of the data set.
    """

    rows: dict[str, int]
    shards: dict[str, int]
    members: int
    seed: int

    @property
    def names(self) -> list[str]:
        """Paths of all shards; the position of a path is the number of its file."""
        return [part_name(d, k, total) for d, total in self.shards.items() for k in range(total)]

    def place(self, directory: str, image_id: str, recipe: str) -> tuple[int, int]:
        """Give the file number of a row and its sort key there."""
        before = 0
        for name, total in self.shards.items():
            if name == directory:
                shard, position = place_row(directory, image_id, recipe, total, self.seed)
                return before + shard, position
            before += total
        raise KeyError(directory)

    def directories(self, planned: dict[str, Any]) -> list[str]:
        """Tell where the outputs of a planned image are stored."""
        return _directories(planned["role"], planned["members"], self.members)


def lay_out(planned: Iterable[PlannedRows], rows_per_shard: int, members: int, seed: int) -> ShardLayout:
    """Decide the number of shards of each directory from the rows that the plan gives it."""
    rows = {training_directory(None): 0, **{training_directory(m): 0 for m in range(members)}, VALIDATION: 0}
    for group in planned:
        for directory in _directories(group.role, group.members, members):
            rows[directory] += group.outputs
    filled = {directory: count for directory, count in rows.items() if count}
    shards = {directory: shard_count(count, rows_per_shard) for directory, count in filled.items()}
    return ShardLayout(filled, shards, members, seed)


def _directories(role: str, members: Sequence[int], member_count: int) -> list[str]:
    if role == Role.VALIDATION:
        return [VALIDATION]
    if role == Role.TRAIN:
        return [training_directory(stored) for stored in training_sets(members, member_count)]
    return []


def write_shards(
    spark: SparkSession,
    output: str,
    corpus: Sequence[FileRecord],
    layout: ShardLayout,
    rows_per_group: int,
    done: Callable[[int], None],
) -> list[FileRecord]:
    """Write `train/` and `validation/`. Each corpus image is decoded once however many outputs it gives.

    Args:
        spark: The session.
        output: Root of the data set.
        corpus: Files of the corpus; the plan has one of the same number for each.
        layout: The shards to write.
        rows_per_group: Rows of a row group.
        done: Called in the tasks with the number of rows made.
    """
    names = layout.names

    def make_outputs(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for path in batch.column("path").to_pylist():
                for rows in _in_batches(_part_outputs(output, path, layout)):
                    done(len(rows))
                    yield from pa.Table.from_pylist(rows, OUTPUT_SCHEMA).to_batches()

    def write_shard(number: int, rows: pa.Table) -> list[FileRecord]:
        schema = VALIDATION_SCHEMA if names[number].startswith(VALIDATION) else TRAIN_SCHEMA
        return [write_table(output, names[number], rows.select(schema.names).cast(schema), rows_per_group)]

    parts = spark.createDataFrame([(record.path,) for record in corpus], "path string")
    outputs = parts.repartition(len(corpus)).mapInArrow(make_outputs, OUTPUT_COLUMNS)
    return write_files(outputs, ["position", "image_id", "recipe"], len(names), write_shard)


def _part_outputs(output: str, corpus_path: str, layout: ShardLayout) -> Iterator[dict[str, Any]]:
    planned = {
        row["image_id"]: row
        for row in read_table(output, corpus_path.replace(CORPUS, PLAN, 1)).to_pylist()
        if row["recipes"]
    }
    corpus = read_table(output, corpus_path, ["image_id", "image"])
    for image_id, image in zip(corpus["image_id"].to_pylist(), corpus["image"], strict=True):
        if image_id in planned:
            yield from _image_outputs(image.as_py(), planned[image_id], layout)


def _image_outputs(jpeg: bytes, planned: dict[str, Any], layout: ShardLayout) -> Iterator[dict[str, Any]]:
    image = decode_jpeg(jpeg)
    for recipe in planned["recipes"]:
        output = encode_jpeg(apply_recipe(image, Recipe.parse(recipe)))
        for directory in layout.directories(planned):
            file, position = layout.place(directory, planned["image_id"], recipe)
            yield {
                FILE: file,
                "position": position,
                "image_id": planned["image_id"],
                "class_index": planned["class_index"],
                "recipe": recipe,
                "image": output,
            }


def _in_batches(rows: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    iterator = iter(rows)
    while batch := list(islice(iterator, OUTPUTS_PER_BATCH)):
        yield batch
