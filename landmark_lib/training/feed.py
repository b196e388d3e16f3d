"""A member's network and the batches that it is fed with on one rank."""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from landmark_lib.errors import UserError
from landmark_lib.method.hold_out import selection_half
from landmark_lib.settings import TrainSettings
from landmark_lib.settings.train import SELECTION
from landmark_lib.training import horovod_step
from landmark_lib.training.backbone import (
    RANDOM,
    free_last_layers,
    load_backbone,
    normalise_random_weights,
    preprocessing_mode,
)
from landmark_lib.training.horovod_step import Ranks
from landmark_lib.training.member_data import MemberData, slices_of_rank
from landmark_lib.training.model import ImageNetPreprocessing, build_model, features_of
from landmark_lib.training.stream import TrainingRows, ordered_batches

IMAGES_TO_NORMALISE = 128

Batches = Iterator[tuple[tf.Tensor, tf.Tensor]]  # of inputs and class indices
# Features (rows, features) and class indices (rows,).
FeatureRows = tuple[NDArray[np.float32], NDArray[np.int32]]
BestWeights = Callable[[], Sequence[NDArray[np.float32]]]  # all ranks ask for them together


class Feed(Protocol):
    """What one rank trains, and what it is fed with.

    Attributes:
        model: Takes inputs, gives logits.
    """

    model: keras.Model

    @property
    def bad_rows(self) -> int:
        """Training images of this rank found not to decode."""

    def training_batches(self, epoch: int, steps_done: int = 0) -> Batches:
        """Give this rank's full batches of an epoch, from 0, but for the first `steps_done`."""

    def validation_batches(self) -> Batches:
        """Give this rank's part of the hold-out; the last batch is as large as it comes."""

    def training_features(self, best: BestWeights) -> Iterator[FeatureRows]:
        """Give the pooled features of this rank's part of the training rows, each row once.

        Args:
            best: Gives the weights of the model whose features are wanted; not asked where none change them.
        """

    def whole_model(self) -> keras.Model:
        """Give the network from images to logits, with the weights as they are now."""


class ImageFeed:
    """The whole network, fed with images.

    Attributes:
        model: Takes images, gives logits.
    """

    def __init__(
        self, settings: TrainSettings, data: MemberData, ranks: Ranks, warn: Callable[[str], None]
    ) -> None:
        """Build the network, the same on every rank.

        Raises:
            UserError: Weights that do not fit, a network that there is not.
            LandmarkError: The weights cannot be downloaded.
        """
        self._settings, self._data, self._ranks = settings, data, ranks
        self._rows = TrainingRows(data.training, settings.max_bad_rows, warn)
        self.model = self._build()

    @property
    def bad_rows(self) -> int:
        """Training images of this rank found not to decode."""
        return len(self._rows.bad)

    def training_batches(self, epoch: int, steps_done: int = 0) -> Batches:
        """Give this rank's full batches of an epoch, from 0, but for the first `steps_done`."""
        settings, data, ranks = self._settings, self._data, self._ranks
        return self._rows.batches(
            data.epoch(settings, epoch, ranks.rank, ranks.size),
            settings.image_size,
            settings.batch_size,
            data.shuffle_seed(settings, epoch, ranks.rank),
            steps_done=steps_done,
            mirror=settings.random_flip,
        )

    def validation_batches(self) -> Batches:
        """Give what is measured of this rank's part of the hold-out, in batches as large as they come."""
        slices = self._data.hold_out(self._ranks.rank, self._ranks.size)
        settings = self._settings
        for ids, images, labels in ordered_batches(
            self._data.validation, slices, settings.image_size, settings.batch_size
        ):
            measured = photos_measured(settings, ids.numpy())
            if measured.any():
                yield images[measured], labels[measured]

    def training_features(self, best: BestWeights) -> Iterator[FeatureRows]:
        """Give the pooled features of this rank's part of the training rows, each row once."""
        settings = self._settings
        slices = slices_of_rank(self._data.training, self._ranks.rank, self._ranks.size)
        last = self.model.get_weights()
        self.model.set_weights(best())
        extract = features_of(self.model)
        for images, classes in self._rows.in_order(slices, settings.image_size, settings.batch_size):
            yield extract(images).numpy(), classes.numpy()
        self.model.set_weights(last)

    def whole_model(self) -> keras.Model:
        """Give the network from images to logits, with the weights as they are now."""
        return self.model

    def _build(self) -> keras.Model:
        settings = self._settings
        backbone, mode = load_network(settings, self._data, self._ranks)
        free_last_layers(backbone, settings.trainable_layers, settings.l2_convolutions)
        seed = self._data.head_seed(settings)
        classes = len(self._data.landmark_ids)
        return build_model(backbone, mode, classes, settings.dropout, settings.l2, seed)


def photos_measured(settings: TrainSettings, image_ids: NDArray[np.object_]) -> NDArray[np.bool_]:
    """Tell which photos of the hold-out validation measures, (photos,), of their ids as UTF-8, (photos,)."""
    if settings.validate_on == SELECTION:
        return selection_half([image_id.decode() for image_id in image_ids])
    return np.ones(len(image_ids), np.bool_)


def load_network(settings: TrainSettings, data: MemberData, ranks: Ranks) -> tuple[keras.Model, str]:
    """Make the backbone that the settings name, and tell how it expects its pixels.

    Raises:
        UserError: Weights that do not fit, a network that there is not.
        LandmarkError: The weights cannot be downloaded.
    """
    keras.config.set_dtype_policy(settings.precision)
    mode = preprocessing_mode(settings.backbone)
    backbone = horovod_step.one_at_a_time_on_each_node(
        ranks,
        lambda: load_backbone(settings.backbone, settings.weights, settings.image_size, settings.seed),
    )
    if settings.weights == RANDOM:
        slices = data.epoch(settings, 0, ranks.rank, ranks.size)
        _, images, _ = next(ordered_batches(data.training, slices, settings.image_size, IMAGES_TO_NORMALISE))
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
