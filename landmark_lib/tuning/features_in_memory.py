"""The features of all members' rows, computed once, read once and kept in memory for all trials."""

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property, partial

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from landmark_lib.digits import size
from landmark_lib.errors import LandmarkError
from landmark_lib.method.similarity import FeatureStatistics, statistics_of_rows
from landmark_lib.predictions import Predictions
from landmark_lib.settings import TrainSettings
from landmark_lib.settings.train import WITH_SIMILARITY
from landmark_lib.training.class_similarity import DENSE_FACTOR, SCALE
from landmark_lib.training.features import CachedFeatures
from landmark_lib.training.feed import Batches, photos_measured
from landmark_lib.training.horovod_step import Ranks
from landmark_lib.training.member_data import MemberData
from landmark_lib.training.reading import Shards
from landmark_lib.training.stream import shuffle
from landmark_lib.tuning.trial_predictions import first_predictions

ROWS_AT_ONCE = 4096  # whose features are copied
MAX_LOGITS = 1 << 24  # of photos and classes at a time: 67 MB
# Image ids as UTF-8 (rows,), class indices (rows,) and features (rows, features).
Rows = tuple[NDArray[np.object_], NDArray[np.int32], NDArray[np.float32]]


class RowPool:
    """The rows of many files, each file once."""

    def __init__(self) -> None:
        self._first: dict[str, int] = {}
        self._parts: list[Rows] = []

    def place(self, path: str, read: Callable[[], Iterable[Rows]]) -> int:
        """Return where a file's rows begin, after reading them if they are new."""
        if path not in self._first:
            self._first[path] = sum(len(part[0]) for part in self._parts)
            self._parts.extend(read())
        return self._first[path]

    @cached_property
    def rows(self) -> Rows:
        """All rows; none may be added afterwards.

        Raises:
            LandmarkError: There is no memory for them.
        """
        try:
            ids, classes, features = (np.concatenate(column) for column in zip(*self._parts, strict=True))
        except MemoryError:
            total = size(sum(part[2].nbytes for part in self._parts))
            raise LandmarkError(f"out of memory: the features of all rows take {total}") from None
        self._parts.clear()
        return ids, classes, features


