"""The backbone's features of every row, computed once: with nothing freed, they never change.

    <models>/features/<fingerprint>/train/common/shard-….parquet     image_id, class_index, features

The fingerprint is that of the data set, the backbone's weights, the size of its input and its precision, so
that features of other weights or rows are never taken for these. A file is whole or not there, and what is
there is not computed again. Members that start from the same weights share what they share of the rows.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence

import keras
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import tensorflow as tf
from numpy.typing import NDArray

from landmark_lib.dataset import FileRecord
from landmark_lib.errors import LandmarkError
from landmark_lib.method.epochs import ShardSlice
from landmark_lib.progress import progress
from landmark_lib.settings import TrainSettings
from landmark_lib.storage import Place
from landmark_lib.training import horovod_step
from landmark_lib.training.feed import Batches, BestWeights, FeatureRows, load_network, photos_measured
from landmark_lib.training.horovod_step import Ranks
from landmark_lib.training.member_data import MemberData, slices_of_rank
from landmark_lib.training.model import (
    DROPOUT,
    LOGITS,
    ImageNetPreprocessing,
    build_head,
    build_model,
)
from landmark_lib.training.reading import Shards
from landmark_lib.training.stream import (
    BATCHES_AHEAD,
    SHUFFLED_ROWS,
    from_generator,
    iterate,
    ordered_batches,
)
from landmark_lib.training.watchdog import Watchdog

FEATURES = "features"
SLICES_AHEAD = 2

Features = NDArray[np.float32]  # (rows, features)
Classes = NDArray[np.int32]  # (rows,)
NamedRows = tuple[NDArray[np.object_], Classes, Features]  # image ids before them


class FeatureFeed:
    """The head alone, fed with features that the backbone gave once.

    Attributes:
        model: Takes features, gives logits.
        bad_rows: None, as an image that does not decode ends the computing of features.
    """

    bad_rows = 0

    def __init__(self, settings: TrainSettings, data: MemberData, ranks: Ranks) -> None:
        """Compute the features that are not there yet, each shard's on one rank.

        Raises:
            UserError: Weights that do not fit, a network that there is not.
            LandmarkError: The weights cannot be downloaded, an image does not decode, a shard is broken, or
                the ranks do not share the folder of the models.
        """
        self._settings, self._data, self._ranks = settings, data, ranks
        self._watchdog = Watchdog(
            f"rank {ranks.rank}: member {data.member}", settings.stall_timeout, ends=ranks.size > 1
        )
        self._backbone, self._mode = load_network(settings, data, ranks)
        self._files = FeatureFiles(self._folder(), settings.shard_cache)
        for shards in (data.training, data.validation):
            self._compute(shards)
        features = keras.Input(self._backbone.output_shape[1:], name=FEATURES)
        self.model = keras.Model(features, self._head(features))

    def training_batches(self, epoch: int, steps_done: int = 0) -> Batches:
        """Give this rank's full batches of an epoch, from 0, but for the first `steps_done`."""
        settings, data, ranks = self._settings, self._data, self._ranks
        slices = data.epoch(settings, epoch, ranks.rank, ranks.size)
        seed = data.shuffle_seed(settings, epoch, ranks.rank)
        failures: list[LandmarkError] = []
        rows = self._rows(data.training, slices, failures).unbatch()
        shuffled = rows.shuffle(SHUFFLED_ROWS, seed, reshuffle_each_iteration=False)
        left = shuffled.skip(steps_done * settings.batch_size)
        batches = left.batch(settings.batch_size, drop_remainder=True).prefetch(BATCHES_AHEAD)
        yield from iterate(batches, failures)

    def validation_batches(self) -> Batches:
        """Give what is measured of this rank's part of the hold-out, in batches as large as they come."""
        slices = self._data.hold_out(self._ranks.rank, self._ranks.size)
        for part in slices:
            ids, classes, features = self._files.read(self._data.validation.records[part.shard])
            mine = slice(part.start, part.stop)
            rows = part.start + np.flatnonzero(photos_measured(self._settings, ids[mine]))
            for first in range(0, len(rows), self._settings.batch_size):
                batch = rows[first : first + self._settings.batch_size]
                yield tf.constant(features[batch]), tf.constant(classes[batch])

    def training_features(self, best: BestWeights) -> Iterator[FeatureRows]:  # noqa: ARG002 - nothing is free
        """Give the pooled features of this rank's part of the training rows; no weights change them."""
        shards = self._data.training
        for part in slices_of_rank(shards, self._ranks.rank, self._ranks.size):
            _, classes, features = self._files.read(shards.records[part.shard])
            yield features[part.start : part.stop], classes[part.start : part.stop]

    def whole_model(self) -> keras.Model:
        """Give the network from images to logits, with the weights as they are now."""
        settings, classes = self._settings, len(self._data.landmark_ids)
        whole = build_model(self._backbone, self._mode, classes, settings.dropout, settings.l2, seed=0)
        for name in (DROPOUT, LOGITS):
            whole.get_layer(name).set_weights(self.model.get_layer(name).get_weights())
        return whole

    def _head(self, features: keras.KerasTensor) -> keras.KerasTensor:
        settings = self._settings
        seed = self._data.head_seed(settings)
        return build_head(features, len(self._data.landmark_ids), settings.dropout, settings.l2, seed)

    def _folder(self) -> Place:
        settings = self._settings
        digest = hashlib.sha256(
            f"{self._data.fingerprint} {settings.image_size} {settings.precision}".encode()
        )
        for weight in self._backbone.weights:
            digest.update(np.ascontiguousarray(weight.value.numpy()).tobytes())
        return Place(settings.models) / FEATURES / digest.hexdigest()[:16]

    def _compute(self, shards: Shards) -> None:
        """Compute this rank's share of the features that are missing."""
        ranks = self._ranks
        # Rank 0 says which, as files may appear while others look.
        missing = horovod_step.from_rank_0(ranks, lambda: self._files.missing(shards.records))
        mine = missing[ranks.rank :: ranks.size]
        horovod_step.together(ranks, lambda: self._compute_files(shards, mine))
        if horovod_step.together(ranks, lambda: self._files.missing(shards.records)):
            raise LandmarkError(
                f"--cache-features: {self._files.folder} lacks what other ranks computed; name a --models"
                " directory that all machines share"
            )

    def _compute_files(self, shards: Shards, numbers: Sequence[int]) -> None:
        records = [shards.records[number] for number in numbers]
        slices = [ShardSlice(n, 0, record.rows) for n, record in zip(numbers, records, strict=True)]
        groups = cut(self._extracted(shards, slices), [record.rows for record in records])
        for record, rows in zip(records, groups, strict=True):
            self._files.write(record, rows)

    def _extracted(self, shards: Shards, slices: Sequence[ShardSlice]) -> Iterator[NamedRows]:
        settings, total = self._settings, sum(part.stop - part.start for part in slices)
        extract = _extractor(self._backbone, self._mode)
        with progress(FEATURES, total, "images", speaks=self._ranks.speaks and total > 0) as display:
            batches = ordered_batches(shards, slices, settings.image_size, settings.batch_size)
            for ids, images, classes in self._watchdog.watch(batches, "rows to compute features of"):
                yield ids.numpy(), classes.numpy(), extract(images).numpy()
                display.update(len(classes))

    def _rows(
        self, shards: Shards, slices: Sequence[ShardSlice], failures: list[LandmarkError]
    ) -> tf.data.Dataset:
        """Give features and class indices of slices, as many rows at a time as a slice has."""

        def generate() -> Iterator[tuple[Features, Classes]]:
            for part in slices:
                _, classes, features = self._files.read(shards.records[part.shard])
                yield features[part.start : part.stop], classes[part.start : part.stop]

        signature = (
            tf.TensorSpec((None, *self._backbone.output_shape[1:]), tf.float32),
            tf.TensorSpec((None,), tf.int32),
        )
        return from_generator(generate, signature, failures).prefetch(SLICES_AHEAD)


