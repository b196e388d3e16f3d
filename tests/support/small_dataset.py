"""A small data set written through the contract alone, without Spark."""

import numpy as np
import pyarrow as pa
from PIL import Image

from landmark_lib import dataset
from landmark_lib.dataset import FileRecord, LandmarkClass, Manifest
from landmark_lib.images.jpeg import encode_jpeg
from landmark_lib.method.recipes import CENTRE, Framing, plain_frame

CLASSES = 3
ROWS_PER_GROUP = 8


def write_small_dataset(
    root: str,
    common=(20, 20, 9),
    own=(11, 6),
    members: int = 2,
    validation=(7,),
    training_images=(7, 7, 7),
    framing: Framing = CENTRE,
) -> Manifest:
    """Write shards of so many rows each; a class is a colour, so that it is easy to learn.

    `training_images` is the number in classes.csv of each class, which is unchanged from 7 to 22.
    """
    shards = {
        dataset.COMMON: common,
        **{dataset.training_directory(member): own for member in range(members)},
    }
    files = [
        record
        for directory, rows in {**shards, dataset.VALIDATION: validation}.items()
        for record in _write_shards(root, directory, rows, plain_frame(framing).side)
    ]
    rows = [
        LandmarkClass(index, f"landmark {index}", images + 2, images)
        for index, images in enumerate(training_images)
    ]
    dataset.write_classes(root, rows)
    manifest = Manifest(
        settings={
            "ensemble_size": members,
            "cutoff": 22,
            "target": 7,
            "rows_per_group": ROWS_PER_GROUP,
            "framing": framing,
        },
        versions={},
        photos={"listed": 0, "corpus": 0},
        rejected={},
        label_counts={},
        classes=CLASSES,
        classes_with_fewer_held_out=0,
        roles={},
        files=files,
    )
    dataset.write_manifest(root, manifest)
    return manifest


def write_unlabelled(root: str, corpus, rejected) -> None:
    """Write a data set of photos without labels: rows of corpus/ and of rejected/."""
    files = []
    parts = (
        (dataset.CORPUS, corpus, dataset.CORPUS_SCHEMA),
        (dataset.REJECTED, rejected, dataset.REJECTED_SCHEMA),
    )
    for directory, rows, schema in parts:
        name = dataset.part_name(directory, 0, 1)
        files.append(dataset.write_table(root, name, pa.Table.from_pylist(rows, schema), ROWS_PER_GROUP))
    manifest = Manifest(
        settings={"unlabelled": True},
        versions={},
        photos={"listed": len(corpus) + len(rejected), "corpus": len(corpus)},
        rejected={},
        label_counts={},
        classes=0,
        classes_with_fewer_held_out=0,
        roles={},
        files=files,
    )
    dataset.write_manifest(root, manifest)


def image_id(directory: str, shard: int, row: int) -> str:
    """Return the id of a row, made of its place."""
    return f"{directory} {shard} {row}"


def _write_shards(root: str, directory: str, shard_rows, side: int) -> list[FileRecord]:
    schema = dataset.VALIDATION_SCHEMA if directory == dataset.VALIDATION else dataset.TRAIN_SCHEMA
    records = []
    for shard, rows in enumerate(shard_rows):
        listed = [
            {
                "image_id": image_id(directory, shard, row),
                "class_index": row % CLASSES,
                "recipe": "plain",
                "image": _jpeg(row % CLASSES, row, side),
            }
            for row in range(rows)
        ]
        table = pa.Table.from_pylist(listed, dataset.TRAIN_SCHEMA).select(schema.names)
        name = dataset.shard_name(directory, shard, len(shard_rows))
        records.append(dataset.write_table(root, name, table, ROWS_PER_GROUP))
    return records


def _jpeg(class_index: int, seed: int, side: int) -> bytes:
    # (side, side, 3), one channel bright
    pixels = np.random.default_rng(seed).integers(0, 60, (side, side, 3))
    pixels[..., class_index] += 150
    return encode_jpeg(Image.fromarray(pixels.astype(np.uint8)))
