"""The features of all members' rows, computed once, read once, and kept in memory for all trials."""

from collections.abc import Callable, Sequence
from functools import cached_property

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from landmark_lib.digits import size
from landmark_lib.errors import LandmarkError
from landmark_lib.settings import TrainSettings
from landmark_lib.training.features import FEATURES, FeatureFeed
from landmark_lib.training.feed import Batches, photos_measured
from landmark_lib.training.horovod_step import Ranks
from landmark_lib.training.member_data import MemberData
from landmark_lib.training.reading import Shards
from landmark_lib.training.stream import SHUFFLED_ROWS

# Image ids as UTF-8 (rows,), class indices (rows,) and features (rows, features).
Rows = tuple[NDArray[np.object_], NDArray[np.int32], NDArray[np.float32]]


class RowPool:
    """Rows of many files, each file's once, to be joined when all are there."""

    def __init__(self) -> None:
        self._first: dict[str, int] = {}
        self._parts: list[Rows] = []

    def place(self, path: str, read: Callable[[], Rows]) -> int:
        """Tell where a file's rows begin; read them if they are not there."""
        if path not in self._first:
            self._first[path] = sum(len(part[0]) for part in self._parts)
            self._parts.append(read())
        return self._first[path]

    @cached_property
    def rows(self) -> Rows:
        """All rows; none are added afterwards.

        Raises:
            LandmarkError: There is no memory for them.
        """
        try:
            ids, classes, features = (np.concatenate(column) for column in zip(*self._parts, strict=True))
        except MemoryError:
            taken = size(sum(part[2].nbytes for part in self._parts))
            raise LandmarkError(f"out of memory: the features of all rows take {taken}") from None
        self._parts.clear()
        return ids, classes, features


class MemoryFeed(FeatureFeed):
    """The head alone, fed from memory with the batches of `FeatureFeed` on one rank, in the same order."""

    def __init__(self, settings: TrainSettings, data: MemberData, ranks: Ranks, pool: RowPool) -> None:
        """Compute the features that are not there yet, and put all into the pool.

        Raises:
            LandmarkError: As `FeatureFeed` does.
        """
        super().__init__(settings, data, ranks)
        self._pool = pool
        self._training = self._places(data.training)
        self._validation = self._places(data.validation)
        self._orders: dict[int, NDArray[np.int64]] = {}

    def begin(self, settings: TrainSettings) -> None:
        """Put a new head in the place of the one before; the settings differ in what is searched alone."""
        self._settings = settings
        keras.config.set_dtype_policy(settings.precision)  # which clearing a session forgets
        features = keras.Input(self._backbone.output_shape[1:], name=FEATURES)
        self.model = keras.Model(features, self._head(features))

    def training_batches(self, epoch: int, steps_done: int = 0) -> Batches:
        """Give the full batches of an epoch, from 0, but for the first `steps_done`."""
        size, order = self._settings.batch_size, self._order(epoch)
        for start in range(steps_done * size, len(order) - size + 1, size):
            yield self._batch(order[start : start + size])

    def validation_batches(self) -> Batches:
        """Give what is measured of the hold-out, all at once."""
        rows = self.hold_out()
        yield self._batch(rows[photos_measured(self._settings, self._pool.rows[0][rows])])

    def hold_out(self) -> NDArray[np.int64]:
        """Give the places of the hold-out's rows, in its order, (photos,)."""
        records = self._data.validation.records
        return _ranges(
            [(first, record.rows) for first, record in zip(self._validation, records, strict=True)]
        )

    def logits(self, weights: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
        """Give what a head with these weights answers to the hold-out, (photos, classes)."""
        self.model.set_weights(weights)
        features, _ = self._batch(self.hold_out())
        answered: NDArray[np.float32] = self.model(features, training=False).numpy()
        return answered

    def _places(self, shards: Shards) -> list[int]:
        folder, files = self._files.folder, self._files

        def place(number: int) -> int:
            record = shards.records[number]
            return self._pool.place(f"{folder}/{record.path}", lambda: files.read(record))

        return [place(number) for number in range(len(shards.records))]

    def _order(self, epoch: int) -> NDArray[np.int64]:
        """Give the rows of an epoch in training's order, (rows,), which nothing that is searched changes."""
        if epoch not in self._orders:
            slices = self._data.epoch(self._settings, epoch, rank=0, ranks=1)
            rows = _ranges(
                [(self._training[part.shard] + part.start, part.stop - part.start) for part in slices]
            )
            seed = self._data.shuffle_seed(self._settings, epoch, rank=0)
            shuffled = tf.data.Dataset.from_tensor_slices(rows).shuffle(
                SHUFFLED_ROWS, seed, reshuffle_each_iteration=False
            )
            self._orders[epoch] = next(shuffled.batch(len(rows)).as_numpy_iterator())
        return self._orders[epoch]

    def _batch(self, rows: NDArray[np.int64]) -> tuple[tf.Tensor, tf.Tensor]:
        _, classes, features = self._pool.rows
        return tf.constant(features[rows]), tf.constant(classes[rows])


def feeds_in_memory(settings: TrainSettings, datas: Sequence[MemberData], ranks: Ranks) -> list[MemoryFeed]:
    """Load the features of all members, rows that they share once.

    Raises:
        UserError: Weights that do not fit, a network that there is not.
        LandmarkError: As `FeatureFeed` does.
    """
    pool = RowPool()
    return [MemoryFeed(settings, data, ranks, pool) for data in datas]


def _ranges(firsts_and_counts: Sequence[tuple[int, int]]) -> NDArray[np.int64]:
    return np.concatenate([first + np.arange(count) for first, count in firsts_and_counts])
