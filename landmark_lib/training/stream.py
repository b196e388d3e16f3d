"""The stream of batches that a network is fed.

`method.epochs` decides what is read in which order, and `reading` reads it; TensorFlow decodes, shuffles and
batches.
"""

import logging
import os
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import tensorflow as tf

from landmark_lib.dataset import CORPUS_SIZE, SHARD_IMAGE_SIZE
from landmark_lib.errors import LandmarkError, UndecodableError
from landmark_lib.logs import ANY_RANK
from landmark_lib.method.epochs import ShardSlice
from landmark_lib.training.reading import COLUMNS, Group, Shards, read_slices

logger = logging.getLogger(__name__)

SHUFFLED_ROWS = 2048  # about 50 MB of JPEGs
ROW_GROUPS_AHEAD = 4
BATCHES_AHEAD = 2

CENTRE_SHAPE = (SHARD_IMAGE_SIZE, SHARD_IMAGE_SIZE, 3)
WHOLE_SHAPE = (CORPUS_SIZE, CORPUS_SIZE, 3)
DCT = "INTEGER_ACCURATE"

TRAINED = ("class_index", "image")
TYPES = {"image_id": tf.string, "class_index": tf.int32, "image": tf.string}

Read = Callable[[], Iterator[Group]]


class Pipeline:
    """A tf.data pipeline that begins with a generator of groups of rows, and raises what it raised.

    TensorFlow itself passes on the text of an error only.
    """

    def __init__(self, generate: Callable[[], Iterator[Any]], signature: tuple[tf.TensorSpec, ...]) -> None:
        """Begin with a generator.

        Args:
            generate: Starts it.
            signature: Shapes and types of what it yields.
        """
        self._generate, self._signature = generate, signature
        self._failure: LandmarkError | None = None

    def rows(self, groups_ahead: int) -> tf.data.Dataset:
        """Return the rows of the groups that the generator yields, to build on.

        Args:
            groups_ahead: Groups to generate before their rows are needed.
        """
        groups = tf.data.Dataset.from_generator(self._watched, output_signature=self._signature)
        return groups.prefetch(groups_ahead).unbatch()

    def batches(self, built: tf.data.Dataset) -> Iterator[Any]:
        """Yield the elements of what was built on `rows()`.

        Raises:
            LandmarkError: What the generator raised.
            UndecodableError: Anything else failed in the pipeline.
        """
        try:
            yield from built.prefetch(BATCHES_AHEAD)
        except tf.errors.OpError as error:
            raise self._failure or UndecodableError(error.message) from None

    def _watched(self) -> Iterator[Any]:
        try:
            yield from self._generate()
        except LandmarkError as error:
            self._failure = error
            raise


def shuffle(rows: tf.data.Dataset, seed: int) -> tf.data.Dataset:
    """Return rows in random order, as far as a buffer of SHUFFLED_ROWS reaches; the same in every run."""
    return rows.shuffle(SHUFFLED_ROWS, seed, reshuffle_each_iteration=False)


def parallel_calls() -> int:
    """Return how many batches are decoded at a time, one for each core.

    TensorFlow's AUTOTUNE begins with one, and takes seconds to find as many as there are cores.
    """
    return len(os.sched_getaffinity(0))


def row_batches(
    read: Read,
    columns: Sequence[str],
    prepare: Callable[..., Any],
    batch_size: int,
    *,
    done: int = 0,
    shuffle_seed: int | None = None,
) -> Iterator[Any]:
    """Yield batches of rows.

    Args:
        read: Reads some columns, row group by row group.
        columns: Which.
        prepare: What becomes of a batch: takes the numbers of its rows and the columns, (rows,) each.
        batch_size: Rows of a batch.
        done: Batches to skip at the beginning.
        shuffle_seed: Shuffles the rows and drops a last batch that is not full; None keeps all in order.

    Raises:
        UndecodableError: An image does not decode.
        LandmarkError: What `read` raises.
    """
    pipeline = Pipeline(read, tuple(tf.TensorSpec((None,), TYPES[column]) for column in columns))
    rows = pipeline.rows(ROW_GROUPS_AHEAD)
    if shuffle_seed is not None:
        rows = shuffle(rows, shuffle_seed)
    # Rows are batched as bytes, as each row that passes from one part of a pipeline to the next costs time.
    batches = rows.batch(batch_size, drop_remainder=shuffle_seed is not None).enumerate().skip(done)

    def prepared(batch: tf.Tensor, rows: tuple[tf.Tensor, ...]) -> Any:
        numbers = batch * batch_size + tf.range(tf.size(rows[0], tf.int64))
        return prepare(numbers, *rows)

    return pipeline.batches(batches.map(prepared, num_parallel_calls=parallel_calls(), deterministic=True))


