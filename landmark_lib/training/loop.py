"""Training from beginning to end: members one after another, epoch after epoch."""

import math
import platform
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from landmark_lib import __version__, dataset
from landmark_lib.draws import keyed_draw
from landmark_lib.errors import LandmarkError, UserError
from landmark_lib.method.plateau import PlateauState, after_epoch
from landmark_lib.progress import progress
from landmark_lib.settings import TrainSettings
from landmark_lib.training import horovod_step
from landmark_lib.training.horovod_step import Ranks
from landmark_lib.training.member_data import MemberData, read_member_data
from landmark_lib.training.model import (
    RANDOM,
    build_model,
    free_last_layers,
    load_backbone,
    normalise_random_weights,
)
from landmark_lib.training.model_directory import (
    BEST,
    LAST,
    EpochResult,
    MemberRecord,
    begin_member,
    member_path,
    save_model,
    write_history,
    write_member,
)
from landmark_lib.training.step import training_step, validation_step
from landmark_lib.training.stream import ordered_batches, training_batches

ALL_MEMBERS = "all"
IMAGES_TO_NORMALISE = 128

Say = Callable[[str], None]
Sums = NDArray[np.float64]  # [loss, right answers, images], (3,)


def train(settings: TrainSettings, root: str, say: Say) -> None:
    """Train one member, or all one after another, on the data set at `root`.

    Args:
        settings: What to train and how.
        root: Root of the data set.
        say: Tells the user a line; called on one rank only.

    Raises:
        UserError: Not a data set, a member that it does not have, settings that do not fit it.
        LandmarkError: The weights cannot be downloaded, ranks drift apart, the loss is no number.
    """
    manifest = dataset.read_manifest(root)
    wanted = range(manifest.members) if settings.member == ALL_MEMBERS else [int(settings.member)]
    members = [read_member_data(root, manifest, member) for member in wanted]
    ranks = horovod_step.start_ranks()
    for data in members:
        directory = member_path(settings.models, data.member)
        begin_member(directory)
        MemberTraining(settings, data, ranks, say).run(directory)


