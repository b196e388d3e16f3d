"""Data sets for the training benchmarks: rows of synthetic photos, written with `landmark_lib.dataset`."""

from dataclasses import replace
from pathlib import Path

import pyarrow as pa
from photos import encoded, made_up_photo

from landmark_lib import dataset
from landmark_lib.dataset import SHARD_IMAGE_SIZE, FileRecord, LandmarkClass, Manifest
from landmark_lib.settings import PreprocessSettings

CLASSES = 20
ROWS_PER_GROUP = PreprocessSettings().rows_per_group
QUALITY = 95  # of the images in shards
DIFFERENT = 256  # distinct images; further rows repeat them


def write_shard_set(root: str, rows: int, validation: int = 64, rows_per_shard: int = 1024) -> Manifest:
    """Write a data set of one member with `rows` training rows, all of them common."""
    images = [_image(number) for number in range(min(rows, DIFFERENT))]
    files = _write(root, dataset.COMMON, images, rows, rows_per_shard)
    files += _write(root, dataset.VALIDATION, images, validation, rows_per_shard)
    classes = [LandmarkClass(index, f"landmark {index}", 9, 7) for index in range(CLASSES)]
    dataset.write_classes(root, classes)
    manifest = Manifest(
        settings={"ensemble_size": 1, "cutoff": 22, "target": 7, "rows_per_group": ROWS_PER_GROUP},
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


def repeat_shards(root: str, manifest: Manifest, times: int) -> Manifest:
    """List each training shard `times` times, as separate files that share their bytes."""
    common = manifest.files_in(dataset.COMMON)
    copies = []
    for number in range(times):
        for record in common:
            path = f"{record.path.removesuffix('.parquet')}-{number}.parquet"
            # Ten thousand shards in the space of a hundred.
            Path(root, path).hardlink_to(Path(root, record.path))
            copies.append(replace(record, path=path))
    longer = replace(manifest, files=[*copies, *manifest.files_in(dataset.VALIDATION)])
    dataset.write_manifest(root, longer)
    return longer


def _image(number: int) -> bytes:
    return encoded(made_up_photo(SHARD_IMAGE_SIZE, SHARD_IMAGE_SIZE, number), "JPEG", quality=QUALITY)


def _write(
    root: str, directory: str, images: list[bytes], rows: int, rows_per_shard: int
) -> list[FileRecord]:
    schema = dataset.VALIDATION_SCHEMA if directory == dataset.VALIDATION else dataset.TRAIN_SCHEMA
    starts = range(0, rows, rows_per_shard)
    records = []
    for shard, start in enumerate(starts):
        listed = [
            {
                "image_id": f"{directory} {row}",
                "class_index": row % CLASSES,
                "recipe": "plain",
                "image": images[row % len(images)],
            }
            for row in range(start, min(start + rows_per_shard, rows))
        ]
        table = pa.Table.from_pylist(listed, dataset.TRAIN_SCHEMA).select(schema.names)
        name = dataset.shard_name(directory, shard, len(starts))
        records.append(dataset.write_table(root, name, table, ROWS_PER_GROUP))
    return records
