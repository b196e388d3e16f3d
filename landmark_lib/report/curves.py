"""Figures 5 and 6 of the paper: how a member learned, epoch by epoch."""

import io
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

COLOURS = ("#2463a8", "#c2571a", "#808080")  # of training, validation, and drops of the learning rate
SIZE = (7.0, 6.0)  # inches
DOTS = 110  # an inch
MOST_DOTS = 60  # on a curve

Colours = tuple[str, str, str]


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
    paint_accuracy(accuracy, curves, COLOURS)
    paint_loss(loss, curves, COLOURS)
    accuracy.set(title=title, xlabel=None)
    accuracy.yaxis.set_major_formatter(PercentFormatter(1.0))
    for axes in (accuracy, loss):
        axes.grid(axis="y", linewidth=0.5, alpha=0.5)
        axes.spines[["top", "right"]].set_visible(False)
    accuracy.legend(loc="best", frameon=False)
    picture = io.BytesIO()
    figure.savefig(picture, format="png")
    return picture.getvalue()


def paint_accuracy(axes: Axes, curves: Curves, colours: Colours) -> None:
    """Draw the accuracy by epoch, with names for a legend."""
    _paint(axes, curves.training_accuracy, curves.validation_accuracy, curves.drops, colours)
    axes.set(xlabel="epoch", ylabel="accuracy", ylim=(0, 1))


def paint_loss(axes: Axes, curves: Curves, colours: Colours) -> None:
    """Draw the loss by epoch, with names for a legend."""
    _paint(axes, curves.training_loss, curves.validation_loss, curves.drops, colours)
    axes.set(xlabel="epoch", ylabel="cross-entropy", ylim=(0, None))


def _paint(
    axes: Axes, training: Sequence[float], validation: Sequence[float], drops: Sequence[int], colours: Colours
) -> None:
    of_training, of_validation, of_drops = colours
    epochs = range(1, len(training) + 1)
    # More dots than these would hide the line.
    dot, square = ("o-", "s-") if len(training) <= MOST_DOTS else ("-", "-")
    axes.plot(epochs, training, dot, color=of_training, markersize=3, label="training, with dropout")
    axes.plot(epochs, validation, square, color=of_validation, markersize=3, label="validation")
    for number, epoch in enumerate(drops):
        told = "learning rate drops" if number == 0 else None
        axes.axvline(epoch + 0.5, color=of_drops, linestyle="--", linewidth=1, label=told)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
