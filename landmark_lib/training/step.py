"""One step of training and one of validation, as TensorFlow functions."""

from collections.abc import Callable
from typing import NamedTuple, Protocol

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from landmark_lib.training.arcface import LogitsWithMargin
from landmark_lib.training.horovod_step import average_gradients, mean


class StepResult(NamedTuple):
    """The numbers of a training step.

    Attributes:
        sums: Summed loss, correct predictions and images of this rank's batch, (3,) float64.
        loss: Mean loss over the ranks, NaN if it is NaN on any of them; float32.
        stop: Share of the ranks that were asked to stop, float32.
        allreduce_seconds: Time between this rank's last gradient and the averages, float64.
    """

    sums: tf.Tensor
    loss: tf.Tensor
    stop: tf.Tensor
    allreduce_seconds: tf.Tensor


class TrainingStep(Protocol):
    """A function that learns from a batch: images, class indices, and whether this rank was asked to stop."""

    def __call__(self, images: tf.Tensor, classes: tf.Tensor, *, asked_to_stop: bool) -> StepResult:
        """Learn from a batch."""


# From images and class indices of a batch to summed loss, correct predictions and images, (3,) float64.
ValidationStep = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]


def training_step(
    model: keras.Model,
    optimizer: keras.optimizers.Optimizer,
    *,
    class_weights: NDArray[np.float32] | None = None,
    with_margin: LogitsWithMargin | None = None,
    fp16_gradients: bool = False,
    timed: bool = True,
) -> TrainingStep:
    """Return the step that learns from a batch, with the gradients averaged over the ranks.

    Args:
        model: Returns logits.
        optimizer: Built on the model's trainable variables.
        class_weights: Per-class loss weights, (classes,). The reported loss is not weighted, so that it can
            be compared with that of validation.
        with_margin: Makes the logits to learn from, if not the model's. The reported loss and accuracy are
            of the model's.
        fp16_gradients: Send gradients as 16-bit floats.
        timed: Measure the time of averaging; TensorFlow's deterministic mode has no clock.
    """
    now = tf.timestamp if timed else lambda: tf.constant(0.0, tf.float64)

    @tf.function  # type: ignore[untyped-decorator]
    def step(images: tf.Tensor, classes: tf.Tensor, asked_to_stop: tf.Tensor) -> StepResult:
        with tf.GradientTape() as tape:
            logits = model(images, training=True)
            losses = _cross_entropy(classes, logits)
            learned = losses
            if with_margin is not None:
                learned = _cross_entropy(classes, with_margin(logits, classes))
            weighted = learned if class_weights is None else learned * tf.gather(class_weights, classes)
            loss = tf.reduce_mean(weighted) + tf.add_n([tf.constant(0.0), *model.losses])
            scaled = optimizer.scale_loss(loss)
        weights = model.trainable_variables
        gradients = tape.gradient(scaled, [variable.value for variable in weights])
        with tf.control_dependencies(gradients):
            begin = now()
        # All ranks receive the same values in the same step, so they stop together.
        shared = tf.stack([loss, tf.cast(asked_to_stop, tf.float32)])
        with tf.control_dependencies([begin]):
            averages = average_gradients(gradients, fp16=fp16_gradients)
            agreed = mean(shared)
        with tf.control_dependencies([*averages, agreed]):
            end = now()
        optimizer.apply(averages, weights)
        return StepResult(_sums(classes, logits, losses), agreed[0], agreed[1], end - begin)

    def step_of_rank(images: tf.Tensor, classes: tf.Tensor, *, asked_to_stop: bool) -> StepResult:
        return step(images, classes, tf.constant(asked_to_stop))  # type: ignore[no-any-return]

    return step_of_rank


def validation_step(model: keras.Model) -> ValidationStep:
    """Return the step that only measures a batch, of any number of rows."""
    # The last batch is smaller than the others; one trace serves all.
    signature = [tf.TensorSpec(model.input_shape, model.input.dtype), tf.TensorSpec((None,), tf.int32)]

    @tf.function(input_signature=signature)  # type: ignore[untyped-decorator]
    def step(images: tf.Tensor, classes: tf.Tensor) -> tf.Tensor:
        logits = model(images, training=False)
        return _sums(classes, logits, _cross_entropy(classes, logits))

    return step  # type: ignore[no-any-return]


def _cross_entropy(classes: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    return tf.nn.sparse_softmax_cross_entropy_with_logits(classes, logits)


def _sums(classes: tf.Tensor, logits: tf.Tensor, losses: tf.Tensor) -> tf.Tensor:
    correct = tf.equal(tf.argmax(logits, axis=-1, output_type=classes.dtype), classes)
    sums = (tf.reduce_sum(losses), tf.math.count_nonzero(correct), tf.size(classes))
    return tf.stack([tf.cast(value, tf.float64) for value in sums])
