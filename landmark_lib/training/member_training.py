"""The training of one member on one rank, epoch after epoch; all ranks take the same steps."""

import gc
import logging
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NoReturn

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from landmark_lib.digits import decimal
from landmark_lib.draws import keyed_draw
from landmark_lib.errors import AnotherRankError, DivergedError, LandmarkError, StoppedError
from landmark_lib.method.schedule import PlateauState, Schedule
from landmark_lib.progress import progress
from landmark_lib.settings import TrainSettings
from landmark_lib.training import horovod_step
from landmark_lib.training.averaging import AveragedWeights
from landmark_lib.training.checkpoint import Checkpoint, Identity, Progress
from landmark_lib.training.feed import Feed
from landmark_lib.training.head import set_dropout
from landmark_lib.training.history import EpochResult
from landmark_lib.training.horovod_step import Ranks
from landmark_lib.training.learning import learning
from landmark_lib.training.member_data import MemberData
from landmark_lib.training.model import trained_weights_of_backbone
from landmark_lib.training.optimizer import member_optimizer
from landmark_lib.training.recorder import Recorder
from landmark_lib.training.signals import StopSignal
from landmark_lib.training.step import StepResult, validation_step
from landmark_lib.training.watchdog import Watchdog

logger = logging.getLogger(__name__)

Sums = NDArray[np.float64]  # [loss, correct predictions, images], (3,)


@dataclass
class Epoch:
    """The epoch in progress on this rank.

    Attributes:
        number: From 0.
        steps: Steps done.
        sums: Sums of these steps.
        trained: Steps done since this process began or resumed training.
        seconds: Time that those took.
        waited: Time of this spent waiting for rows.
        averaging: Time of this spent averaging gradients.
    """

    number: int
    steps: int = 0
    sums: Sums = field(default_factory=lambda: np.zeros(3))
    trained: int = 0
    seconds: float = 0.0
    waited: float = 0.0
    averaging: float = 0.0

    def share(self, seconds: float) -> float:
        """Return a time as a share of the training time."""
        return seconds / self.seconds if self.seconds else 0.0


