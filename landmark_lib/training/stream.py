"""Rows of a data set as batches. The only module that imports Petastorm; a successor replaces this file.

Petastorm gives the bytes of the row groups of the files it is told, in the order told; what is read in
which order is decided by `method.epochs`, decoding, shuffling and batching are TensorFlow's.
"""

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import fsspec
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from petastorm import make_batch_reader

from landmark_lib.dataset import SHARD_IMAGE_SIZE, FileRecord, join
from landmark_lib.errors import LandmarkError
from landmark_lib.method.epochs import ShardSlice

# Petastorm 0.13 calls what pyarrow has since announced to remove; both are pinned to versions that agree.
warnings.filterwarnings("ignore", category=FutureWarning, module="petastorm")

COLUMNS = ("image_id", "class_index", "image")
SHUFFLED_ROWS = 2048  # about 50 MB of JPEGs
ROW_GROUPS_AHEAD = 4

# Image ids, class indices and JPEGs of some rows, (rows,) each.
Group = tuple[NDArray[np.object_], NDArray[np.int32], NDArray[np.object_]]


@dataclass(frozen=True)
class Shards:
    """Shards of one data set that are read together; a slice's number is a position in `records`."""

    root: str
    records: Sequence[FileRecord]


def training_batches(
    shards: Shards, slices: Sequence[ShardSlice], image_size: int, batch_size: int, seed: int
) -> Iterator[tuple[tf.Tensor, tf.Tensor]]:
    """Give the slices' rows as shuffled batches, all of them full.

    Args:
        shards: Where the slices lie.
        slices: What to read, in order.
        image_size: Side of the images given, in pixels.
        batch_size: Rows of a batch.
        seed: Seed of the shuffling.

    Yields:
        Images (batch_size, image_size, image_size, 3) uint8 and class indices (batch_size,) int32.

    Raises:
        LandmarkError: A shard holds other rows than the manifest says, or an image that does not decode.
    """
    failures: list[LandmarkError] = []
    rows = _rows(shards, slices, failures).shuffle(SHUFFLED_ROWS, seed, reshuffle_each_iteration=False)
    decoded = rows.map(
        lambda _, class_index, jpeg: (_decode(jpeg, image_size), class_index),
        num_parallel_calls=tf.data.AUTOTUNE,
        deterministic=True,
    )
    return _iterate(decoded.batch(batch_size, drop_remainder=True).prefetch(2), failures)


def ordered_batches(
    shards: Shards, slices: Sequence[ShardSlice], image_size: int, batch_size: int
) -> Iterator[tuple[tf.Tensor, tf.Tensor, tf.Tensor]]:
    """Give the slices' rows in their order, the last batch as large as it comes.

    Yields:
        Image ids (rows,) string, images (rows, side, side, 3) uint8 and class indices (rows,) int32.

    Raises:
        LandmarkError: A shard holds other rows than the manifest says, or an image that does not decode.
    """
    failures: list[LandmarkError] = []
    decoded = _rows(shards, slices, failures).map(
        lambda image_id, class_index, jpeg: (image_id, _decode(jpeg, image_size), class_index),
        num_parallel_calls=tf.data.AUTOTUNE,
        deterministic=True,
    )
    return _iterate(decoded.batch(batch_size).prefetch(2), failures)


def _iterate(batches: tf.data.Dataset, failures: list[LandmarkError]) -> Iterator[Any]:
    try:
        yield from batches
    except tf.errors.OpError as error:
        # TensorFlow gives the text of an error raised in a generator, traceback and all, not the error.
        raise (
            failures[0] if failures else LandmarkError(f"an image does not decode: {error.message}")
        ) from None


def _decode(jpeg: tf.Tensor, image_size: int) -> tf.Tensor:
    image = tf.io.decode_jpeg(jpeg, channels=3, dct_method="INTEGER_ACCURATE")
    image.set_shape((SHARD_IMAGE_SIZE, SHARD_IMAGE_SIZE, 3))
    if image_size == SHARD_IMAGE_SIZE:
        return image
    resized = tf.image.resize(image, (image_size, image_size), "bilinear", antialias=True)
    return tf.cast(tf.round(tf.clip_by_value(resized, 0, 255)), tf.uint8)


def _rows(shards: Shards, slices: Sequence[ShardSlice], failures: list[LandmarkError]) -> tf.data.Dataset:
    def generate() -> Iterator[Group]:
        try:
            yield from read_slices(shards, slices)
        except LandmarkError as error:
            failures.append(error)
            raise

    signature = (
        tf.TensorSpec((None,), tf.string),
        tf.TensorSpec((None,), tf.int32),
        tf.TensorSpec((None,), tf.string),
    )
    groups = tf.data.Dataset.from_generator(generate, output_signature=signature)
    return groups.prefetch(ROW_GROUPS_AHEAD).unbatch()


def read_slices(shards: Shards, slices: Sequence[ShardSlice]) -> Iterator[Group]:
    """Read slices row group by row group.

    Yields:
        Image ids, class indices and JPEGs of some rows, (rows,) each, in the order of the slices.

    Raises:
        LandmarkError: A shard holds other rows than the manifest says.
    """
    if not slices:  # more ranks than photos to validate with
        return
    groups = _row_groups([_uri(shards.root, shards.records[part.shard].path) for part in slices])
    for part in slices:
        record = shards.records[part.shard]
        at = 0
        while at < record.rows:
            group = next(groups, None)
            if group is None:
                raise LandmarkError(f"{record.path}: expected {record.rows} rows, found {at}")
            rows = len(group[0])
            low, high = max(part.start - at, 0), min(part.stop - at, rows)
            if low < high:
                yield group[0][low:high], group[1][low:high], group[2][low:high]
            at += rows
        if at != record.rows:
            raise LandmarkError(f"{record.path}: expected {record.rows} rows, found {at}")
    if next(groups, None) is not None:
        raise LandmarkError(f"{shards.root}: more rows in the shards than {len(slices)} of them should hold")


def _row_groups(uris: list[str]) -> Iterator[Group]:
    # The pool that reads in the calling thread keeps the order told and gives every row group. The pool of
    # threads does neither: it looks whether its work is done, then whether more is coming, and ends early
    # when the last work arrives in between, without an error. Reading ahead is left to TensorFlow.
    reader = make_batch_reader(
        uris, schema_fields=list(COLUMNS), reader_pool_type="dummy", shuffle_row_groups=False, num_epochs=1
    )
    try:
        for group in reader:
            yield group.image_id, group.class_index, group.image
    finally:
        reader.stop()
        reader.join()


def _uri(root: str, path: str) -> str:
    filesystem, target = fsspec.core.url_to_fs(join(root, path))
    return str(filesystem.unstrip_protocol(target))
