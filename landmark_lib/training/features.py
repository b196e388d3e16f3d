"""The backbone's features of every row, computed once: with a frozen backbone they never change.

    <models>/features/<fingerprint>/train/common/shard-….parquet     image_id, class_index, features

The fingerprint covers the data set, the backbone's weights, the size of its input and its precision, so that
features of other weights or rows are never mistaken for these. A file is complete or absent, and present ones
are not computed again. Members with the same initial weights share the features of the rows they share.
"""

import hashlib
from collections.abc import Iterator, Sequence

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
    FEATURES,
    LOGITS,
    build_head,
    build_model,
    features_of_backbone,
)
from landmark_lib.training.reading import Shards
from landmark_lib.training.stream import Pipeline, ordered_batches, shuffle
from landmark_lib.training.watchdog import Watchdog

SLICES_AHEAD = 2

Features = NDArray[np.float32]  # (rows, features)
Classes = NDArray[np.int32]  # (rows,)
NamedRows = tuple[NDArray[np.object_], Classes, Features]  # preceded by the image ids


class CachedFeatures:
    """The backbone, and its features of a member's rows.

    Attributes:
        files: Files of the features, one per shard.
        width: Features of a row.
    """

    def __init__(self, settings: TrainSettings, data: MemberData, ranks: Ranks) -> None:
        """Compute the features that are missing, those of each shard on one rank.

        Raises:
            UserError: Weights that do not fit, or an unknown network.
            LandmarkError: The weights cannot be downloaded, an image does not decode, a shard is broken, or
                the ranks do not share the models' directory.
        """
        self._settings, self._data, self._ranks = settings, data, ranks
        name = f"member {data.member}"
        self._watchdog = Watchdog(name, settings.run.stall_timeout, ends=ranks.size > 1)
        self._backbone, self._mode = load_network(settings, data, ranks)
        self.width = int(self._backbone.output_shape[1])
        self.files = FeatureFiles(self._folder(), settings.run.shard_cache)
        for shards in (data.training, data.validation):
            self._compute(shards)

    def head(self, settings: TrainSettings) -> keras.Model:
        """Return a new head, from features to logits."""
        network, seed = settings.network, self._data.head_seed(settings)
        return build_head(self.width, len(self._data.landmark_ids), network.dropout, network.l2, seed)

    def whole_model(self, head: keras.Model) -> keras.Model:
        """Return the network from images to logits that has a head's current weights."""
        network, classes = self._settings.network, len(self._data.landmark_ids)
        whole = build_model(self._backbone, self._mode, classes, network.dropout, network.l2, seed=0)
        for name in (DROPOUT, LOGITS):
            whole.get_layer(name).set_weights(head.get_layer(name).get_weights())
        return whole

    def _folder(self) -> Place:
        network = self._settings.network
        digest = hashlib.sha256(f"{self._data.fingerprint} {network.image_size} {network.precision}".encode())
        for weight in self._backbone.weights:
            digest.update(np.ascontiguousarray(weight.value.numpy()).tobytes())
        return Place(self._settings.models) / FEATURES / digest.hexdigest()[:16]

    def _compute(self, shards: Shards) -> None:
        """Compute this rank's share of the features that are missing."""
        ranks = self._ranks
        # Rank 0 decides which are missing, as files may appear while others look.
        missing = horovod_step.from_rank_0(ranks, lambda: self.files.missing(shards.records))
        own = missing[ranks.rank :: ranks.size]
        horovod_step.run_on_all_ranks(ranks, lambda: self._compute_files(shards, own))
        if horovod_step.run_on_all_ranks(ranks, lambda: self.files.missing(shards.records)):
            raise LandmarkError(
                f"--cache-features: {self.files.folder} lacks files that other ranks wrote; --models must be"
                " a directory that all machines share"
            )

    def _compute_files(self, shards: Shards, numbers: Sequence[int]) -> None:
        records = [shards.records[number] for number in numbers]
        slices = [ShardSlice(n, 0, record.rows) for n, record in zip(numbers, records, strict=True)]
        groups = cut(self._extracted(shards, slices), [record.rows for record in records])
        for record, rows in zip(records, groups, strict=True):
            self.files.write(record, rows)

    def _extracted(self, shards: Shards, slices: Sequence[ShardSlice]) -> Iterator[NamedRows]:
        settings, total = self._settings, sum(part.stop - part.start for part in slices)
        extract = features_of_backbone(self._backbone, self._mode)
        with progress(FEATURES, total, "images", shown=self._ranks.is_chief and total > 0) as display:
            batches = ordered_batches(shards, slices, settings.network.image_size, settings.rows.batch_size)
            for ids, images, classes in self._watchdog.watch(batches, "rows to compute features of"):
                yield ids.numpy(), classes.numpy(), extract(images).numpy()
                display.update(len(classes))


