"""The learning rate of each step, and when training ends (step 7 of the method).

The rate rises during the first epochs if there are many ranks, drops when the training accuracy is flat, and
training may end when the validation accuracy is.

Source of the warm-up: Goyal et al., "Accurate, Large Minibatch SGD" (2017), section 2.2, gradual warm-up:
from the rate of one rank to that rate multiplied by the number of ranks.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

AVERAGING_POWER = 2  # epoch n counts about n**2 in the average of weights


@dataclass(frozen=True)
class Plateau:
    """When the training accuracy counts as flat, and what happens then.

    Attributes:
        factor: What the learning rate is multiplied by, between 0 and 1; 0.2 is the paper's.
        patience: Epochs in a row without an improvement that make a plateau.
        min_delta: An improvement is a gain in accuracy of more than this.
        min_lr: The learning rate is not lowered below this.
    """

    factor: float = 0.2
    patience: int = 2
    min_delta: float = 0.001
    min_lr: float = 1e-6

    def __post_init__(self) -> None:
        if not 0 < self.factor < 1:
            raise ValueError(f"expected a factor between 0 and 1, received factor={self.factor}")
        if self.patience < 1:
            raise ValueError(f"expected a patience of at least 1, received patience={self.patience}")
        for name in ("min_delta", "min_lr"):
            value = getattr(self, name)
            # Written this way round, NaN is refused too.
            if not value >= 0:
                raise ValueError(f"expected {name} of at least 0, received {name}={value}")


@dataclass(frozen=True)
class PlateauState:
    """What the schedule remembers from epoch to epoch, and in a checkpoint.

    Attributes:
        learning_rate: Rate of one rank for the next epoch.
        best: Best training accuracy so far.
        waited: Epochs since the last improvement or drop of the rate.
    """

    learning_rate: float
    best: float = -math.inf
    waited: int = 0


@dataclass(frozen=True)
class Schedule:
    """The schedule of one training.

    Attributes:
        plateau: When the rate drops, and how far.
        scale: What the rate of one rank is multiplied by; the number of ranks, or 1.
        steps: Steps of an epoch.
        warmup_epochs: Epochs until the rate is multiplied in full.
        epochs: Epochs after which training ends.
        early_stop_patience: Epochs without better validation accuracy after which it ends; 0 for never.
        head_epochs: Epochs at the beginning in which only the head learns.
        backbone_lr_factor: What the rate is multiplied by for the backbone, afterwards.
    """

    plateau: Plateau
    scale: int
    steps: int
    warmup_epochs: int
    epochs: int
    early_stop_patience: int
    head_epochs: int = 0
    backbone_lr_factor: float = 1.0

    def rate(self, state: PlateauState, epoch: int, step: int) -> float:
        """Return the learning rate of a step, both counted from 0."""
        steps_done = epoch * self.steps + step
        return warm_up_rate(state.learning_rate, self.scale, steps_done, self.warmup_epochs * self.steps)

    def backbone_factor(self, epoch: int) -> float:
        """Return what the learning rate of an epoch, from 0, is multiplied by for the backbone.

        Source of training the head first: Kumar et al., "Fine-Tuning can Distort Pretrained Features and
        Underperform Out-of-Distribution" (2022).
        """
        return self.backbone_lr_factor if epoch >= self.head_epochs else 0.0

    def after_epoch(self, state: PlateauState, epoch: int, accuracy: float) -> PlateauState:
        """Return the state after an epoch, from 0, that reached this training accuracy."""
        warming_up = self.scale > 1 and epoch < self.warmup_epochs
        return state if warming_up else after_epoch(state, accuracy, self.plateau)

    def has_ended(self, accuracies: Sequence[float]) -> bool:
        """Return whether training ends after epochs with these validation accuracies."""
        return len(accuracies) >= self.epochs or stops_early(accuracies, self.early_stop_patience)


def warm_up_rate(rate: float, scale: float, steps_done: int, warmup_steps: int) -> float:
    """Return the learning rate of a step.

    Args:
        rate: Learning rate of one rank.
        scale: What it is multiplied by after the warm-up.
        steps_done: Steps before this one, since training began.
        warmup_steps: Steps of the warm-up; 0 for none.
    """
    share = 1.0 if steps_done >= warmup_steps else steps_done / warmup_steps
    return rate * (1 + (scale - 1) * share)


def share_in_average(epoch: int) -> float:
    """Return the share of the weights of an epoch, from 0, in their average over the epochs so far.

    Of many epochs n, the last counts about 3 / n, and all before the middle together an eighth.

    Source: Shamir & Zhang, "Stochastic Gradient Descent for Non-smooth Optimization" (2013), polynomial-decay
    averaging, with 2; Izmailov et al., "Averaging Weights Leads to Wider Optima and Better Generalization"
    (2018), for averages over ends of epochs.

    >>> [share_in_average(epoch) for epoch in range(3)]
    [1.0, 0.75, 0.6]
    """
    return (AVERAGING_POWER + 1) / (epoch + 1 + AVERAGING_POWER)


def after_epoch(state: PlateauState, accuracy: float, plateau: Plateau) -> PlateauState:
    """Return the state after an epoch that reached this training accuracy.

    Raises:
        ValueError: The accuracy is NaN.
    """
    if math.isnan(accuracy):
        raise ValueError(f"expected an accuracy, received {accuracy}")
    if accuracy > state.best + plateau.min_delta:
        return PlateauState(state.learning_rate, accuracy)
    if state.waited + 1 < plateau.patience:
        return PlateauState(state.learning_rate, state.best, state.waited + 1)
    # A rate that started below the bound stays where it is.
    lowered = max(state.learning_rate * plateau.factor, plateau.min_lr)
    return PlateauState(min(lowered, state.learning_rate), state.best)


def stops_early(accuracies: Sequence[float], patience: int) -> bool:
    """Return whether the last `patience` epochs brought no better validation accuracy; 0 never stops."""
    if not patience or not accuracies:
        return False
    return len(accuracies) - 1 - accuracies.index(max(accuracies)) >= patience
