"""Figures 5 and 6 of the paper: learning curves of a member."""

import io
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

COLOURS = ("#2463a8", "#c2571a", "#808080")  # of training, validation, and drops of the learning rate
SIZE = (7.0, 6.0)  # inches
DOTS = 110  # per inch
MAX_MARKERS = 60  # on a curve

Colours = tuple[str, str, str]


@dataclass(frozen=True)
class Curves:
    """Learning curves: one value per epoch, equally long, at least one.

    Attributes:
        training_accuracy: In 0 … 1.
        validation_accuracy: In 0 … 1.
        training_loss: Cross-entropy.
        validation_loss: Cross-entropy.
        learning_rate: Of the epoch.
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
    """Draw accuracy and loss by epoch, with the drops of the learning rate, as a PNG."""
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
    """Draw accuracy by epoch, labelled for a legend."""
    _paint(axes, curves.training_accuracy, curves.validation_accuracy, curves.drops, colours)
    axes.set(xlabel="epoch", ylabel="accuracy", ylim=(0, 1))


def paint_loss(axes: Axes, curves: Curves, colours: Colours) -> None:
    """Draw loss by epoch, labelled for a legend."""
    _paint(axes, curves.training_loss, curves.validation_loss, curves.drops, colours)
    axes.set(xlabel="epoch", ylabel="cross-entropy", ylim=(0, None))


def _paint(
    axes: Axes, training: Sequence[float], validation: Sequence[float], drops: Sequence[int], colours: Colours
) -> None:
    training_colour, validation_colour, drop_colour = colours
    epochs = range(1, len(training) + 1)
    # More markers would hide the line.
    dot, square = ("o-", "s-") if len(training) <= MAX_MARKERS else ("-", "-")
    axes.plot(epochs, training, dot, color=training_colour, markersize=3, label="training, with dropout")
    axes.plot(epochs, validation, square, color=validation_colour, markersize=3, label="validation")
    for number, epoch in enumerate(drops):
        label = "learning rate drops" if number == 0 else None
        axes.axvline(epoch + 0.5, color=drop_colour, linestyle="--", linewidth=1, label=label)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