class MemberTraining:
    """The training of one member on one rank.

    Attributes:
        history: Results of the epochs done.
        watchdog: Watches this rank.
    """

    def __init__(
        self,
        settings: TrainSettings,
        data: MemberData,
        ranks: Ranks,
        feed: Feed,
        stop: StopSignal,
        recorder: Recorder,
        *,
        shows_steps: bool = True,
    ) -> None:
        """Begin, with the same weights on every rank.

        Args:
            settings: The member's settings.
            data: The member's data.
            ranks: This rank's place.
            feed: The network and its batches.
            stop: Whether this process was asked to stop.
            recorder: Keeps what the training brings.
            shows_steps: Show a progress bar of the steps.
        """
        self._settings, self._data, self._ranks, self._feed = settings, data, ranks, feed
        self._stop, self._recorder = stop, recorder
        self._shows_steps = shows_steps and ranks.is_chief
        self._name = f"member {data.member}"
        self.watchdog = Watchdog(self._name, settings.run.stall_timeout, ends=ranks.size > 1)
        self._steps = data.steps(settings, ranks.size)
        self._batch_size = data.batch_size(settings, ranks.size)
        self._backbone_factor = tf.Variable(1.0, trainable=False)
        backbone = trained_weights_of_backbone(feed.model)
        self._optimizer = member_optimizer(settings, backbone, self._backbone_factor)
        self._learning = learning(feed.model, self._optimizer, settings, data, ranks)
        self._validation_step = validation_step(feed.model)
        self._schedule = Schedule(
            settings.learning.plateau,
            scale=1 if settings.learning.no_lr_scaling else ranks.size,
            steps=self._steps,
            warmup_epochs=settings.learning.warmup_epochs,
            epochs=settings.ending.epochs,
            early_stop_patience=settings.ending.early_stop_patience,
            head_epochs=settings.head_epochs,
            backbone_lr_factor=settings.backbone_lr_factor,
        )
        self._plateau = PlateauState(settings.learning.learning_rate)
        self.history: list[EpochResult] = []
        self._epoch = Epoch(0)
        averaged = feed.model.trainable_variables if data.averages_weights(settings) else []
        self._average = AveragedWeights(averaged)
        # All that training changes, and what it builds on.
        self._variables: list[keras.Variable] = [
            *feed.model.weights,
            *self._learning.variables,
            *self._average.variables,
        ]
        horovod_step.broadcast_weights(self._variables)

    def run(self) -> None:
        """Train to the end, from the last checkpoint if there is one.

        Raises:
            UserError: The checkpoint belongs to another training.
            RanksDifferError: The ranks' weights differ after the first step or at the end of an epoch.
            DivergedError: The loss is not finite.
            StoppedError: The process was asked to stop.
            LandmarkError: A file cannot be read or written.
        """
        self._resume()
        while not self._schedule.has_ended([result.validation_accuracy for result in self.history]):
            self._train_epoch()
            self._end_epoch()
        self._average.keep()
        # What the optimizer keeps may take as much memory as the weights. TensorFlow's functions refer to it
        # and to themselves.
        del self._variables, self._learning, self._optimizer, self._average
        gc.collect()

    def _resume(self) -> None:
        """Continue from the last checkpoint, if there is one."""
        found = horovod_step.from_rank_0(self._ranks, self._restore)
        if found is None:
            return
        horovod_step.broadcast_weights(self._variables)
        self._plateau, self.history = found.schedule, list(found.history)
        self._epoch = Epoch(found.epochs, found.steps)
        if found.steps:
            self._epoch.sums = np.array(found.sums[self._ranks.rank])
        logger.info(f"{self._name}: resuming after {found.epochs} epochs and {found.steps} steps")

    def _restore(self) -> Progress | None:
        found = self._recorder.restore(self._identity)
        if found is None:
            return None
        for variable, array in zip(self._variables, found.arrays.values(), strict=True):
            variable.assign(array)
        return found.progress

    def _train_epoch(self) -> None:
        """Train what is left of the epoch in progress."""
        settings, epoch = self._settings, self._epoch
        seed = keyed_draw(settings.rows.seed, "dropout", self._data.member, epoch.number, self._ranks.rank)
        set_dropout(self._feed.model, seed, epoch.steps)
        self._learning.begin(epoch.number, epoch.steps)
        self._backbone_factor.assign(self._schedule.backbone_factor(epoch.number))
        images = self._ranks.size * self._batch_size
        title = f"{self._name}, epoch {epoch.number + 1}/{settings.ending.epochs}"
        before: StepResult | None = None
        with progress(title, self._steps * images, "images", shown=self._shows_steps, kept=False) as display:
            display.update(epoch.steps * images)
            for result in self._step_results():
                # A step's numbers are read when the next one is under way, or a GPU would idle.
                stopping = before is not None and self._count(before, epoch.steps - 1)
                before = result
                loss, correct, seen = epoch.sums
                if seen:
                    means = f"loss {decimal(loss / seen)}, accuracy {decimal(correct / seen)}"
                    display.set_postfix_str(means, refresh=False)
                display.update(images)
                if stopping:
                    break
        if before is not None and self._count(before, epoch.steps):
            self._stop_now()

    def _step_results(self) -> Iterator[StepResult]:
        """Take the steps of the epoch in progress that are left; yield what each brings, unread."""
        epoch = self._epoch
        first_step = epoch.number == epoch.steps == 0
        batches = self._feed.training_batches(epoch.number, epoch.steps)
        began = time.perf_counter()
        for inputs, classes in self.watchdog.watch(batches, f"training rows of epoch {epoch.number + 1}"):
            epoch.waited += time.perf_counter() - began
            rate = self._schedule.rate(self._plateau, epoch.number, epoch.steps)
            self._optimizer.learning_rate.assign(rate)
            with self.watchdog.paused():
                result = self._learning.step(inputs, classes, asked_to_stop=self._stop.asked)
                if first_step:
                    self._learning.settle()
                    horovod_step.check_equal_weights(self._feed.model.weights, "after the first step")
                    first_step = False
            epoch.steps += 1
            epoch.trained += 1
            yield result
            epoch.seconds += time.perf_counter() - began
            began = time.perf_counter()

    def _count(self, result: StepResult, step: int) -> bool:
        """Add a step's numbers to the epoch's; return whether any rank was asked to stop.

        Raises:
            DivergedError: The loss is not finite.
        """
        epoch, loss = self._epoch, float(result.loss)
        if not math.isfinite(loss):
            with self.watchdog.paused():
                horovod_step.from_rank_0(self._ranks, lambda: self._recorder.diverged(self.history))
            kept = f"the checkpoint of epoch {epoch.number} is kept" if epoch.number else "no checkpoint yet"
            self._end(
                DivergedError(
                    f"{self._name}: loss became {loss} at step {step} of epoch {epoch.number + 1}; {kept};"
                    " try a lower --learning-rate"
                )
            )
        epoch.sums = epoch.sums + result.sums.numpy()
        epoch.averaging += float(result.allreduce_seconds)
        return float(result.stop) > 0

    def _end_epoch(self) -> None:
        """Check, record and leave the epoch that is done."""
        epoch = self._epoch
        self._learning.settle()
        horovod_step.check_equal_weights(self._feed.model.weights, f"after epoch {epoch.number + 1}")
        self._average.add(epoch.number)
        with self._average.in_place():
            self._record_epoch()
        accuracy = self.history[-1].training_accuracy
        self._plateau = self._schedule.after_epoch(self._plateau, epoch.number, accuracy)
        self._epoch = Epoch(epoch.number + 1)
        horovod_step.from_rank_0(self._ranks, lambda: self._recorder.checkpoint(lambda: self._checkpoint([])))

    def _record_epoch(self) -> None:
        """Measure and record the epoch that is done."""
        epoch, images = self._epoch, self._steps * self._batch_size * self._ranks.size
        loss, accuracy = _means(epoch.sums)
        validation_loss, validation_accuracy = _means(self._validate())
        bad_rows = int(horovod_step.sum_over_ranks(np.array([float(self._feed.bad_rows)]))[0])
        result = EpochResult(
            epoch=epoch.number + 1,
            passes=(self.history[-1].passes if self.history else 0.0) + images / self._data.rows,
            learning_rate=self._schedule.rate(self._plateau, epoch.number, epoch.steps - 1),
            training_loss=loss,
            training_accuracy=accuracy,
            validation_loss=validation_loss,
            validation_accuracy=validation_accuracy,
            images_per_second=epoch.share(images * epoch.trained / self._steps),
            input_wait=epoch.share(epoch.waited),
            allreduce=epoch.share(epoch.averaging),
            bad_rows=bad_rows,
        )
        self.history.append(result)
        horovod_step.from_rank_0(self._ranks, lambda: self._recorder.epoch_done(self.history))

    def _validate(self) -> Sums:
        sums = tf.zeros(3, tf.float64)
        what = f"validation rows of epoch {self._epoch.number + 1}"
        for inputs, classes in self.watchdog.watch(self._feed.validation_batches(), what):
            with self.watchdog.paused():
                sums += self._validation_step(inputs, classes)
        return np.asarray(sums)

    def _stop_now(self) -> NoReturn:
        """Record the point within the epoch, and end."""
        self._learning.settle()
        sums = horovod_step.gather(self._epoch.sums).tolist()
        horovod_step.from_rank_0(
            self._ranks, lambda: self._recorder.stopped(self.history, lambda: self._checkpoint(sums))
        )
        self._end(
            StoppedError(f" after step {self._epoch.steps} of epoch {self._epoch.number + 1} of {self._name}")
        )

    def _end(self, error: LandmarkError) -> NoReturn:
        """End on all ranks, which all have the same error; rank 0 reports it."""
        raise error if self._ranks.is_chief else AnotherRankError(str(error))

    def _checkpoint(self, sums: list[list[float]]) -> Checkpoint:
        epoch = self._epoch
        arrays = {
            f"variable {n}": horovod_step.values_of(variable) for n, variable in enumerate(self._variables)
        }
        point = Progress(epoch.number, epoch.steps, self._plateau, list(self.history), sums)
        return Checkpoint(self._identity, point, arrays)

    @property
    def _identity(self) -> Identity:
        data = self._data
        chosen = {"class_sample": data.class_share(self._settings), "batch_size": self._batch_size}
        settings = {**self._settings.identity, **chosen}
        return Identity(data.fingerprint, data.member, self._ranks.size, settings)


def _means(sums: Sums) -> tuple[float, float]:
    """Return mean loss and accuracy over all ranks."""
    loss, correct, images = map(float, horovod_step.sum_over_ranks(sums))
    return loss / images, correct / images
