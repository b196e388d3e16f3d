"""How a network learns from batches: from all classes in each step, or from a sample of many."""

from collections.abc import Sequence
from typing import Protocol

import keras
import tensorflow as tf

from landmark_lib.settings import TrainSettings
from landmark_lib.training.arcface import logits_with_margin
from landmark_lib.training.horovod_step import Ranks
from landmark_lib.training.member_data import MemberData
from landmark_lib.training.sampled_head import SampledHead, StepOptions
from landmark_lib.training.step import StepResult, TrainingStep, training_step


class Learning(Protocol):
    """How a network learns from batches.

    Attributes:
        variables: What it changes besides the model's weights, the same on all ranks after `settle`.
    """

    variables: Sequence[keras.Variable]

    def begin(self, epoch: int, steps_done: int) -> None:
        """Begin an epoch, or resume it after some steps."""

    def step(self, inputs: tf.Tensor, classes: tf.Tensor, *, asked_to_stop: bool) -> StepResult:
        """Learn from a batch."""

    def settle(self) -> None:
        """Make the model and `variables` the same on all ranks, and ready to be read."""


class AllClasses:
    """Steps that look at all classes; every rank computes all of them.

    Attributes:
        variables: Those of the optimizer.
    """

    def __init__(self, step: TrainingStep, optimizer: keras.optimizers.Optimizer) -> None:
        """Begin with the function of a step and its optimizer."""
        self.step = step
        self.variables = optimizer.variables

    def begin(self, epoch: int, steps_done: int) -> None:
        """Begin an epoch: nothing depends on it."""

    def settle(self) -> None:
        """Leave all as it is: the ranks are equal after every step."""


def learning(
    model: keras.Model,
    optimizer: keras.optimizers.Optimizer,
    settings: TrainSettings,
    data: MemberData,
    ranks: Ranks,
) -> Learning:
    """Return how a member's network learns.

    Args:
        model: As `Feed.model` has it.
        optimizer: Not yet built.
        settings: The member's.
        data: The member's.
        ranks: This rank's place.
    """
    class_weights, fp16_gradients = data.class_weights(settings), settings.learning.fp16_gradients
    share, timed = data.class_share(settings), not settings.run.deterministic
    if share < 1:
        options = StepOptions(
            share,
            data.batch_size(settings, ranks.size),
            lambda epoch, step, rank: data.sample_seed(settings, epoch, step, rank),
            class_weights,
            fp16_gradients,
            timed,
        )
        return SampledHead(model, optimizer, options, ranks)
    optimizer.build(model.trainable_variables)
    step = training_step(
        model,
        optimizer,
        class_weights=class_weights,
        with_margin=logits_with_margin(settings, data.class_rows),
        fp16_gradients=fp16_gradients,
        timed=timed,
    )
    return AllClasses(step, optimizer)
