"""The shards: outputs of the corpus images, made by the plan's recipes, in globally random order."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, islice
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import SparkSession
from pyspark.sql.pandas.types import from_arrow_schema

from landmark_lib.dataset import (
    CORPUS,
    PLAN,
    TRAIN_SCHEMA,
    VALIDATION,
    VALIDATION_SCHEMA,
    FileRecord,
    Role,
    read_table,
    shard_name,
    training_directory,
    write_table,
)
from landmark_lib.images.prepare import CorpusImage
from landmark_lib.method.placement import place_row, shard_count, training_sets
from landmark_lib.method.recipes import Framing, Recipe
from landmark_lib.preprocess.journal import Journal, Part
from landmark_lib.preprocess.parts import FILE, write_files
from landmark_lib.preprocess.plan import PlannedRows
from landmark_lib.preprocess.stage import Done

OUTPUT_SCHEMA = pa.schema(
    [
        (FILE, pa.int32()),
        ("position", pa.int64()),
        *TRAIN_SCHEMA,
        ("repeats", pa.bool_()),  # the pixels of an earlier output of the same image
    ]
)
OUTPUTS_PER_BATCH = 128


@dataclass(frozen=True)
class Place:
    """Where an output goes: number of its file, sort key in it, and the recipe that makes the output."""

    file: int
    position: int
    recipe: str


@dataclass(frozen=True)
class ShardLayout:
    """The shards to write.

    Attributes:
        rows: Rows by directory; those without rows are last.
        shards: Number of shards by directory, in the same order; an empty one where there are no rows.
        members: Number of training sets.
        seed: Seed of the data set.
        framing: What the rows show of the corpus images.
    """

    rows: dict[str, int]
    shards: dict[str, int]
    members: int
    seed: int
    framing: Framing

    @property
    def names(self) -> list[str]:
        """Paths of all shards; a shard's number is its position here."""
        return [shard_name(d, k, total) for d, total in self.shards.items() for k in range(total)]

    @property
    def empty(self) -> set[int]:
        """Numbers of the shards without a planned row in their directory."""
        return {number for number, name in enumerate(self.names) if not self.rows[name.rpartition("/")[0]]}

    def places(self, planned: dict[str, Any]) -> Iterator[Place]:
        """Yield where the outputs of a planned image go, recipe by recipe."""
        first = dict(zip(self.shards, accumulate(self.shards.values(), initial=0), strict=False))
        directories = _directories(planned["role"], planned["members"], self.members)
        for recipe in planned["recipes"]:
            for directory in directories:
                total = self.shards[directory]
                shard, position = place_row(directory, planned["image_id"], recipe, total, self.seed)
                yield Place(first[directory] + shard, position, recipe)


def lay_out(
    planned: Iterable[PlannedRows], rows_per_shard: int, members: int, seed: int, framing: Framing
) -> ShardLayout:
    """Return the shards for the rows of a plan."""
    rows = {training_directory(None): 0, **{training_directory(m): 0 for m in range(members)}, VALIDATION: 0}
    for group in planned:
        for directory in _directories(group.role, group.members, members):
            rows[directory] += group.outputs
    # Journals of earlier releases, which wrote no empty shards, number the others without them.
    rows = dict(sorted(rows.items(), key=lambda item: not item[1]))
    shards = {directory: shard_count(count, rows_per_shard) for directory, count in rows.items()}
    return ShardLayout(rows, shards, members, seed, framing)


def _directories(role: str, members: Sequence[int], member_count: int) -> list[str]:
    if role == Role.VALIDATION:
        return [VALIDATION]
    if role == Role.TRAIN:
        return [training_directory(stored) for stored in training_sets(members, member_count)]
    return []


def write_shards(
    spark: SparkSession,
    journal: Journal,
    corpus: Sequence[FileRecord],
    layout: ShardLayout,
    finished: Collection[int],
    rows_per_group: int,
    done: Done,
) -> dict[int, Part]:
    """Write `train/` and `validation/`. Each corpus image is decoded once, however many outputs it gives.

    Finished shards are not written again, and images whose outputs are all in finished shards are not
    decoded.

    Args:
        spark: The session.
        journal: Journal of the run; a shard is noted when its file is complete.
        corpus: Files of the corpus; the plan's have the same names in `plan/`.
        layout: The shards to write.
        finished: Numbers of the finished shards.
        rows_per_group: Rows per Parquet row group.
        done: Called in the tasks with the number of rows made and their bytes.

    Returns:
        All shards, each as a part.
    """
    names = layout.names
    missing = set(range(len(names))) - set(finished)
    output, paths = journal.output, [record.path for record in corpus]

    def make_outputs(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for number in batch.column("id").to_pylist():
                outputs = _part_outputs(output, paths[number], layout, missing)
                while rows := list(islice(outputs, OUTPUTS_PER_BATCH)):
                    done(len(rows), sum(len(row["image"]) for row in rows))
                    yield from pa.Table.from_pylist(rows, OUTPUT_SCHEMA).to_batches()

    def write_shard(number: int, rows: pa.Table) -> list[FileRecord]:
        schema = VALIDATION_SCHEMA if names[number].startswith(VALIDATION) else TRAIN_SCHEMA
        record = write_table(output, names[number], rows.select(schema.names).cast(schema), rows_per_group)
        counts = {"identical_outputs": pc.sum(rows["repeats"], min_count=0).as_py()}
        journal.commit("shards", number, Part([record], counts))
        return [record]

    for number in sorted(missing & layout.empty):
        write_shard(number, OUTPUT_SCHEMA.empty_table())
    if missing - layout.empty:
        # One task per file of the corpus.
        numbers = spark.range(0, len(paths), 1, len(paths))
        outputs = numbers.mapInArrow(make_outputs, from_arrow_schema(OUTPUT_SCHEMA))
        write_files(outputs, ["position", "image_id", "recipe"], len(names), write_shard)
    return journal.parts("shards")


def _part_outputs(
    output: str, corpus_path: str, layout: ShardLayout, missing: Collection[int]
) -> Iterator[dict[str, Any]]:
    planned = {
        row["image_id"]: row
        for row in read_table(output, corpus_path.replace(CORPUS, PLAN, 1)).to_pylist()
        if any(place.file in missing for place in layout.places(row))
    }
    if not planned:
        return
    corpus = read_table(output, corpus_path, ["image_id", "image"])
    for image_id, image in zip(corpus["image_id"].to_pylist(), corpus["image"], strict=True):
        if image_id not in planned:
            continue
        corpus_image = CorpusImage(image.as_py())
        made: dict[str, bytes] = {}
        for place in layout.places(planned[image_id]):
            if place.recipe not in made:
                made[place.recipe] = corpus_image.row(Recipe.parse(place.recipe), layout.framing)
            if place.file in missing:
                jpeg = made[place.recipe]
                yield {
                    FILE: place.file,
                    "position": place.position,
                    "image_id": image_id,
                    "class_index": planned[image_id]["class_index"],
                    "recipe": place.recipe,
                    "image": jpeg,
                    "repeats": sum(other == jpeg for other in made.values()) > 1,
                }
