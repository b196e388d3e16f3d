"""What the frozen part of a network returns for every row, computed once: between epochs it never changes.

With a frozen backbone, these are its pooled features, and the head alone is trained on them. With trained
layers, they are the outputs of the trunk (`trunk`), and the tail is trained.

The fingerprint in their address covers the data set, the weights of the frozen part, the size of its input
and its precision, so that features of other weights or rows are never mistaken for these. Present ones are
not computed again. Members with the same frozen part share the features of the rows they share.
"""

import hashlib
import logging
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from itertools import islice
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from landmark_lib.errors import LandmarkError
from landmark_lib.method.epochs import BATCH_SIZE, ShardSlice
from landmark_lib.progress import progress
from landmark_lib.settings import TrainSettings
from landmark_lib.settings.train import AVERAGE
from landmark_lib.storage import Place
from landmark_lib.training import horovod_step
from landmark_lib.training.backbone import free_last_layers
from landmark_lib.training.feature_files import FEATURES, FeatureFiles, NamedRows, cut
from landmark_lib.training.feed import Batches, BestWeights, FeatureRows, load_network, photos_measured
from landmark_lib.training.head import head_options
from landmark_lib.training.horovod_step import Ranks
from landmark_lib.training.member_data import MemberData, slices_of_rank
from landmark_lib.training.model import (
    build_tail,
    features_of,
    features_of_backbone,
    with_head_of,
)
from landmark_lib.training.preflight import check_disk
from landmark_lib.training.reading import Shards
from landmark_lib.training.stream import Pipeline, ordered_batches, shuffle
from landmark_lib.training.trunk import cut_trunk
from landmark_lib.training.watchdog import Watchdog

logger = logging.getLogger(__name__)

GROUPS_AHEAD = 2


class CachedFeatures:
    """A backbone, and the features that its frozen part returns for a member's rows.

    Attributes:
        files: Files of the features, one per shard.
    """

    def __init__(self, settings: TrainSettings, data: MemberData, ranks: Ranks) -> None:
        """Compute the features that are missing, those of each shard on one rank.

        Raises:
            UserError: Weights that do not fit, an unknown network, or too little space on the disk.
            LandmarkError: The weights cannot be downloaded, an image does not decode, a shard is broken, or
                the ranks do not share the models' directory.
        """
        self._settings, self._data, self._ranks = settings, data, ranks
        network, name = settings.network, f"member {data.member}"
        self._watchdog = Watchdog(name, settings.run.stall_timeout, ends=ranks.size > 1)
        self._backbone, self._mode = load_network(settings, data, ranks)
        free_last_layers(self._backbone, network.trainable_layers, network.l2_convolutions)
        self._trunk = cut_trunk(self._backbone)
        self.files = FeatureFiles(
            self._folder(), self._trunk.shape, self._trunk.stored_as, settings.run.shard_cache
        )
        plan = horovod_step.from_rank_0(
            ranks, lambda: check_disk(self.files, [*data.training.records, *data.validation.records])
        )
        logger.info(f"{name}: outputs of {self._trunk.layer}: {plan}")
        for shards in (data.training, data.validation):
            self._compute(shards)

    def network(self, settings: TrainSettings) -> keras.Model:
        """Return what is trained, from features to logits: a new head, after the tail if there is one."""
        stored = keras.Input(self.files.shape, dtype=self.files.stored_as.name, name=FEATURES)
        return build_tail(self._trunk.tail, stored, head_options(settings, self._data))

    def whole_model(self, trained: keras.Model) -> keras.Model:
        """Return the network from images to logits, with the current weights of what is trained."""
        return with_head_of(trained, self._backbone, self._mode)  # whose layers the tail shares

    @property
    def is_pooled(self) -> bool:
        """Whether the whole backbone is frozen."""
        return self._trunk.tail is None

    def _folder(self) -> Place:
        network, trunk = self._settings.network, self._trunk.model
        parts = [self._data.fingerprint, network.image_size, network.precision]
        if not self.is_pooled:
            parts.append(len(trunk.operations))  # a layer's name may differ from process to process
        if network.pooling != AVERAGE and len(self._trunk.shape) == 1:
            parts.append(network.pooling)  # of outputs that are pooled, some or all; it has no weights
        digest = hashlib.sha256(" ".join(map(str, parts)).encode())
        for weight in trunk.weights:
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
        sizes = [self.files.group_sizes(record) for record in records]
        groups = cut(self._extracted(shards, slices), [size for of_shard in sizes for size in of_shard])
        for record, of_shard in zip(records, sizes, strict=True):
            self.files.write(record, islice(groups, len(of_shard)))

    def _extracted(self, shards: Shards, slices: Sequence[ShardSlice]) -> Iterator[NamedRows]:
        settings, total = self._settings, sum(part.stop - part.start for part in slices)
        with progress(FEATURES, total, "images", shown=self._ranks.is_chief and total > 0) as display:
            batches = ordered_batches(shards, slices, settings.network.image_size, self._images_at_once)
            for ids, images, classes in self._watchdog.watch(batches, "rows to compute features of"):
                yield ids.numpy(), classes.numpy(), self._as_stored(self._extract(images).numpy())
                display.update(len(classes))

    @cached_property
    def _extract(self) -> Callable[[tf.Tensor], tf.Tensor]:
        """From images to outputs of the trunk; building it takes as long as hundreds of images."""
        return features_of_backbone(self._trunk.model, self._mode)

    @property
    def _images_at_once(self) -> int:
        """The size of a batch, which of a head alone may be too large for images."""
        return min(BATCH_SIZE, self._data.batch_size(self._settings, self._ranks.size))

    def _as_stored(self, outputs: NDArray[np.float32]) -> NDArray[Any]:
        """Return outputs of the trunk in the type in which they are stored.

        Raises:
            LandmarkError: They are too large for it.
        """
        with np.errstate(over="ignore"):
            stored = outputs.astype(self.files.stored_as)
        if np.isinf(stored).any():
            raise LandmarkError(
                f"--cache-features: outputs of {self._trunk.layer} are larger than a 16-bit float; train"
                " without it, or with --precision mixed_bfloat16"
            )
        return stored


