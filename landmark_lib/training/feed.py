"""A member's network and the batches that it is fed on one rank."""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from landmark_lib.errors import UserError
from landmark_lib.method.hold_out import selection_half
from landmark_lib.settings import TrainSettings
from landmark_lib.settings.train import RANDOM, SELECTION
from landmark_lib.training import horovod_step
from landmark_lib.training.backbone import (
    free_last_layers,
    load_backbone,
    normalise_random_weights,
    preprocessing_mode,
)
from landmark_lib.training.head import head_options
from landmark_lib.training.horovod_step import Ranks
from landmark_lib.training.member_data import MemberData, slices_of_rank
from landmark_lib.training.model import ImageNetPreprocessing, build_model, features_of
from landmark_lib.training.stream import TrainingRows, ordered_batches

IMAGES_TO_NORMALISE = 128

Batches = Iterator[tuple[tf.Tensor, tf.Tensor]]  # of inputs and class indices
# Features (rows, features) and class indices (rows,).
FeatureRows = tuple[NDArray[np.float32], NDArray[np.int32]]
BestWeights = Callable[[], Sequence[NDArray[np.float32]]]  # called on all ranks together


class Feed(Protocol):
    """What one rank trains, and what it is fed.

    Attributes:
        model: From inputs to logits.
    """

    model: keras.Model

    @property
    def bad_rows(self) -> int:
        """Training images of this rank found not to decode."""

    def training_batches(self, epoch: int, steps_done: int = 0) -> Batches:
        """Yield this rank's full batches of an epoch, from 0, after the first `steps_done`."""

    def validation_batches(self) -> Batches:
        """Yield this rank's validation batches; sizes vary."""


class MemberFeed(Feed, Protocol):
    """The feed of a member whose files are written."""

    def training_features(self, best: BestWeights) -> Iterator[FeatureRows]:
        """Yield the pooled features of this rank's part of the training rows, each row once.

        Args:
            best: Returns the weights of the model whose features are wanted.
        """

    def whole_model(self) -> keras.Model:
        """Return the network from images to logits, with its current weights."""


class ImageFeed:
    """The whole network, fed with images.

    Attributes:
        model: From images to logits.
    """

    def __init__(self, settings: TrainSettings, data: MemberData, ranks: Ranks) -> None:
        """Build the network, the same on every rank.

        Raises:
            UserError: Weights that do not fit, or an unknown network.
            LandmarkError: The weights cannot be downloaded.
        """
        self._settings, self._data, self._ranks = settings, data, ranks
        self._rows = TrainingRows(data.training, settings.run.max_bad_rows)
        network = settings.network
        backbone, mode = load_network(settings, data, ranks)
        free_last_layers(backbone, network.trainable_layers, network.l2_convolutions)
        self.model = build_model(backbone, mode, head_options(settings, data))

    @property
    def bad_rows(self) -> int:
        """Training images of this rank found not to decode."""
        return len(self._rows.bad)

    def training_batches(self, epoch: int, steps_done: int = 0) -> Batches:
        """Yield this rank's full batches of an epoch, from 0, after the first `steps_done`."""
        settings, data, ranks = self._settings, self._data, self._ranks
        return self._rows.batches(
            data.epoch(settings, epoch, ranks.rank, ranks.size),
            settings.network.image_size,
            data.batch_size(settings, ranks.size),
            data.shuffle_seed(settings, epoch, ranks.rank),
            steps_done=steps_done,
            random_flip=settings.rows.random_flip,
        )

    def validation_batches(self) -> Batches:
        """Yield this rank's validation batches; sizes vary."""
        settings, data = self._settings, self._data
        slices = data.hold_out(self._ranks.rank, self._ranks.size)
        batch_size = data.batch_size(settings, self._ranks.size)
        for ids, images, classes in ordered_batches(
            data.validation, slices, settings.network.image_size, batch_size
        ):
            measured = photos_measured(settings, ids.numpy())
            if measured.any():
                yield images[measured], classes[measured]

    def training_features(self, best: BestWeights) -> Iterator[FeatureRows]:
        """Yield the pooled features of this rank's part of the training rows, each row once."""
        size = self._settings.network.image_size
        batch_size = self._data.batch_size(self._settings, self._ranks.size)
        slices = slices_of_rank(self._data.training, self._ranks.rank, self._ranks.size)
        last = self.model.get_weights()
        self.model.set_weights(best())
        extract = features_of(self.model)
        for images, classes in self._rows.in_order(slices, size, batch_size):
            yield extract(images).numpy(), classes.numpy()
        self.model.set_weights(last)

    def whole_model(self) -> keras.Model:
        """Return the network from images to logits, with its current weights."""
        return self.model


def photos_measured(settings: TrainSettings, image_ids: NDArray[np.object_]) -> NDArray[np.bool_]:
    """Return which held-out photos validation uses, (photos,), from their ids as UTF-8, (photos,)."""
    if settings.ending.validate_on == SELECTION:
        return selection_half([image_id.decode() for image_id in image_ids])
    return np.ones(len(image_ids), np.bool_)


def load_network(settings: TrainSettings, data: MemberData, ranks: Ranks) -> tuple[keras.Model, str]:
    """Return the backbone that the settings name, and how it expects its pixels.

    Raises:
        UserError: Weights that do not fit, or an unknown network.
        LandmarkError: The weights cannot be downloaded.
    """
    network = settings.network
    keras.config.set_dtype_policy(network.precision)
    mode = preprocessing_mode(network.backbone)
    backbone = horovod_step.run_first_on_each_node(
        ranks,
        lambda: load_backbone(
            network.backbone, network.weights, network.image_size, settings.rows.seed, network.pooling
        ),
    )
    if network.weights == RANDOM:
        slices = data.epoch(settings, 0, ranks.rank, ranks.size)
        _, images, _ = next(ordered_batches(data.training, slices, network.image_size, IMAGES_TO_NORMALISE))
        normalise_random_weights(backbone, ImageNetPreprocessing(mode)(images))
    horovod_step.broadcast_weights(backbone.weights)
    return backbone, mode


def check_ranks(data: MemberData, ranks: int) -> None:
    """Refuse to share fewer rows than ranks.

    Raises:
        UserError: A rank would have nothing to read.
    """
    if data.rows < ranks:
        raise UserError(
            f"{ranks} ranks cannot share the {data.rows} training rows of member {data.member}; start fewer"
            " ranks, or write more rows with a larger --target of jobs/preprocess.py"
        )
