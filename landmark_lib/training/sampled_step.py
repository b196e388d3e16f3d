"""One step of training that looks at a sample of the classes, as TensorFlow functions.

Each rank has some of the sampled classes, and the features of all ranks' rows.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from landmark_lib.training import horovod_step
from landmark_lib.training.horovod_step import Ranks


class Pair(NamedTuple):
    """A variable with a row for each class, and one with a row for each of this rank's sampled classes."""

    of_classes: keras.Variable
    of_sample: keras.Variable


class Sampled(NamedTuple):
    """The sample of a step on this rank, as tensors.

    Attributes:
        classes: Class indices in ascending order, (size,) int32.
        corrections: What is added to the logits of each, (size,) float32.
        positions: Position in `classes` of the class of each row of all ranks; -1 for those of other ranks.
        row_weights: Loss weight of each row of all ranks, (rows of all,) float32.
    """

    classes: tf.Tensor
    corrections: tf.Tensor
    positions: tf.Tensor
    row_weights: tf.Tensor


class SampledResult(NamedTuple):
    """The numbers of a step.

    Attributes:
        sums: Summed loss, correct predictions and images of this rank's batch, (3,) float64.
        loss: Mean loss over the rows of all ranks, float32.
        seconds: Time of communication, float64.
    """

    sums: tf.Tensor
    loss: tf.Tensor
    seconds: tf.Tensor


class _Softmax(NamedTuple):
    """The softmax over the sampled classes of all ranks.

    Attributes:
        log_sums: Logarithm of the sum of exponentials, (rows of all,).
        losses: Cross-entropy, (rows of all,).
        right: Whether no sampled class is more likely than the true one, (rows of all,).
    """

    log_sums: tf.Tensor
    losses: tf.Tensor
    right: tf.Tensor