def training_batches(
    read: Read, image_size: int, batch_size: int, seed: int, *, steps_done: int = 0, random_flip: bool = False
) -> Iterator[tuple[tf.Tensor, tf.Tensor]]:
    """Yield rows as shuffled batches, all of them full.

    Args:
        read: Reads class indices and JPEGs in order.
        image_size: Side length of the images, in pixels.
        batch_size: Rows of a batch.
        seed: Seed of the shuffling and the flips.
        steps_done: Batches to skip at the beginning.
        random_flip: Flip half of the images horizontally.

    Yields:
        Images (batch_size, image_size, image_size, 3) uint8 and class indices (batch_size,) int32.

    Raises:
        UndecodableError: An image does not decode.
        LandmarkError: A shard is broken, or its rows differ from the manifest's.
    """

    def prepare(numbers: tf.Tensor, classes: tf.Tensor, jpegs: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        images = decode_all(jpegs, image_size)
        if random_flip:
            seeds = tf.stack([tf.fill(tf.shape(numbers), tf.constant(seed, tf.int64)), numbers], axis=1)
            images = tf.map_fn(
                lambda row: tf.image.stateless_random_flip_left_right(*row),
                (images, seeds),
                fn_output_signature=tf.TensorSpec(images.shape[1:], tf.uint8),
            )
        return images, classes

    return row_batches(read, TRAINED, prepare, batch_size, done=steps_done, shuffle_seed=seed)


class TrainingRows:
    """Training rows of one rank, a few of which may not decode.

    Attributes:
        bad: Image ids of the rows found not to decode, by their JPEG. Each is replaced by another row.
    """

    def __init__(self, shards: Shards, max_bad: int) -> None:
        """Begin with no row known to be bad.

        Args:
            shards: What the rows are read from.
            max_bad: Bad rows up to which training continues.
        """
        self.bad: dict[bytes, str] = {}
        self._shards, self._max_bad = shards, max_bad

    def batches(
        self,
        slices: Sequence[ShardSlice],
        image_size: int,
        batch_size: int,
        seed: int,
        *,
        steps_done: int = 0,
        random_flip: bool = False,
    ) -> Iterator[tuple[tf.Tensor, tf.Tensor]]:
        """Yield the batches of an epoch as `training_batches` does.

        Raises:
            LandmarkError: Too many images do not decode, a shard is broken, or its rows differ from the
                manifest's.
        """
        return self._resuming(
            slices,
            lambda read, done: training_batches(
                read, image_size, batch_size, seed, steps_done=steps_done + done, random_flip=random_flip
            ),
        )

    def in_order(
        self, slices: Sequence[ShardSlice], image_size: int, batch_size: int
    ) -> Iterator[tuple[tf.Tensor, tf.Tensor]]:
        """Yield images and class indices of slices in order; the last batch may be smaller.

        Raises:
            LandmarkError: As `batches` does.
        """

        def prepare(_: tf.Tensor, classes: tf.Tensor, jpegs: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            return decode_all(jpegs, image_size), classes

        return self._resuming(
            slices, lambda read, done: row_batches(read, TRAINED, prepare, batch_size, done=done)
        )

    def _resuming(
        self,
        slices: Sequence[ShardSlice],
        start: Callable[[Read, int], Iterator[tuple[tf.Tensor, tf.Tensor]]],
    ) -> Iterator[tuple[tf.Tensor, tf.Tensor]]:
        """Yield the batches of a stream; where a bad row breaks it off, replace the row and resume."""
        done = 0
        while True:
            try:
                for batch in start(partial(self._read, slices), done):
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
        """Replace the bad rows of a group by good ones, so that the number of rows stays."""
        classes, jpegs = group
        good = [row for row, jpeg in enumerate(jpegs) if jpeg not in self.bad]
        if not good:
            raise LandmarkError(f"{self._shards.root}: no image of a whole row group decodes")
        # The next good row, or the last.
        rows = [good[min(bisect_left(good, row), len(good) - 1)] for row in range(len(jpegs))]
        return classes[rows], jpegs[rows]

    def _find_bad(self, slices: Sequence[ShardSlice], error: UndecodableError) -> None:
        before = len(self.bad)
        for jpeg, image_id, path in undecodable(self._shards, slices):
            if jpeg not in self.bad:
                logger.warning(f"the image {image_id} of {path} does not decode", extra=ANY_RANK)
                self.bad[jpeg] = image_id
            if len(self.bad) > self._max_bad:
                raise LandmarkError(
                    f"the image {image_id} of {path} does not decode; --max-bad-rows allows a few"
                ) from None
        if len(self.bad) == before:
            raise error


def ordered_batches(
    shards: Shards, slices: Sequence[ShardSlice], image_size: int, batch_size: int
) -> Iterator[tuple[tf.Tensor, tf.Tensor, tf.Tensor]]:
    """Yield the rows of slices in order; the last batch may be smaller.

    Yields:
        Image ids (rows,) string, images (rows, side, side, 3) uint8 and class indices (rows,) int32.

    Raises:
        LandmarkError: An image does not decode, a shard is broken, or its rows differ from the manifest's.
    """
    try:
        yield from row_batches(
            lambda: read_slices(shards, slices),
            COLUMNS,
            lambda _, image_ids, classes, jpegs: (image_ids, decode_all(jpegs, image_size), classes),
            batch_size,
        )
    except UndecodableError:
        for _, image_id, path in undecodable(shards, slices):
            raise LandmarkError(f"the image {image_id} of {path} does not decode") from None
        raise


def photo_batches(
    read: Read, image_sizes: Sequence[int], batch_size: int
) -> Iterator[tuple[tf.Tensor, tuple[tf.Tensor, ...]]]:
    """Yield photos without their classes in order; the last batch may be smaller.

    Args:
        read: Reads image ids and JPEGs in order.
        image_sizes: Side lengths of the images, in pixels; each photo comes in all of them.
        batch_size: Photos of a batch.

    Yields:
        Image ids (rows,) string, and for each size images (rows, side, side, 3) uint8.

    Raises:
        UndecodableError: An image does not decode.
        LandmarkError: What `read` raises.
    """
    return row_batches(
        read,
        ("image_id", "image"),
        lambda _, image_ids, jpegs: (image_ids, tuple(decode_all(jpegs, side) for side in image_sizes)),
        batch_size,
    )


def undecodable(shards: Shards, slices: Sequence[ShardSlice]) -> Iterator[tuple[bytes, str, str]]:
    """Yield the images that do not decode: their bytes, their ids and the paths of their shards."""
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
    return tuple(image.shape) in (CENTRE_SHAPE, WHOLE_SHAPE)


def decode_all(jpegs: tf.Tensor, image_size: int) -> tf.Tensor:
    """Decode images of a shard, (rows,), to pixels, (rows, image_size, image_size, 3) uint8."""
    pixels = tf.TensorSpec((image_size, image_size, 3), tf.uint8)
    # One after another: batches are decoded in parallel.
    return tf.map_fn(
        lambda jpeg: decode(jpeg, image_size), jpegs, parallel_iterations=1, fn_output_signature=pixels
    )


def decode(jpeg: tf.Tensor, image_size: int) -> tf.Tensor:
    """Decode an image of a shard, (), to pixels, (image_size, image_size, 3) uint8."""
    image = tf.io.decode_jpeg(jpeg, channels=3, dct_method=DCT)
    return tf.cond(
        tf.equal(tf.shape(image)[0], CORPUS_SIZE),
        lambda: _resize(tf.ensure_shape(image, WHOLE_SHAPE), image_size),
        lambda: _resize(tf.ensure_shape(image, CENTRE_SHAPE), image_size),
    )


def _resize(image: tf.Tensor, image_size: int) -> tf.Tensor:
    if image.shape[0] == image_size:
        return image
    resized = tf.image.resize(image, (image_size, image_size), "bilinear", antialias=True)
    return tf.cast(tf.round(tf.clip_by_value(resized, 0, 255)), tf.uint8)
