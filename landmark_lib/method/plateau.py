"""When the learning rate falls (step 7 of the method)."""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class PlateauSettings:
    """When the training accuracy counts as flat, and what happens then.

    Attributes:
        factor: What the learning rate is multiplied with, between 0 and 1; 0.2 is the paper's.
        patience: Epochs in a row without an improvement that make a plateau.
        min_delta: An improvement is a gain in accuracy of more than this.
        floor: The learning rate is not lowered below this.
    """

    factor: float = 0.2
    patience: int = 2
    min_delta: float = 0.001
    floor: float = 1e-6

    def __post_init__(self) -> None:
        if not 0 < self.factor < 1:
            raise ValueError(f"expected a factor between 0 and 1, received factor={self.factor}")
        if self.patience < 1:
            raise ValueError(f"expected a patience of at least 1, received patience={self.patience}")
        for name in ("min_delta", "floor"):
            value = getattr(self, name)
            # Said this way round, NaN is refused too.
            if not value >= 0:
                raise ValueError(f"expected {name} of at least 0, received {name}={value}")


@dataclass(frozen=True)
class PlateauState:
    """What has to be remembered from epoch to epoch, and in a checkpoint.

    Attributes:
        learning_rate: Rate for the next epoch.
        best: Best accuracy so far.
        waited: Epochs since the last improvement or fall of the rate.
    """

    learning_rate: float
    best: float = -math.inf
    waited: int = 0


def after_epoch(state: PlateauState, accuracy: float, settings: PlateauSettings) -> PlateauState:
    """Give the state after an epoch that reached this training accuracy.

    Raises:
        ValueError: The accuracy is not a number.
    """
    if math.isnan(accuracy):
        raise ValueError(f"expected an accuracy, received {accuracy}")
    if accuracy > state.best + settings.min_delta:
        return PlateauState(state.learning_rate, accuracy)
    if state.waited + 1 < settings.patience:
        return PlateauState(state.learning_rate, state.best, state.waited + 1)
    # A rate that started below the floor stays where it is.
    lowered = max(state.learning_rate * settings.factor, settings.floor)
    return PlateauState(min(lowered, state.learning_rate), state.best)