class FeatureFiles:
    """Files of features, one a shard."""

    def __init__(self, folder: Place, cache: str | None = None) -> None:
        """Name the folder.

        Args:
            folder: Where the files are.
            cache: Folder on a local disk for copies of those in a store, if any.
        """
        self.folder, self._cache = folder, cache

    def missing(self, records: Sequence[FileRecord]) -> list[int]:
        """Return the positions of the shards whose features are not there.

        Raises:
            LandmarkError: The folder cannot be listed.
        """
        try:
            there = {file.address for file in self.folder.files()}
        except OSError as error:
            raise LandmarkError(f"--cache-features: cannot list {self.folder}: {error}") from None
        return [n for n, record in enumerate(records) if (self.folder / record.path).address not in there]

    def write(self, record: FileRecord, rows: NamedRows) -> None:
        """Write the features of a shard, whole or not at all.

        Raises:
            LandmarkError: They cannot be written.
        """
        ids, classes, features = rows
        listed = pa.FixedSizeListArray.from_arrays(pa.array(features.ravel()), features.shape[1])
        table = pa.table({"image_id": pa.array(ids, pa.binary()), "class_index": classes, FEATURES: listed})
        place = self.folder / record.path
        try:
            with place.atomic_file() as partial:
                pq.write_table(table, partial, compression="NONE", use_dictionary=False)
        except OSError as error:
            raise LandmarkError(
                f"--cache-features: cannot write {place}: {error.strerror or error}"
            ) from None

    def read(self, record: FileRecord) -> NamedRows:
        """Read the features of a shard.

        Raises:
            LandmarkError: They cannot be read, or are not as many as the shard has rows.
        """
        place = self.folder / record.path
        try:
            table = pq.ParquetFile(self._source(place)).read().combine_chunks()
        except (OSError, pa.ArrowException) as error:
            raise LandmarkError(f"the features {place} cannot be read: {error}; remove the file") from None
        if table.num_rows != record.rows:
            raise LandmarkError(
                f"the features {place} are broken: expected {record.rows} rows, found"
                f" {table.num_rows}; remove the file"
            )
        listed = table[FEATURES].chunk(0)
        features = listed.values.to_numpy().reshape(record.rows, listed.type.list_size)
        return table["image_id"].to_numpy(), table["class_index"].to_numpy(), features

    def _source(self, place: Place) -> pa.NativeFile:
        """Open a file for Arrow: mapped into memory from a disk, or its bytes from a store."""
        if self.folder.is_local:
            return pa.memory_map(str(place.path))
        if self._cache is None:
            return pa.BufferReader(place.read_bytes())
        path = place.address.removeprefix(f"{self.folder}/")
        copy = Place(self._cache) / FEATURES / self.folder.name / path
        if not copy.exists():
            copy.write(place.read_bytes())
        return pa.memory_map(str(copy.path))