class MemberFeatures:
    """The features of one member's rows, for all its trials."""

    def __init__(self, settings: TrainSettings, data: MemberData, ranks: Ranks, pool: RowPool) -> None:
        """Compute the features that are missing, and put all into the pool.

        Raises:
            LandmarkError: As `CachedFeatures` does.
        """
        self._data, self._pool = data, pool
        self._cached = CachedFeatures(settings, data, ranks)
        self._training, self._validation = self._places(data.training), self._places(data.validation)
        self._orders: dict[int, NDArray[np.int64]] = {}

    def head(self, settings: TrainSettings) -> keras.Model:
        """Return a new head, from features to logits."""
        keras.config.set_dtype_policy(settings.network.precision)  # cleared with the session
        return self._cached.network(settings)

    def order(self, settings: TrainSettings, epoch: int) -> NDArray[np.int64]:
        """Return the rows of an epoch in the order of training, (rows,); the same for all trials."""
        if epoch not in self._orders:
            slices = self._data.epoch(settings, epoch, rank=0, ranks=1)
            rows = _ranges(
                (self._training[part.shard] + part.start, part.stop - part.start) for part in slices
            )
            seed = self._data.shuffle_seed(settings, epoch, rank=0)
            ordered = shuffle(tf.data.Dataset.from_tensor_slices(rows), seed)
            self._orders[epoch] = next(ordered.batch(len(rows)).as_numpy_iterator())
        return self._orders[epoch]

    def batch_size(self, settings: TrainSettings) -> int:
        """Return the rows of a batch."""
        return self._data.batch_size(settings, ranks=1)

    def hold_out(self) -> NDArray[np.int64]:
        """Return the rows of the hold-out in its order, (photos,)."""
        records = self._data.validation.records
        return _ranges((first, record.rows) for first, record in zip(self._validation, records, strict=True))

    def image_ids(self, rows: NDArray[np.int64]) -> NDArray[np.object_]:
        """Return the image ids of rows as UTF-8, (rows,)."""
        return self._pool.rows[0][rows]

    def batch(self, rows: NDArray[np.int64]) -> tuple[tf.Tensor, tf.Tensor]:
        """Return features and class indices of rows."""
        _, classes, features = self._pool.rows
        return tf.constant(features[rows]), tf.constant(classes[rows])

    @cached_property
    def statistics(self) -> FeatureStatistics:
        """Statistics of the features of all training rows; the same for all trials."""
        records = self._data.training.records
        rows = _ranges((first, record.rows) for first, record in zip(self._training, records, strict=True))
        _, classes, features = self._pool.rows
        parts = np.array_split(rows, len(rows) // ROWS_AT_ONCE + 1)
        return statistics_of_rows(
            ((features[part], classes[part]) for part in parts), len(self._data.landmark_ids)
        )

    def _places(self, shards: Shards) -> list[int]:
        files = self._cached.files
        return [
            self._pool.place(f"{files.folder}/{record.path}", partial(files.read, record))
            for record in shards.records
        ]


class MemoryFeed:
    """A trial's head, fed from memory with the batches of `FeatureFeed` on one rank, in the same order.

    Attributes:
        model: From features to logits.
        bad_rows: Always 0: computing features fails on images that do not decode.
    """

    bad_rows = 0

    def __init__(self, settings: TrainSettings, features: MemberFeatures) -> None:
        """Build a new head.

        Args:
            settings: The trial's; they differ from those of the features in what is searched alone.
            features: Of the trial's member.
        """
        self._settings, self._features = settings, features
        self.model = features.head(settings)

    def training_batches(self, epoch: int, steps_done: int = 0) -> Batches:
        """Yield the full batches of an epoch, from 0, after the first `steps_done`."""
        size, order = self._features.batch_size(self._settings), self._features.order(self._settings, epoch)
        for start in range(steps_done * size, len(order) - size + 1, size):
            yield self._features.batch(order[start : start + size])

    def validation_batches(self) -> Batches:
        """Yield the validation photos as one batch, or as several if there are many classes."""
        rows = self._features.hold_out()
        measured = photos_measured(self._settings, self._features.image_ids(rows))
        yield from self._batches(rows[measured])

    def predictions(self, weights: Sequence[NDArray[np.float32]]) -> Predictions:
        """Return what a head with these weights predicts for the hold-out."""
        self.model.set_weights(weights)
        return Predictions.join(
            [
                first_predictions(self._logits(features))
                for features, _ in self._batches(self._features.hold_out())
            ]
        )

    def _logits(self, features: tf.Tensor) -> NDArray[np.float32]:
        logits: NDArray[np.float32] = self.model(features, training=False).numpy()
        if self._settings.network.head == WITH_SIMILARITY:
            logits = DENSE_FACTOR * logits + SCALE * self._features.statistics.cosines(features.numpy())
        return logits

    def _batches(self, rows: NDArray[np.int64]) -> Batches:
        """Yield rows in order, as many at a time as have no more than MAX_LOGITS logits."""
        at_a_time = max(1, MAX_LOGITS // self.model.output_shape[1])
        for start in range(0, len(rows), at_a_time):
            yield self._features.batch(rows[start : start + at_a_time])


def load_features(settings: TrainSettings, datas: Sequence[MemberData], ranks: Ranks) -> list[MemberFeatures]:
    """Load the features of all members; rows that they share are loaded once.

    Raises:
        UserError: Weights that do not fit, or an unknown network.
        LandmarkError: As `CachedFeatures` does.
    """
    pool = RowPool()
    return [MemberFeatures(settings, data, ranks, pool) for data in datas]


def _ranges(firsts_and_counts: Iterable[tuple[int, int]]) -> NDArray[np.int64]:
    return np.concatenate([first + np.arange(count) for first, count in firsts_and_counts])