class FeatureFeed:
    """The layers that are trained, fed with features computed once.

    Attributes:
        model: From features to logits.
        bad_rows: Always 0: computing features fails on images that do not decode.
    """

    bad_rows = 0

    def __init__(self, settings: TrainSettings, data: MemberData, ranks: Ranks) -> None:
        """Compute the features that are missing, and build what is trained.

        Raises:
            UserError: As `CachedFeatures` does.
            LandmarkError: As `CachedFeatures` does.
        """
        self._settings, self._data, self._ranks = settings, data, ranks
        self._batch_size = data.batch_size(settings, ranks.size)
        self._cached = CachedFeatures(settings, data, ranks)
        self.model = self._cached.network(settings)

    def training_batches(self, epoch: int, steps_done: int = 0) -> Batches:
        """Yield this rank's full batches of an epoch, from 0, after the first `steps_done`."""
        settings, data, ranks = self._settings, self._data, self._ranks
        slices, files = data.epoch(settings, epoch, ranks.rank, ranks.size), self._cached.files
        signature = (
            tf.TensorSpec((None, *files.shape), files.stored_as),
            tf.TensorSpec((None,), tf.int32),
        )
        pipeline = Pipeline(lambda: self._training_rows(slices), signature)
        seed = data.shuffle_seed(settings, epoch, ranks.rank)
        left = shuffle(pipeline.rows(GROUPS_AHEAD), seed).skip(steps_done * self._batch_size)
        return pipeline.batches(left.batch(self._batch_size, drop_remainder=True))

    def validation_batches(self) -> Batches:
        """Yield this rank's validation batches, those of `ImageFeed`; sizes vary."""
        for ids, classes, features in self.hold_out(self._ranks):
            measured = photos_measured(self._settings, ids)
            if measured.any():
                yield tf.constant(features[measured]), tf.constant(classes[measured])

    def hold_out(self, ranks: Ranks) -> Iterator[NamedRows]:
        """Yield the held-out rows that a rank reads, in batches; the last may be smaller."""
        slices, batch_size = self._data.hold_out(ranks.rank, ranks.size), self._batch_size
        total = sum(part.stop - part.start for part in slices)
        sizes = [min(batch_size, total - start) for start in range(0, total, batch_size)]
        yield from cut(self._read(self._data.validation, slices), sizes)

    def training_features(self, best: BestWeights) -> Iterator[FeatureRows]:
        """Yield the pooled features of this rank's part of the training rows."""
        rows = self._training_rows(slices_of_rank(self._data.training, self._ranks.rank, self._ranks.size))
        if self._cached.is_pooled:  # training does not change them
            yield from rows
            return
        whole = self.whole_model()
        last = whole.get_weights()
        whole.set_weights(best())
        pool, batch_size = features_of(self.model), self._batch_size
        for outputs, classes in rows:
            for start in range(0, len(classes), batch_size):
                batch = slice(start, start + batch_size)
                yield pool(outputs[batch]).numpy(), classes[batch]
        whole.set_weights(last)

    def whole_model(self) -> keras.Model:
        """Return the network from images to logits, with its current weights."""
        return self._whole

    @cached_property
    def _whole(self) -> keras.Model:
        """It shares the weights of what is trained, so that it is built once for all epochs."""
        return self._cached.whole_model(self.model)

    def _training_rows(self, slices: Sequence[ShardSlice]) -> Iterator[FeatureRows]:
        for _, classes, features in self._read(self._data.training, slices):
            yield features, classes

    def _read(self, shards: Shards, slices: Sequence[ShardSlice]) -> Iterator[NamedRows]:
        for part in slices:
            yield from self._cached.files.read(shards.records[part.shard], part.start, part.stop)