def cut(groups: Iterator[NamedRows], sizes: Sequence[int]) -> Iterator[NamedRows]:
    """Give rows that come in groups of any sizes in groups of these sizes; there must be as many in all."""
    left: NamedRows | None = None
    for size in sizes:
        parts: list[NamedRows] = []
        wanted = size
        while wanted:
            group = left or next(groups)
            parts.append((group[0][:wanted], group[1][:wanted], group[2][:wanted]))
            rest = (group[0][wanted:], group[1][wanted:], group[2][wanted:])
            left = rest if len(rest[0]) else None
            wanted -= len(parts[-1][0])
        ids, classes, features = zip(*parts, strict=True)
        yield np.concatenate(ids), np.concatenate(classes), np.concatenate(features)


def _extractor(backbone: keras.Model, mode: str) -> Callable[[tf.Tensor], tf.Tensor]:
    """Make the function from images, uint8, to pooled features, float32."""
    preprocess = ImageNetPreprocessing(mode)
    # The last batch is smaller than the others; one trace serves all.
    signature = [tf.TensorSpec(backbone.input_shape, tf.uint8)]

    @tf.function(input_signature=signature)  # type: ignore[untyped-decorator]
    def extract(images: tf.Tensor) -> tf.Tensor:
        return tf.cast(backbone(preprocess(images), training=False), tf.float32)

    return extract  # type: ignore[no-any-return]
