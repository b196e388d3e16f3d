"""Trials with nothing freed: a head trained on features in memory, by the code that trains members."""

import math

import keras
import numpy as np
from numpy.typing import NDArray

from landmark_lib.errors import PrunedError, StoppedError
from landmark_lib.settings import TrainSettings
from landmark_lib.training.history import best_epoch
from landmark_lib.training.horovod_step import Ranks
from landmark_lib.training.member_data import MemberData
from landmark_lib.training.member_training import MemberTraining
from landmark_lib.training.model_directory import MemberFiles
from landmark_lib.training.signals import StopSignal
from landmark_lib.training.step import StepResult
from landmark_lib.tuning.answers import answers_of
from landmark_lib.tuning.features_in_memory import MemoryFeed
from landmark_lib.tuning.outcomes import DIVERGED, Outcome, Report, ended_after


def train_head(
    settings: TrainSettings, data: MemberData, feed: MemoryFeed, stop: StopSignal, report: Report
) -> Outcome:
    """Train a head on one member's features; nothing is written.

    Raises:
        PrunedError: The trial is not worth going on with, or its loss is no number.
        StoppedError: The process was asked to stop.
    """
    keras.backend.clear_session()  # of the trial before
    feed.begin(settings)
    training = _HeadTraining(settings, data, feed, stop, report)
    training.run_epochs(MemberFiles(settings, data))
    accuracy = best_epoch(training.history).validation_accuracy
    return accuracy, answers_of(feed.logits(training.best_weights))


class _HeadTraining(MemberTraining):
    """The training of a member that reports its epochs in the place of writing them."""

    shows_steps = False

    def __init__(
        self, settings: TrainSettings, data: MemberData, feed: MemoryFeed, stop: StopSignal, report: Report
    ) -> None:
        super().__init__(settings, data, Ranks(0, 1, 0), feed, stop, say=lambda _: None)
        self._report = report
        self.best_weights: list[NDArray[np.float32]] = []

    def run_epochs(self, files: MemberFiles) -> None:
        while not self.ended:
            self._train_epoch(files)
            self._end_epoch(files)

    def _look_at(self, result: StepResult, step: int) -> bool:
        loss = float(result.loss)
        if not math.isfinite(loss):
            raise PrunedError(f"{DIVERGED}{loss} since step {step} of epoch {self.epoch.number + 1}")
        return super()._look_at(result, step)

    def _stop_now(self, files: MemberFiles) -> None:  # noqa: ARG002 - nothing is written
        raise StoppedError

    def _save(self, files: MemberFiles) -> None:  # noqa: ARG002 - nothing is written
        result = self.history[-1]
        if best_epoch(self.history) is result:
            self.best_weights = self.feed.model.get_weights()
        if self._report(result.epoch, result.validation_accuracy):
            raise ended_after(result.epoch)
