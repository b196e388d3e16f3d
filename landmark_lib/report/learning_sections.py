"""Figures 5 and 6 of the paper on a page: learning curves of all members, with a table of epochs."""

from collections.abc import Mapping

from markupsafe import Markup
from matplotlib.axes import Axes

from landmark_lib.digits import decimal, share
from landmark_lib.report.curves import Curves, paint_accuracy, paint_loss
from landmark_lib.report.page import Section, render_part
from landmark_lib.report.svg import ACCENT, MUTED, SECOND, inline_svg, legend_above, write_per_cent

COLOURS = (MUTED, ACCENT, SECOND)  # of training, validation, and drops of the learning rate
SIZE = (4.9, 3.2)  # inches
MAX_MEMBERS = 10
MAX_EPOCHS = 200  # in a table


def learning_section(members: Mapping[str, Curves]) -> Section:
    """Render the learning curves of the members.

    Args:
        members: Curves by name of the member, in order, at least one.
    """
    shown = list(members.items())[:MAX_MEMBERS]
    body = render_part(
        "learning.html",
        members=[
            {
                "name": name,
                "figures": _figures(f"curves-{k}", name, curves),
                "best": _best_epoch(curves),
                "epochs": _epochs(curves),
                "curves": curves,
            }
            for k, (name, curves) in enumerate(shown)
        ],
        left_out=len(members) - len(shown),
    )
    return Section("learning", "Learning curves", body)


def _figures(name: str, member: str, curves: Curves) -> list[Markup]:
    def accuracy(axes: Axes) -> None:
        paint_accuracy(axes, curves, COLOURS)
        write_per_cent(axes.yaxis)
        legend_above(axes, 3)

    def loss(axes: Axes) -> None:
        paint_loss(axes, curves, COLOURS)
        legend_above(axes, 3)

    drops = ", ".join(str(epoch) for epoch in curves.drops)
    fell = f" The learning rate falls after epoch {drops}." if drops else ""
    ends = f"{member} over {len(curves.learning_rate)} epochs, first and last:"
    trained, held = curves.training_accuracy, curves.validation_accuracy
    accuracies = (
        f"Accuracy of {ends} training {share(trained[0])} and {share(trained[-1])},"
        f" validation {share(held[0])} and {share(held[-1])}.{fell}"
    )
    losses, held_losses = curves.training_loss, curves.validation_loss
    cross_entropies = (
        f"Cross-entropy of {ends} training {decimal(losses[0])} and {decimal(losses[-1])},"
        f" validation {decimal(held_losses[0])} and {decimal(held_losses[-1])}.{fell}"
    )
    return [
        inline_svg(f"{name}-accuracy", accuracies, SIZE, accuracy),
        inline_svg(f"{name}-loss", cross_entropies, SIZE, loss),
    ]


def _best_epoch(curves: Curves) -> int:
    """Return the epoch, from 1, with the best validation accuracy; the first of equal ones."""
    held = curves.validation_accuracy
    return max(range(len(held)), key=lambda epoch: held[epoch]) + 1


def _epochs(curves: Curves) -> list[int]:
    """Choose the epochs of a table, from 1: all, or some evenly spread, including the last and the best."""
    count = len(curves.learning_rate)
    if count <= MAX_EPOCHS:
        return list(range(1, count + 1))
    spread = {1 + k * count // MAX_EPOCHS for k in range(MAX_EPOCHS)}
    return sorted(spread | {count, _best_epoch(curves)})