class FeatureFeed:
    """The head alone, fed with features computed once.

    Attributes:
        model: From features to logits.
        bad_rows: Always 0: computing features fails on images that do not decode.
    """

    bad_rows = 0

    def __init__(self, settings: TrainSettings, data: MemberData, ranks: Ranks) -> None:
        """Compute the features that are missing, and build the head.

        Raises:
            UserError: As `CachedFeatures` does.
            LandmarkError: As `CachedFeatures` does.
        """
        self._settings, self._data, self._ranks = settings, data, ranks
        self._cached = CachedFeatures(settings, data, ranks)
        self.model = self._cached.head(settings)

    def training_batches(self, epoch: int, steps_done: int = 0) -> Batches:
        """Yield this rank's full batches of an epoch, from 0, after the first `steps_done`."""
        settings, data, ranks = self._settings, self._data, self._ranks
        slices = data.epoch(settings, epoch, ranks.rank, ranks.size)
        signature = (
            tf.TensorSpec((None, self._cached.width), tf.float32),
            tf.TensorSpec((None,), tf.int32),
        )
        pipeline = Pipeline(lambda: self._read(slices), signature)
        seed, batch_size = data.shuffle_seed(settings, epoch, ranks.rank), settings.rows.batch_size
        left = shuffle(pipeline.rows(SLICES_AHEAD), seed).skip(steps_done * batch_size)
        return pipeline.batches(left.batch(batch_size, drop_remainder=True))

    def validation_batches(self) -> Batches:
        """Yield this rank's validation batches; sizes vary."""
        batch_size = self._settings.rows.batch_size
        for part in self._data.hold_out(self._ranks.rank, self._ranks.size):
            ids, classes, features = self._cached.files.read(self._data.validation.records[part.shard])
            own = slice(part.start, part.stop)
            rows = part.start + np.flatnonzero(photos_measured(self._settings, ids[own]))
            for first in range(0, len(rows), batch_size):
                batch = rows[first : first + batch_size]
                yield tf.constant(features[batch]), tf.constant(classes[batch])

    def training_features(self, best: BestWeights) -> Iterator[FeatureRows]:  # noqa: ARG002 - nothing is trained
        """Yield the features of this rank's part of the training rows; training does not change them."""
        return self._read(slices_of_rank(self._data.training, self._ranks.rank, self._ranks.size))

    def whole_model(self) -> keras.Model:
        """Return the network from images to logits, with its current weights."""
        return self._cached.whole_model(self.model)

    def _read(self, slices: Sequence[ShardSlice]) -> Iterator[FeatureRows]:
        for part in slices:
            _, classes, features = self._cached.files.read(self._data.training.records[part.shard])
            yield features[part.start : part.stop], classes[part.start : part.stop]


class FeatureFiles:
    """Files of features, one per shard."""

    def __init__(self, folder: Place, cache: str | None = None) -> None:
        """Begin.

        Args:
            folder: Where the files are.
            cache: Folder on a local disk for copies of files in a store, if any.
        """
        self.folder, self._cache = folder, cache

    def missing(self, records: Sequence[FileRecord]) -> list[int]:
        """Return the positions of the shards whose features are missing.

        Raises:
            LandmarkError: The folder cannot be listed.
        """
        try:
            present = {file.address for file in self.folder.files()}
        except OSError as error:
            raise LandmarkError(f"--cache-features: cannot list {self.folder}: {error}") from None
        return [n for n, record in enumerate(records) if (self.folder / record.path).address not in present]

    def write(self, record: FileRecord, rows: NamedRows) -> None:
        """Write the features of a shard.

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
            LandmarkError: They cannot be read, or their number is not that of the shard's rows.
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
        """Return a file for Arrow: memory-mapped from a disk, or its bytes from a store."""
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
    """Regroup rows into groups of these sizes; the totals must be equal."""
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
