"""The stream of batches that a network is fed with.

What is read in which order is decided by `method.epochs` and read by `reading`; decoding, shuffling and
batching are TensorFlow's.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import tensorflow as tf

from landmark_lib.dataset import SHARD_IMAGE_SIZE
from landmark_lib.errors import LandmarkError, UndecodableError
from landmark_lib.method.epochs import ShardSlice
from landmark_lib.training.reading import COLUMNS, Group, Shards, read_slices

SHUFFLED_ROWS = 2048  # about 50 MB of JPEGs
ROW_GROUPS_AHEAD = 4
BATCHES_AHEAD = 2

IMAGE_SHAPE = (SHARD_IMAGE_SIZE, SHARD_IMAGE_SIZE, 3)
DCT = "INTEGER_ACCURATE"

TRAINED = ("class_index", "image")
TYPES = {"image_id": tf.string, "class_index": tf.int32, "image": tf.string}

Read = Callable[[], Iterator[Group]]


def training_batches(
    read: Read, image_size: int, batch_size: int, seed: int, *, steps_done: int = 0, mirror: bool = False
) -> Iterator[tuple[tf.Tensor, tf.Tensor]]:
    """Give rows as shuffled batches, all of them full.

    Args:
        read: Reads class indices and JPEGs in order.
        image_size: Side of the images given, in pixels.
        batch_size: Rows of a batch.
        seed: Seed of the shuffling and the mirroring.
        steps_done: Batches to leave out at the beginning.
        mirror: Mirror half of the images.

    Yields:
        Images (batch_size, image_size, image_size, 3) uint8 and class indices (batch_size,) int32.

    Raises:
        UndecodableError: An image does not decode.
        LandmarkError: A shard is broken, or holds other rows than the manifest says.
    """

    def prepare(number: tf.Tensor, row: tuple[tf.Tensor, ...]) -> tuple[tf.Tensor, tf.Tensor]:
        class_index, jpeg = row
        image = decode(jpeg, image_size)
        if mirror:
            image = tf.image.stateless_random_flip_left_right(image, tf.stack([seed, number]))
        return image, class_index

    failures: list[LandmarkError] = []
    rows = _rows(read, failures, TRAINED).shuffle(SHUFFLED_ROWS, seed, reshuffle_each_iteration=False)
    left = rows.enumerate().skip(steps_done * batch_size)
    decoded = left.map(prepare, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
    return iterate(decoded.batch(batch_size, drop_remainder=True).prefetch(BATCHES_AHEAD), failures)


class TrainingRows:
    """Training rows of one rank, a few of which may not decode.

    Attributes:
        bad: Image ids of the rows found not to decode, by their JPEG. Each is replaced by another row.
    """

    def __init__(self, shards: Shards, most_bad: int, warn: Callable[[str], None]) -> None:
        """Begin with no row known to be bad.

        Args:
            shards: What the rows are read from.
            most_bad: Bad rows at which training still goes on.
            warn: Told of each bad row.
        """
        self.bad: dict[bytes, str] = {}
        self._shards, self._most_bad, self._warn = shards, most_bad, warn

    def batches(
        self,
        slices: Sequence[ShardSlice],
        image_size: int,
        batch_size: int,
        seed: int,
        *,
        steps_done: int = 0,
        mirror: bool = False,
    ) -> Iterator[tuple[tf.Tensor, tf.Tensor]]:
        """Give the batches of an epoch as `training_batches` does.

        Raises:
            LandmarkError: More images do not decode than may, a shard is broken, or holds other rows than
                the manifest says.
        """
        return self._gone_on(
            slices,
            lambda read, done: training_batches(
                read, image_size, batch_size, seed, steps_done=steps_done + done, mirror=mirror
            ),
        )

    def in_order(
        self, slices: Sequence[ShardSlice], image_size: int, batch_size: int
    ) -> Iterator[tuple[tf.Tensor, tf.Tensor]]:
        """Give the slices' rows in their order as `training_batches` does, the last batch as it comes.

        Raises:
            LandmarkError: As `batches` does.
        """

        def batches_in_order(read: Read, done: int) -> Iterator[tuple[tf.Tensor, tf.Tensor]]:
            failures: list[LandmarkError] = []
            decoded = (
                _rows(read, failures, TRAINED)
                .skip(done * batch_size)
                .map(
                    lambda class_index, jpeg: (decode(jpeg, image_size), class_index),
                    num_parallel_calls=tf.data.AUTOTUNE,
                    deterministic=True,
                )
            )
            return iterate(decoded.batch(batch_size).prefetch(BATCHES_AHEAD), failures)

        return self._gone_on(slices, batches_in_order)

    def _gone_on(
        self,
        slices: Sequence[ShardSlice],
        begin: Callable[[Read, int], Iterator[tuple[tf.Tensor, tf.Tensor]]],
    ) -> Iterator[tuple[tf.Tensor, tf.Tensor]]:
        """Give the batches of a stream that begins behind so many; find what breaks it off, and go on."""
        done = 0
        while True:
            try:
                for batch in begin(partial(self._read, slices), done):
                    yield batch
                    done += 1
            except UndecodableError as error:
                self._find_bad(slices, error)
            else:
                return

    def _read(self, slices: Sequence[ShardSlice]) -> Iterator[Group]:
        for group in read_slices(self._shards, slices, TRAINED):
            yield self._replaced(group) if self.bad else group

    def _replaced(self, group: Group) -> Group:
        """Put other rows of a group in the place of bad ones, so that the rows stay as many."""
        classes, jpegs = group
        good = [row for row, jpeg in enumerate(jpegs) if jpeg not in self.bad]
        if not good:
            raise LandmarkError(f"{self._shards.root}: no image of a whole row group decodes")
        # Of the good rows the next one, or the last.
        rows = [good[min(bisect_left(good, row), len(good) - 1)] for row in range(len(jpegs))]
        return classes[rows], jpegs[rows]

    def _find_bad(self, slices: Sequence[ShardSlice], error: UndecodableError) -> None:
        before = len(self.bad)
        for jpeg, image_id, path in undecodable(self._shards, slices):
            if jpeg not in self.bad:
                self._warn(f"the image {image_id} of {path} does not decode")
                self.bad[jpeg] = image_id
            if len(self.bad) > self._most_bad:
                raise LandmarkError(
                    f"the image {image_id} of {path} does not decode; --max-bad-rows lets some pass"
                ) from None
        if len(self.bad) == before:
            raise error


def ordered_batches(
    shards: Shards, slices: Sequence[ShardSlice], image_size: int, batch_size: int
) -> Iterator[tuple[tf.Tensor, tf.Tensor, tf.Tensor]]:
    """Give the slices' rows in their order, the last batch as large as it comes.

    Yields:
        Image ids (rows,) string, images (rows, side, side, 3) uint8 and class indices (rows,) int32.

    Raises:
        LandmarkError: An image does not decode, or a shard is broken or holds other rows than the manifest
            says.
    """
    failures: list[LandmarkError] = []
    decoded = _rows(lambda: read_slices(shards, slices), failures, COLUMNS).map(
        lambda image_id, class_index, jpeg: (image_id, decode(jpeg, image_size), class_index),
        num_parallel_calls=tf.data.AUTOTUNE,
        deterministic=True,
    )
    try:
        yield from iterate(decoded.batch(batch_size).prefetch(BATCHES_AHEAD), failures)
    except UndecodableError:
        for _, image_id, path in undecodable(shards, slices):
            raise LandmarkError(f"the image {image_id} of {path} does not decode") from None
        raise


def photo_batches(
    read: Read, image_sizes: Sequence[int], batch_size: int
) -> Iterator[tuple[tf.Tensor, tuple[tf.Tensor, ...]]]:
    """Give photos without their classes in order, the last batch as large as it comes.

    Args:
        read: Reads image ids and JPEGs in order.
        image_sizes: Sides of the images given, in pixels; each photo comes in all of them.
        batch_size: Photos of a batch.

    Yields:
        Image ids (rows,) string, and for each size images (rows, side, side, 3) uint8.

    Raises:
        UndecodableError: An image does not decode.
        LandmarkError: What `read` raises.
    """
    failures: list[LandmarkError] = []
    decoded = _rows(read, failures, ("image_id", "image")).map(
        lambda image_id, jpeg: (image_id, tuple(decode(jpeg, side) for side in image_sizes)),
        num_parallel_calls=tf.data.AUTOTUNE,
        deterministic=True,
    )
    yield from iterate(decoded.batch(batch_size).prefetch(BATCHES_AHEAD), failures)


def undecodable(shards: Shards, slices: Sequence[ShardSlice]) -> Iterator[tuple[bytes, str, str]]:
    """Find the images that do not decode: their bytes, their ids and the paths of their shards."""
    for part in slices:
        for image_ids, _, jpegs in read_slices(shards, [part]):
            for image_id, jpeg in zip(image_ids, jpegs, strict=True):
                if not _decodes(jpeg):
                    yield jpeg, image_id, shards.records[part.shard].path


def _decodes(jpeg: bytes) -> bool:
    try:
        image = tf.io.decode_jpeg(jpeg, channels=3, dct_method=DCT)
    except tf.errors.OpError:
        return False
    return tuple(image.shape) == IMAGE_SHAPE


def decode(jpeg: tf.Tensor, image_size: int) -> tf.Tensor:
    """Decode an image of a shard, (), to pixels, (image_size, image_size, 3) uint8."""
    image = tf.ensure_shape(tf.io.decode_jpeg(jpeg, channels=3, dct_method=DCT), IMAGE_SHAPE)
    if image_size == SHARD_IMAGE_SIZE:
        return image
    resized = tf.image.resize(image, (image_size, image_size), "bilinear", antialias=True)
    return tf.cast(tf.round(tf.clip_by_value(resized, 0, 255)), tf.uint8)


def iterate(batches: tf.data.Dataset, failures: list[LandmarkError]) -> Iterator[Any]:
    """Give the elements of a pipeline that begins with `from_generator`.

    Raises:
        LandmarkError: What the generator raised.
        UndecodableError: Something else failed in the pipeline.
    """
    try:
        yield from batches
    except tf.errors.OpError as error:
        raise failures[0] if failures else UndecodableError(error.message) from None


def from_generator(
    generate: Callable[[], Iterator[Any]], signature: tuple[tf.TensorSpec, ...], failures: list[LandmarkError]
) -> tf.data.Dataset:
    """Begin a pipeline, and note what the generator raises: TensorFlow hands on its text alone."""

    def watched() -> Iterator[Any]:
        try:
            yield from generate()
        except LandmarkError as error:
            failures.append(error)
            raise

    return tf.data.Dataset.from_generator(watched, output_signature=signature)


def _rows(read: Read, failures: list[LandmarkError], columns: Sequence[str]) -> tf.data.Dataset:
    signature = tuple(tf.TensorSpec((None,), TYPES[column]) for column in columns)
    return from_generator(read, signature, failures).prefetch(ROW_GROUPS_AHEAD).unbatch()
