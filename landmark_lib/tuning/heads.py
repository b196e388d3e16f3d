"""Trials with a frozen backbone: a head trained on features in memory, by the code that trains members."""

from collections.abc import Callable, Sequence

import keras
import numpy as np
from numpy.typing import NDArray

from landmark_lib.errors import DivergedError, PrunedError
from landmark_lib.settings import TrainSettings
from landmark_lib.training.checkpoint import Checkpoint, Identity
from landmark_lib.training.history import EpochResult, best_epoch
from landmark_lib.training.horovod_step import Ranks
from landmark_lib.training.member_data import MemberData
from landmark_lib.training.member_training import MemberTraining
from landmark_lib.training.signals import StopSignal
from landmark_lib.tuning.features_in_memory import MemberFeatures, MemoryFeed
from landmark_lib.tuning.outcomes import Outcome, Report, pruned_after
from landmark_lib.tuning.trial_predictions import first_predictions


def train_head(
    settings: TrainSettings, data: MemberData, features: MemberFeatures, stop: StopSignal, report: Report
) -> Outcome:
    """Train a head on one member's features; nothing is written.

    Raises:
        PrunedError: The trial is not worth continuing, or its loss is not finite.
        StoppedError: The process was asked to stop.
    """
    keras.backend.clear_session()  # of the trial before
    feed = MemoryFeed(settings, features)
    recorder = _TrialRecorder(feed.model, report)
    training = MemberTraining(settings, data, Ranks(0, 1, 0), feed, stop, recorder, shows_steps=False)
    try:
        training.run()
    except DivergedError as error:
        raise PrunedError(str(error)) from None
    accuracy = best_epoch(training.history).validation_accuracy
    return accuracy, first_predictions(feed.logits(recorder.best_weights))


class _TrialRecorder:
    """Reports the epochs of a trial, and keeps the weights of the best in memory."""

    def __init__(self, model: keras.Model, report: Report) -> None:
        self._model, self._report = model, report
        self.best_weights: list[NDArray[np.float32]] = []

    def restore(self, identity: Identity) -> None:
        pass

    def epoch_done(self, history: Sequence[EpochResult], checkpoint: Callable[[], Checkpoint]) -> None:  # noqa: ARG002 - nothing is written
        result = history[-1]
        if best_epoch(history) is result:
            self.best_weights = self._model.get_weights()
        if self._report(result.epoch, result.validation_accuracy):
            raise pruned_after(result.epoch)

    def stopped(self, history: Sequence[EpochResult], checkpoint: Callable[[], Checkpoint]) -> None:
        pass

    def diverged(self, history: Sequence[EpochResult]) -> None:
        pass
