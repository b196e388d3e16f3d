"""Figures 5 and 6 of the paper: how a member learned, epoch by epoch."""

import io
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

TRAINING, VALIDATION, DROP = "#2463a8", "#c2571a", "#808080"
SIZE = (7.0, 6.0)  # inches
DOTS = 110  # an inch


@dataclass(frozen=True)
class Curves:
    """What is drawn of each epoch; all of the same length, at least one.

    Attributes:
        training_accuracy: From 0 to 1.
        validation_accuracy: From 0 to 1.
        training_loss: Cross-entropy.
        validation_loss: Cross-entropy.
        learning_rate: In the epoch.
    """

    training_accuracy: Sequence[float]
    validation_accuracy: Sequence[float]
    training_loss: Sequence[float]
    validation_loss: Sequence[float]
    learning_rate: Sequence[float]

    @property
    def drops(self) -> list[int]:
        """Epochs, from 1, before which the learning rate fell."""
        rates = self.learning_rate
        return [epoch for epoch in range(1, len(rates)) if rates[epoch] < rates[epoch - 1]]


def draw_curves(title: str, curves: Curves) -> bytes:
    """Draw accuracy and loss by epoch, with the drops of the learning rate; gives a PNG."""
    figure = Figure(SIZE, dpi=DOTS, layout="constrained")
    accuracy, loss = figure.subplots(2, sharex=True)
    _draw(accuracy, curves.training_accuracy, curves.validation_accuracy, curves)
    _draw(loss, curves.training_loss, curves.validation_loss, curves)
    accuracy.set(title=title, ylabel="accuracy", ylim=(0, 1))
    accuracy.yaxis.set_major_formatter(PercentFormatter(1.0))
    accuracy.legend(loc="best", frameon=False)
    loss.set(xlabel="epoch", ylabel="cross-entropy", ylim=(0, None))
    loss.xaxis.set_major_locator(MaxNLocator(integer=True))
    picture = io.BytesIO()
    figure.savefig(picture, format="png")
    return picture.getvalue()


def _draw(axes: Axes, training: Sequence[float], validation: Sequence[float], curves: Curves) -> None:
    epochs = range(1, len(training) + 1)
    axes.plot(epochs, training, "o-", color=TRAINING, markersize=3, label="training, with dropout")
    axes.plot(epochs, validation, "s-", color=VALIDATION, markersize=3, label="validation")
    for number, epoch in enumerate(curves.drops):
        told = "learning rate drops" if number == 0 else None
        axes.axvline(epoch + 0.5, color=DROP, linestyle="--", linewidth=1, label=told)
    axes.grid(axis="y", linewidth=0.5, alpha=0.5)
    axes.spines[["top", "right"]].set_visible(False)