class SampledStep:
    """The function of a step."""

    def __init__(
        self,
        inner: keras.Model,
        optimizer: keras.optimizers.Optimizer,
        pairs: Sequence[Pair],
        ranks: Ranks,
        *,
        l2: float,
        fp16_gradients: bool,
        timed: bool,
    ) -> None:
        """Begin.

        Args:
            inner: From inputs to the features that the head takes.
            optimizer: Built on the trained weights of `inner`, and the kernel and bias of the sample.
            pairs: Those of the kernel, of the bias, and of what the optimizer keeps of both.
            ranks: This rank's place.
            l2: Weight penalty on the kernel's rows of the sampled classes.
            fp16_gradients: Send gradients of `inner` as 16-bit floats.
            timed: Measure the time of communication; TensorFlow's deterministic mode has no clock.
        """
        self._inner, self._optimizer, self._pairs, self._ranks = inner, optimizer, pairs, ranks
        self._l2, self._fp16 = l2, fp16_gradients
        self._now = tf.timestamp if timed else lambda: tf.constant(0.0, tf.float64)
        self._kernel, self._bias = pairs[0].of_sample, pairs[1].of_sample
        self._run = tf.function(self._learn, autograph=False)

    def __call__(self, inputs: tf.Tensor, sample: Sampled) -> SampledResult:
        """Learn from a batch."""
        return self._run(inputs, sample)  # type: ignore[no-any-return]

    def _learn(self, inputs: tf.Tensor, sample: Sampled) -> SampledResult:
        for whole, small in self._pairs:
            small.assign(tf.gather(whole.value, sample.classes))
        # Read once for all that needs it. TensorFlow's graph optimizer may let a second reading, which only
        # the gradients of other variables need, happen after the kernel has changed.
        kernel = tf.convert_to_tensor(self._kernel.value)
        with tf.GradientTape() as tape:
            features = self._inner(inputs, training=True)
            penalties = tf.add_n([tf.constant(0.0), *self._inner.losses])
        of_all, gathering = self._rows_of_all(tf.cast(features, tf.float32), "features")
        logits = tf.matmul(of_all, kernel, transpose_b=True) + self._bias.value
        softmax, exchanging = self._softmax(logits, sample)
        scale = self._optimizer.scale_loss(tf.constant(1.0))
        errors = scale * _errors(logits, softmax, sample)
        others = self._inner.trainable_variables
        of_others: list[tf.Tensor] = []
        averaging = tf.constant(0.0, tf.float64)
        if others:
            of_rows = horovod_step.rows_of_rank(tf.matmul(errors, kernel), self._ranks)
            # Averaged over the ranks below; the errors are those of the mean over the rows of all.
            upstream = [tf.cast(self._ranks.size * of_rows, features.dtype), scale]
            found = tape.gradient([features, penalties], [each.value for each in others], upstream)
            of_others, averaging = self._timed(
                lambda: horovod_step.average_gradients(found, fp16=self._fp16), found
            )
        # Of the others, each stands for those that were not drawn.
        penalty = 2 * self._l2 * scale * tf.exp(sample.corrections)[:, tf.newaxis] * kernel
        of_kernel = tf.matmul(errors, of_all, transpose_a=True) + penalty
        of_bias = tf.reduce_sum(errors, axis=0) + self._nan_if_any_rank_overflows(of_kernel)
        self._optimizer.apply([*of_others, of_kernel, of_bias], [*others, self._kernel, self._bias])
        for whole, small in self._pairs:
            whole.value.scatter_update(tf.IndexedSlices(small.value, sample.classes))
        loss = tf.reduce_mean(softmax.losses * sample.row_weights)
        return SampledResult(self._sums(softmax), loss, gathering + exchanging + averaging)

    def _softmax(self, logits: tf.Tensor, sample: Sampled) -> tuple[_Softmax, tf.Tensor]:
        """Return the softmax of all ranks' logits, and the time of communication."""
        corrected = logits + sample.corrections
        highest = tf.reduce_max(corrected, axis=1)
        sums = tf.reduce_sum(tf.exp(corrected - highest[:, tf.newaxis]), axis=1)
        own = tf.gather(logits, tf.maximum(sample.positions, 0), batch_dims=1)
        true = tf.where(sample.positions >= 0, own, -np.inf)
        numbers = tf.stack([highest, sums, tf.reduce_max(logits, axis=1), true])
        # (1, 4, rows of all) of each rank -> (ranks, 4, rows of all), combined in the same order on each
        parts, seconds = self._rows_of_all(numbers[tf.newaxis], "softmax")
        tops, sums, firsts, truths = tf.unstack(parts, axis=1)
        top, first, truth = (tf.reduce_max(each, axis=0) for each in (tops, firsts, truths))
        log_sums = top + tf.math.log(tf.reduce_sum(sums * tf.exp(tops - top), axis=0))
        return _Softmax(log_sums, log_sums - truth, truth >= first), seconds

    def _nan_if_any_rank_overflows(self, gradient: tf.Tensor) -> tf.Tensor:
        """Return 0; NaN on all ranks if a gradient is not finite on one, so that all skip the step."""
        if not isinstance(self._optimizer, keras.optimizers.LossScaleOptimizer):
            return tf.constant(0.0)  # nothing skips steps
        return horovod_step.mean(tf.reduce_sum(gradient * 0.0))

    def _sums(self, softmax: _Softmax) -> tf.Tensor:
        """Return the sums of this rank's rows."""
        rows = tf.size(softmax.losses) // self._ranks.size
        own = slice(self._ranks.rank * rows, (self._ranks.rank + 1) * rows)
        sums = (tf.reduce_sum(softmax.losses[own]), tf.math.count_nonzero(softmax.right[own]), rows)
        return tf.stack([tf.cast(value, tf.float64) for value in sums])

    def _rows_of_all(self, values: tf.Tensor, name: str) -> tuple[tf.Tensor, tf.Tensor]:
        return self._timed(lambda: horovod_step.rows_of_all(values, name), [values])

    def _timed(self, communicate: Callable[[], Any], inputs: Sequence[tf.Tensor]) -> tuple[Any, tf.Tensor]:
        """Return what the ranks exchange, and the time from this rank's inputs to it."""
        with tf.control_dependencies(inputs):
            begin = self._now()
        with tf.control_dependencies([begin]):
            result = communicate()
        with tf.control_dependencies(tf.nest.flatten(result)):
            end = self._now()
        return result, end - begin


def _errors(logits: tf.Tensor, softmax: _Softmax, sample: Sampled) -> tf.Tensor:
    """Return the gradient of the mean loss in this rank's logits, (rows of all, size)."""
    predicted = tf.exp(logits + sample.corrections - softmax.log_sums[:, tf.newaxis])
    expected = tf.one_hot(sample.positions, tf.size(sample.classes))  # zeros for classes of other ranks
    weights = sample.row_weights / tf.cast(tf.size(sample.positions), tf.float32)
    return (predicted - expected) * weights[:, tf.newaxis]