class MemberTraining:
    """The training of one member on one rank; all ranks go through the same steps."""

    def __init__(self, settings: TrainSettings, data: MemberData, ranks: Ranks, say: Say) -> None:
        """Build the model, the same on every rank.

        Raises:
            UserError: Fewer rows than ranks, or weights that do not fit.
            LandmarkError: The weights cannot be downloaded.
        """
        if data.rows < ranks.size:
            raise UserError(
                f"{ranks.size} ranks cannot share the {data.rows} training rows of member {data.member}"
            )
        self.settings = settings
        self.data = data
        self.ranks = ranks
        self.say = say if ranks.speaks else _silence
        self.steps = data.steps(settings, ranks.size)
        self.model = self._build_model()
        self.optimizer = keras.optimizers.SGD(settings.learning_rate * ranks.size, momentum=settings.momentum)
        self.optimizer.build(self.model.trainable_variables)
        horovod_step.broadcast_weights(self.model.weights)
        self.training_step = training_step(self.model, self.optimizer)
        self.validation_step = validation_step(self.model)
        self.schedule = PlateauState(settings.learning_rate * ranks.size)
        self.history: list[EpochResult] = []

    def run(self, directory: Path) -> None:
        """Train all epochs; rank 0 writes the best and the last model and the history into `directory`."""
        settings, data = self.settings, self.data
        self.say(
            f"member {data.member}: {data.rows:,} rows, {len(data.landmark_ids):,} classes,"
            f" {self.steps:,} steps an epoch of {self.ranks.size} x {settings.batch_size} rows,"
            f" weights {settings.weights}"
        )
        for epoch in range(settings.epochs):
            self.history.append(self.run_epoch(epoch))
            self.say(f"member {data.member}: {_told(self.history[-1], settings.epochs)}")
            if self.ranks.speaks:
                self._save(directory)

    def run_epoch(self, epoch: int) -> EpochResult:
        """Train one epoch, from 0, validate, and let the learning rate fall if the accuracy is flat.

        Raises:
            RanksDifferError: The ranks' weights differ after the first step or at the epoch's end.
            LandmarkError: The loss is no number.
        """
        learning_rate = self.schedule.learning_rate
        self.optimizer.learning_rate.assign(learning_rate)
        began = time.monotonic()
        loss, accuracy, images = self._means(self._train(epoch))
        seconds = time.monotonic() - began
        if not math.isfinite(loss):
            raise LandmarkError(
                f"the loss is {loss} in epoch {epoch + 1}; a smaller --learning-rate may help"
            )
        horovod_step.check_equal_weights(self.model.weights, f"after epoch {epoch + 1}")
        validation_loss, validation_accuracy, _ = self._means(self._validate())
        self.schedule = after_epoch(self.schedule, accuracy, self.settings.plateau)
        return EpochResult(
            epoch=epoch + 1,
            passes=(epoch + 1) * images / self.data.rows,
            learning_rate=learning_rate,
            training_loss=loss,
            training_accuracy=accuracy,
            validation_loss=validation_loss,
            validation_accuracy=validation_accuracy,
            images_per_second=images / seconds,
        )

    def _build_model(self) -> keras.Model:
        settings = self.settings
        backbone = horovod_step.one_at_a_time_on_each_node(
            self.ranks, lambda: load_backbone(settings.weights, settings.image_size, settings.seed)
        )
        if settings.weights == RANDOM:
            normalise_random_weights(backbone, self._first_images())
        free_last_layers(backbone, settings.trainable_layers)
        # Each rank drops other features; the first weights drawn with the same seed are replaced by rank 0's.
        seed = keyed_draw(settings.seed, "member on rank", self.data.member, self.ranks.rank)
        return build_model(backbone, len(self.data.landmark_ids), settings.dropout, settings.l2, seed)

    def _first_images(self) -> tf.Tensor:
        data, size = self.data, self.settings.image_size
        slices = data.epoch(self.settings, 0, self.ranks.rank, self.ranks.size)
        _, images, _ = next(iter(ordered_batches(data.training, slices, size, IMAGES_TO_NORMALISE)))
        return images

    def _train(self, epoch: int) -> Sums:
        settings, ranks, data = self.settings, self.ranks, self.data
        seed = keyed_draw(settings.seed, "shuffle", data.member, epoch, ranks.rank) >> 1
        slices = data.epoch(settings, epoch, ranks.rank, ranks.size)
        batches = training_batches(data.training, slices, settings.image_size, settings.batch_size, seed)
        sums = tf.zeros(3, tf.float64)
        with progress(
            f"epoch {epoch + 1}/{settings.epochs}", self.steps, "steps", speaks=ranks.speaks
        ) as display:
            for number, (images, labels) in enumerate(batches):
                sums += self.training_step(images, labels)
                if epoch == number == 0:
                    horovod_step.check_equal_weights(self.model.weights, "after the first step")
                display.update(1)
        return np.asarray(sums)

    def _validate(self) -> Sums:
        data, size = self.data, self.settings.image_size
        slices = data.hold_out(self.ranks.rank, self.ranks.size)
        sums = tf.zeros(3, tf.float64)
        for _, images, labels in ordered_batches(data.validation, slices, size, self.settings.batch_size):
            sums += self.validation_step(images, labels)
        return np.asarray(sums)

    def _means(self, sums: Sums) -> tuple[float, float, float]:
        """Add up [loss, right answers, images] over the ranks; give mean loss, accuracy, images."""
        loss, right, images = map(float, horovod_step.summed(sums))
        return loss / images, right / images, images

    def _save(self, directory: Path) -> None:
        save_model(self.model, directory, LAST)
        best = max(self.history, key=lambda result: result.validation_accuracy)  # the first of equals
        if best is self.history[-1]:
            save_model(self.model, directory, BEST)
        write_history(directory, self.history)
        write_member(
            directory,
            MemberRecord(
                member=self.data.member,
                finished=len(self.history) == self.settings.epochs,
                best_epoch=best.epoch,
                settings=asdict(self.settings),
                dataset_fingerprint=self.data.fingerprint,
                landmark_ids=self.data.landmark_ids,
                versions=_versions(),
            ),
        )


def _told(result: EpochResult, epochs: int) -> str:
    return (
        f"epoch {result.epoch}/{epochs}: loss {result.training_loss:.4f},"
        f" accuracy {result.training_accuracy:.4f},"
        f" validation loss {result.validation_loss:.4f}, accuracy {result.validation_accuracy:.4f},"
        f" learning rate {result.learning_rate:.3g}, {result.images_per_second:.1f} images/s"
    )


def _silence(_: str) -> None:
    pass


def _versions() -> dict[str, str]:
    return {
        "landmark-recognition": __version__,
        "python": platform.python_version(),
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
    }
