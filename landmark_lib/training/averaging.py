"""Trained weights averaged over the ends of epochs; they do better than those of a single epoch."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import keras

from landmark_lib.method.schedule import share_in_average


class AveragedWeights:
    """The average of some weights over the epochs so far, in which later epochs count more.

    Attributes:
        variables: The averages, a part of every checkpoint.
    """

    def __init__(self, weights: Sequence[keras.Variable]) -> None:
        """Begin with no epoch.

        Args:
            weights: The weights to average; none to average nothing.
        """
        self._weights = weights
        self.variables = [keras.Variable(weight.value, trainable=False) for weight in weights]

    def add(self, epoch: int) -> None:
        """Add the current weights, those at the end of an epoch, from 0."""
        share = share_in_average(epoch)
        for average, weight in zip(self.variables, self._weights, strict=True):
            average.assign(average.value + share * (weight.value - average.value))

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Have the network use the averages for a while."""
        self._exchange()
        yield
        self._exchange()

    def keep(self) -> None:
        """Have the network use the averages from now on."""
        for average, weight in zip(self.variables, self._weights, strict=True):
            weight.assign(average.value)

    def _exchange(self) -> None:
        for average, weight in zip(self.variables, self._weights, strict=True):
            current = weight.value.read_value()
            weight.assign(average.value)
            average.assign(current)
