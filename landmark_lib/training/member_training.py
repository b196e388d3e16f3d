"""The training of one member on one rank, epoch after epoch; all ranks go through the same steps."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NoReturn

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from landmark_lib.digits import decimal
from landmark_lib.draws import keyed_draw
from landmark_lib.errors import AnotherRankError, LandmarkError
from landmark_lib.method.plateau import PlateauState, after_epoch
from landmark_lib.method.stopping import stops_early
from landmark_lib.method.warm_up import warmed_up
from landmark_lib.progress import progress
from landmark_lib.settings import TrainSettings
from landmark_lib.training import horovod_step
from landmark_lib.training.checkpoint import (
    Checkpoint,
    Identity,
    Progress,
    check_identity,
    read_checkpoint,
    write_checkpoint,
)
from landmark_lib.training.feature_statistics import training_feature_statistics
from landmark_lib.training.feed import Feed
from landmark_lib.training.history import EpochResult, told
from landmark_lib.training.horovod_step import Ranks
from landmark_lib.training.member_data import MemberData
from landmark_lib.training.model import set_dropout
from landmark_lib.training.model_directory import MemberFiles
from landmark_lib.training.signals import StopSignal
from landmark_lib.training.step import StepResult, training_step, validation_step
from landmark_lib.training.watchdog import Watchdog

Say = Callable[[str], None]
Sums = NDArray[np.float64]  # [loss, right answers, images], (3,)
FP16 = "mixed_float16"


@dataclass
class Epoch:
    """An epoch under way on this rank.

    Attributes:
        number: From 0.
        steps: Steps done.
        sums: What they summed up.
        seconds: That they took; since training began or went on.
        waited: Seconds of these for rows.
        averaging: Seconds of these for the averages of gradients.
        trained: Steps of these seconds.
    """

    number: int
    steps: int = 0
    sums: Sums = field(default_factory=lambda: np.zeros(3))
    seconds: float = 0.0
    waited: float = 0.0
    averaging: float = 0.0
    trained: int = 0


class MemberTraining:
    """The training of one member on one rank.

    Attributes:
        shows_steps: Whether the steps of each epoch are shown as they go.
    """

    shows_steps = True

    def __init__(
        self,
        settings: TrainSettings,
        data: MemberData,
        ranks: Ranks,
        feed: Feed,
        stop: StopSignal,
        say: Say,
    ) -> None:
        """Begin, with the same weights on every rank.

        Args:
            settings: The member's.
            data: The member's.
            ranks: This rank's place.
            feed: The network and its batches.
            stop: Tells whether this process was asked to stop.
            say: Tells the user a line; called on every rank.
        """
        self.settings, self.data, self.ranks, self.feed = settings, data, ranks, feed
        self._stop, self._say = stop, say
        self._watchdog = Watchdog(f"member {data.member}", settings.stall_timeout, ends=ranks.size > 1)
        self.steps = data.steps(settings, ranks.size)
        self.optimizer = _optimizer(settings)
        self.optimizer.build(feed.model.trainable_variables)
        self.training_step = training_step(
            feed.model,
            self.optimizer,
            class_weights=data.class_weights(settings),
            compress=settings.fp16_gradients,
            timed=not settings.deterministic,
        )
        self.validation_step = validation_step(feed.model)
        self.schedule = PlateauState(settings.learning_rate)
        self.history: list[EpochResult] = []
        self.epoch = Epoch(0)
        horovod_step.broadcast_weights(self._state)

    @property
    def ended(self) -> bool:
        """Whether there is no epoch left to train."""
        accuracies = [result.validation_accuracy for result in self.history]
        return len(self.history) >= self.settings.epochs or stops_early(
            accuracies, self.settings.early_stop_patience
        )

    def run(self, files: MemberFiles) -> None:
        """Train until the end, from the last checkpoint if there is one; rank 0 writes the files.

        Raises:
            UserError: The checkpoint belongs to another training.
            RanksDifferError: The ranks' weights differ after the first step or at an epoch's end.
            LandmarkError: The loss is no number, the process was asked to stop, a file cannot be written.
        """
        self._go_on_from(files)
        while not self.ended:
            self._train_epoch(files)
            self._end_epoch(files)

        def best() -> Sequence[NDArray[np.float32]]:
            with self._watchdog.paused():  # the other ranks wait for rank 0 here
                return horovod_step.from_rank_0(self.ranks, files.best_weights)

        rows = self.feed.training_features(best)
        watched = self._watchdog.watch(rows, "training rows for class means")
        statistics = training_feature_statistics(self.data, self.ranks, watched)
        horovod_step.from_rank_0(
            self.ranks, lambda: files.finish(self.feed.whole_model(), statistics, self.history)
        )

    def _go_on_from(self, files: MemberFiles) -> None:
        """Take the weights and the place in the training from the last checkpoint, if there is one."""
        stands = horovod_step.from_rank_0(self.ranks, lambda: self._restore(files))
        if stands is None:
            return
        horovod_step.broadcast_weights(self._state)
        self.schedule, self.history = stands.schedule, list(stands.history)
        self.epoch = Epoch(stands.epochs, stands.steps)
        if stands.steps:
            self.epoch.sums = np.array(stands.sums[self.ranks.rank])
        self._tell(f"goes on after {stands.epochs} epochs and {stands.steps} steps")

    def _restore(self, files: MemberFiles) -> Progress | None:
        """Take this rank's weights from the last checkpoint; give where it stands."""
        found = read_checkpoint(files.directory)
        if found is None:
            return None
        may_change = self.settings.allow_rank_change and not found.progress.steps
        check_identity(found.identity, self._identity, files.directory, allow_rank_change=may_change)
        for variable, array in zip(self._state, found.arrays.values(), strict=True):
            variable.assign(array)
        return found.progress

    def _train_epoch(self, files: MemberFiles) -> None:
        """Train what is left of the epoch under way."""
        settings, ranks, epoch = self.settings, self.ranks, self.epoch
        seed = keyed_draw(settings.seed, "dropout", self.data.member, epoch.number, ranks.rank)
        set_dropout(self.feed.model, seed, epoch.steps)
        batches = self.feed.training_batches(epoch.number, epoch.steps)
        images = ranks.size * settings.batch_size
        title = f"member {self.data.member}, epoch {epoch.number + 1}/{settings.epochs}"
        first_step = epoch.number == epoch.steps == 0
        before: StepResult | None = None
        with progress(
            title, self.steps * images, "images", speaks=ranks.speaks and self.shows_steps
        ) as display:
            display.update(epoch.steps * images)
            began = time.perf_counter()
            for inputs, labels in self._watchdog.watch(batches, f"training rows of epoch {epoch.number + 1}"):
                epoch.waited += time.perf_counter() - began
                self.optimizer.learning_rate.assign(self._learning_rate())
                with self._watchdog.paused():
                    result = self.training_step(inputs, labels, asked_to_stop=self._stop.asked)
                    if first_step:
                        horovod_step.check_equal_weights(self.feed.model.weights, "after the first step")
                        first_step = False
                epoch.steps += 1
                epoch.trained += 1
                # A step's numbers are looked at when the next one is on its way, or a GPU would idle.
                stopping = before is not None and self._look_at(before, epoch.steps - 1)
                before = result
                epoch.seconds += time.perf_counter() - began
                began = time.perf_counter()
                display.set_postfix_str(_so_far(epoch), refresh=False)
                display.update(images)
                if stopping:
                    break
        if before is not None and self._look_at(before, epoch.steps):
            self._stop_now(files)

    def _look_at(self, result: StepResult, step: int) -> bool:
        """Take a step's numbers; tell whether any rank was asked to stop.

        Raises:
            LandmarkError: The loss is no number.
        """
        epoch = self.epoch
        loss = float(result.loss)
        if not math.isfinite(loss):
            kept = f"the checkpoint of epoch {epoch.number} is kept" if epoch.number else "no epoch is done"
            self._end_all(
                f"member {self.data.member}: the loss is {loss} since step {step} of epoch"
                f" {epoch.number + 1}; {kept}; a smaller --learning-rate may help"
            )
        epoch.sums = epoch.sums + result.sums.numpy()
        epoch.averaging += float(result.allreduce_seconds)
        return float(result.stop) > 0

    def _end_epoch(self, files: MemberFiles) -> None:
        """Measure the epoch that is done, let the learning rate fall if it is flat, and write it down."""
        epoch, images = self.epoch, self.steps * self.settings.batch_size * self.ranks.size
        horovod_step.check_equal_weights(self.feed.model.weights, f"after epoch {epoch.number + 1}")
        loss, accuracy = self._means(epoch.sums)
        validation_loss, validation_accuracy = self._means(self._validate())
        rate = self._learning_rate(epoch.steps - 1)
        if not self._warming_up:
            self.schedule = after_epoch(self.schedule, accuracy, self.settings.plateau)
        before = self.history[-1].passes if self.history else 0.0
        bad_rows = int(horovod_step.summed(np.array([float(self.feed.bad_rows)]))[0])
        result = EpochResult(
            epoch=epoch.number + 1,
            passes=before + images / self.data.rows,
            learning_rate=rate,
            training_loss=loss,
            training_accuracy=accuracy,
            validation_loss=validation_loss,
            validation_accuracy=validation_accuracy,
            images_per_second=_ratio(images * epoch.trained / self.steps, epoch.seconds),
            input_wait=_ratio(epoch.waited, epoch.seconds),
            allreduce=_ratio(epoch.averaging, epoch.seconds),
            bad_rows=bad_rows,
        )
        self.history.append(result)
        self.epoch = Epoch(epoch.number + 1)
        self._tell(told(result, self.settings.epochs))
        horovod_step.from_rank_0(self.ranks, lambda: self._save(files))

    def _save(self, files: MemberFiles) -> None:
        # The best model first: a kill in between has this epoch trained, and the model written, once more.
        files.write_epoch(self.feed.whole_model, self.history)
        write_checkpoint(files.directory, self._checkpoint([]))

    def _stop_now(self, files: MemberFiles) -> None:
        """Write a checkpoint within the epoch, and end.

        Raises:
            LandmarkError: Always.
        """
        checkpoint = self._checkpoint(horovod_step.of_each_rank(self.epoch.sums).tolist())
        horovod_step.from_rank_0(self.ranks, lambda: write_checkpoint(files.directory, checkpoint))
        self._end_all(
            f"stopped after step {self.epoch.steps} of epoch {self.epoch.number + 1} of member"
            f" {self.data.member}; the same command goes on from there"
        )

    def _end_all(self, why: str) -> NoReturn:
        """End on all ranks, as all came to know the same; one tells why."""
        raise LandmarkError(why) if self.ranks.speaks else AnotherRankError(why)

    def _checkpoint(self, sums: Sequence[Sequence[float]]) -> Checkpoint:
        epoch = self.epoch
        arrays = {f"variable {n}": variable.numpy() for n, variable in enumerate(self._state)}
        stands = Progress(epoch.number, epoch.steps, self.schedule, list(self.history), sums)
        return Checkpoint(self._identity, stands, arrays)

    def _validate(self) -> Sums:
        sums = tf.zeros(3, tf.float64)
        what = f"validation rows of epoch {self.epoch.number + 1}"
        for inputs, labels in self._watchdog.watch(self.feed.validation_batches(), what):
            with self._watchdog.paused():
                sums += self.validation_step(inputs, labels)
        return np.asarray(sums)

    def _means(self, sums: Sums) -> tuple[float, float]:
        """Add up [loss, right answers, images] over the ranks; give mean loss and accuracy."""
        loss, right, images = map(float, horovod_step.summed(sums))
        return loss / images, right / images

    @property
    def _warming_up(self) -> bool:
        return self._factor > 1 and self.epoch.number < self.settings.warmup_epochs

    @property
    def _factor(self) -> int:
        """What the learning rate of one rank is multiplied by."""
        return 1 if self.settings.no_lr_scaling else self.ranks.size

    def _learning_rate(self, steps_done: int | None = None) -> float:
        """Give the rate of the step that comes after so many of the epoch, or after those that are done."""
        steps = self.epoch.steps if steps_done is None else steps_done
        since_the_beginning = self.epoch.number * self.steps + steps
        warm_up = self.settings.warmup_epochs * self.steps
        return warmed_up(self.schedule.learning_rate, self._factor, since_the_beginning, warm_up)

    @property
    def _state(self) -> list[keras.Variable]:
        """All that training changes, and what it builds on."""
        return [*self.feed.model.weights, *self.optimizer.variables]

    @property
    def _identity(self) -> Identity:
        data = self.data
        return Identity(data.fingerprint, data.member, self.ranks.size, self.settings.identity)

    def _tell(self, text: str) -> None:
        if self.ranks.speaks:
            self._say(f"member {self.data.member}: {text}")


def _optimizer(settings: TrainSettings) -> keras.optimizers.Optimizer:
    rate = settings.learning_rate  # of the first step; each step sets its own
    if settings.optimizer == "adam":
        optimizer = keras.optimizers.Adam(rate)
    else:
        optimizer = keras.optimizers.SGD(rate, momentum=settings.momentum)
    # Gradients of 16-bit floats vanish unless the loss is scaled up.
    return keras.optimizers.LossScaleOptimizer(optimizer) if settings.precision == FP16 else optimizer


def _so_far(epoch: Epoch) -> str:
    loss, right, images = epoch.sums
    return f"loss {decimal(loss / images)}, accuracy {decimal(right / images)}" if images else ""


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else 0.0
