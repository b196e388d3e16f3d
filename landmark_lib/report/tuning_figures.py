"""Figures of a search for settings: its history, and the importance of the settings."""

from collections.abc import Mapping, Sequence

from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from landmark_lib.digits import number, share
from landmark_lib.report.svg import ACCENT, MUTED, SECOND, inline_svg, legend_above, write_per_cent
from landmark_lib.tuning_results import TrialResult

COMPLETE, PRUNED = "complete", "pruned"


def history_figure(trials: Sequence[TrialResult]) -> Markup:
    """Draw the validation accuracy of each trial, and the best so far."""
    measured = [(trial.number, trial.accuracy, trial.state) for trial in trials if trial.accuracy is not None]
    best: list[tuple[int, float]] = []
    for place, accuracy, state in measured:
        if state == COMPLETE and (not best or accuracy > best[-1][1]):
            best.append((place, accuracy))

    def dots(axes: Axes, state: str, mark: str, colour: str, name: str) -> None:
        shown = [(place, accuracy) for place, accuracy, own_state in measured if own_state == state]
        if shown:
            axes.plot(*zip(*shown, strict=True), mark, color=colour, markersize=3.5, label=name)

    def paint(axes: Axes) -> None:
        dots(axes, PRUNED, "x", MUTED, "ended early")
        dots(axes, COMPLETE, "o", ACCENT, COMPLETE)
        if best:
            last = (measured[-1][0], best[-1][1])
            axes.step(*zip(*best, last, strict=True), where="post", color=SECOND, label="best so far")
        axes.set(xlabel="trial", ylabel="validation accuracy")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        write_per_cent(axes.yaxis)
        legend_above(axes, 3)

    values = "; ".join(f"trial {trial} {share(accuracy)}" for trial, accuracy in best)
    return inline_svg(
        "tuning-history", f"Validation accuracy by trial. Best so far: {values}.", (5.2, 3.2), paint
    )


def importance_figure(importances: Mapping[str, float]) -> Markup:
    """Draw the importance of each setting."""
    names, parts = list(importances), list(importances.values())

    def paint(axes: Axes) -> None:
        axes.barh(range(len(names)), parts, color=ACCENT, height=0.6)
        axes.set(xlabel="importance", ylim=(len(names) - 0.5, -0.5))
        axes.set_yticks(range(len(names)), [name.replace("_", " ") for name in names])
        axes.tick_params("y", length=0)
        axes.grid(axis="x")
        axes.grid(visible=False, axis="y")
        write_per_cent(axes.xaxis)

    values = "; ".join(f"{name.replace('_', ' ')} {share(part)}" for name, part in importances.items())
    return inline_svg(
        "tuning-importance",
        f"Importance of {number(len(names))} settings: {values}.",
        (3.6, 0.8 + 0.32 * len(names)),
        paint,
    )
