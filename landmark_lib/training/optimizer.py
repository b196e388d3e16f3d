"""The optimizer of a member, whose steps for the backbone may be smaller than those for the head."""

from collections.abc import Iterable
from typing import Any

import keras
import tensorflow as tf

from landmark_lib.settings import TrainSettings

FP16 = "mixed_float16"


def member_optimizer(
    settings: TrainSettings, backbone: Iterable[keras.Variable], factor: tf.Variable
) -> keras.optimizers.Optimizer:
    """Return the optimizer of a member, to be built on the variables that are trained.

    Args:
        settings: The member's.
        backbone: Trained variables of the backbone.
        factor: What the learning rate is multiplied by for these; it may change between steps.
    """
    rate = settings.learning.learning_rate  # of the first step; each step sets its own
    if settings.learning.optimizer == "adam":
        optimizer = _Adam(rate)
    else:
        optimizer = _SGD(rate, momentum=settings.learning.momentum)
    optimizer.slow_down(backbone, factor)
    # 16-bit gradients vanish unless the loss is scaled up.
    return keras.optimizers.LossScaleOptimizer(optimizer) if settings.network.precision == FP16 else optimizer


class _SlowerForSome(keras.optimizers.Optimizer):  # type: ignore[misc]
    """An optimizer whose learning rate is multiplied by a factor for some variables.

    Smaller gradients would do for SGD, but Adam does not see their size.
    """

    def slow_down(self, variables: Iterable[keras.Variable], factor: tf.Variable) -> None:
        """Multiply the learning rate of some variables by a factor."""
        self._slower, self._factor = {self._var_key(variable) for variable in variables}, factor

    def update_step(self, gradient: tf.Tensor, variable: Any, learning_rate: tf.Tensor) -> None:
        """Change one variable."""
        slower = self._var_key(variable) in self._slower
        super().update_step(gradient, variable, learning_rate * self._factor if slower else learning_rate)


class _SGD(_SlowerForSome, keras.optimizers.SGD):  # type: ignore[misc]
    """Stochastic gradient descent with momentum."""


class _Adam(_SlowerForSome, keras.optimizers.Adam):  # type: ignore[misc]
    """Adam."""
