"""Trials in this process, on what the frozen layers return, by the code that trains members."""

from collections.abc import Callable, Sequence
from typing import Protocol

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from landmark_lib.errors import DivergedError, PrunedError
from landmark_lib.method.similarity import statistics_of_rows
from landmark_lib.predictions import Predictions
from landmark_lib.settings import TrainSettings
from landmark_lib.settings.train import WITH_SIMILARITY
from landmark_lib.training.checkpoint import Checkpoint, Identity
from landmark_lib.training.features import FeatureFeed
from landmark_lib.training.feed import Feed
from landmark_lib.training.history import EpochResult, best_epoch
from landmark_lib.training.horovod_step import Ranks
from landmark_lib.training.member_data import MemberData
from landmark_lib.training.member_training import MemberTraining
from landmark_lib.training.model import with_similarity
from landmark_lib.training.signals import StopSignal
from landmark_lib.tuning.outcomes import Outcome, Report, pruned_after
from landmark_lib.tuning.trial_predictions import first_predictions


class TrialFeed(Feed, Protocol):
    """What a trial trains, and what it is fed."""

    def predictions(self, weights: Sequence[NDArray[np.float32]]) -> Predictions:
        """Return what a model with these weights predicts for the hold-out."""


class TailFeed(FeatureFeed):
    """The last layers and the head of a trial, fed from files."""

    def predictions(self, weights: Sequence[NDArray[np.float32]]) -> Predictions:
        """Return what a model with these weights predicts for the hold-out."""
        self.model.set_weights(weights)
        model = self.model
        if self._settings.network.head == WITH_SIMILARITY:
            rows = self.training_features(lambda: self.whole_model().get_weights())
            model = with_similarity(model, statistics_of_rows(rows, len(self._data.landmark_ids)))
        run = tf.function(model, reduce_retracing=True)
        batches = self.hold_out(Ranks(0, 1, 0))
        return Predictions.join(
            [first_predictions(run(outputs, training=False).numpy()) for _, _, outputs in batches]
        )


def train_in_process(
    settings: TrainSettings,
    data: MemberData,
    new_feed: Callable[[], TrialFeed],
    stop: StopSignal,
    report: Report,
) -> Outcome:
    """Train what a trial trains of one member's network; no model is written.

    Raises:
        NoSpaceError: The disk cannot hold the features that `new_feed` computes.
        PrunedError: The trial is not worth continuing, or its loss is not finite.
        StoppedError: The process was asked to stop.
    """
    keras.backend.clear_session()  # of the trial before
    feed = new_feed()
    recorder = _TrialRecorder(feed.model, report)
    training = MemberTraining(settings, data, Ranks(0, 1, 0), feed, stop, recorder, shows_steps=False)
    try:
        training.run()
    except DivergedError as error:
        raise PrunedError(str(error)) from None
    accuracy = best_epoch(training.history).validation_accuracy
    return accuracy, feed.predictions(recorder.best_weights)


class _TrialRecorder:
    """Reports the epochs of a trial, and keeps the weights of the best in memory."""

    def __init__(self, model: keras.Model, report: Report) -> None:
        self._model, self._report = model, report
        self.best_weights: list[NDArray[np.float32]] = []

    def restore(self, identity: Identity) -> None:
        pass

    def epoch_done(self, history: Sequence[EpochResult]) -> None:
        result = history[-1]
        if best_epoch(history) is result:
            self.best_weights = self._model.get_weights()
        if self._report(result.epoch, result.validation_accuracy):
            raise pruned_after(result.epoch)

    def checkpoint(self, checkpoint: Callable[[], Checkpoint]) -> None:
        pass

    def stopped(self, history: Sequence[EpochResult], checkpoint: Callable[[], Checkpoint]) -> None:
        pass

    def diverged(self, history: Sequence[EpochResult]) -> None:
        pass
