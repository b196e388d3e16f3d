"""Figures of an evaluation: scores with intervals, accuracy by label count, reliability."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from landmark_lib.digits import decimal, number, share
from landmark_lib.evaluation_results import ENSEMBLE, MEAN_SOFTMAX, Figure, ReliabilityBin, VoterResult
from landmark_lib.report.svg import ACCENT, MUTED, RULE, SECOND, inline_svg, legend_above, write_per_cent

COLOURS = {ENSEMBLE: ACCENT, MEAN_SOFTMAX: SECOND}  # members are muted
# A reliability diagram of fewer photos has fifths of the score, as smaller parts would be noise.
FEW_PHOTOS, FIFTHS = 200, 5
MIN_DOT, MAX_DOT = 6, 90  # of a reliability diagram, in square points


def forest_figure(
    name: str, title: str, figures: Sequence[tuple[str, Figure]], chance: float | None, *, per_cent: bool
) -> Markup:
    """Draw one measured value per voter with its interval, from top to bottom.

    Args:
        name: Unique name of the drawing on the page.
        title: What was measured.
        figures: (voter, value) pairs.
        chance: Position of a line for random guessing, if any.
        per_cent: Whether the value is a share.
    """

    def paint(axes: Axes) -> None:
        for place, (voter, figure) in enumerate(figures):
            colour = COLOURS.get(voter, MUTED)
            axes.hlines(place, figure.low, figure.high, color=colour, linewidth=1.6)
            axes.plot(figure.value, place, "o", color=colour, markersize=6)
        if chance is not None:
            axes.axvline(chance, color=SECOND, linewidth=0.9, dashes=(4, 3))
            axes.annotate(
                "chance",
                (chance, 1),
                (3, -1),
                xycoords=axes.get_xaxis_transform(),
                textcoords="offset points",
                va="top",
                fontsize=8.5,
            )
        axes.set(xlabel=title, ylim=(len(figures) - 0.4, -1.0))
        axes.set_yticks(range(len(figures)), [voter for voter, _ in figures])
        axes.tick_params("y", length=0)
        axes.grid(axis="x")
        axes.grid(visible=False, axis="y")
        axes.xaxis.set_major_locator(MaxNLocator(5))
        if per_cent:
            write_per_cent(axes.xaxis)

    def text_of(value: float) -> str:
        return share(value) if per_cent else decimal(value)

    values = "; ".join(f"{v} {text_of(f.value)}, {text_of(f.low)} to {text_of(f.high)}" for v, f in figures)
    guess = "" if chance is None else f" Chance: {text_of(chance)}."
    height = 0.75 + 0.3 * len(figures)
    return inline_svg(name, f"{title} with 95 % intervals: {values}.{guess}", (3.5, height), paint)


def decile_figure(voters: Sequence[VoterResult]) -> Markup:
    """Draw accuracy by tenths of the classes, rarest first; all voters have the same tenths."""
    deciles = voters[0].deciles
    places = range(len(deciles))

    def paint(axes: Axes) -> None:
        named: set[str] = set()
        # The ensemble last, so that no curve hides it where they agree.
        for result in sorted(voters, key=lambda voter: voter.voter == ENSEMBLE):
            kind = result.voter if result.voter in COLOURS else "members"
            colour, width = COLOURS.get(kind, MUTED), 1.0 if kind == "members" else 1.8
            heights = [float("nan") if part.accuracy is None else part.accuracy for part in result.deciles]
            alpha = 0.55 if kind == "members" else 1.0
            label = None if kind in named else kind
            mark, size = ("D-", 4.5) if kind == ENSEMBLE else ("o-", 3.5)
            style: dict[str, Any] = {"color": colour, "markersize": size, "linewidth": width, "alpha": alpha}
            axes.plot(places, heights, mark, label=label, **style)
            named.add(kind)
        axes.set(xlabel="images of the label, from", ylabel="accuracy, mean per class", ylim=(-0.02, 1.02))
        counts = [part.least for part in deciles]
        repeated = [False, *(count == before for before, count in pairwise(counts))]
        ticks = ["" if again else f"{count:,}" for count, again in zip(counts, repeated, strict=True)]
        axes.set_xticks(places, ticks)
        write_per_cent(axes.yaxis)
        legend_above(axes, 3)

    ensemble = next((result for result in voters if result.voter == ENSEMBLE), voters[0])
    values = "; ".join(
        f"{part.least:,} to {part.most:,} images "
        + ("no photo" if part.accuracy is None else share(part.accuracy))
        for part in ensemble.deciles
    )
    alternative = f"Accuracy by label count, curves of all voters. The {ensemble.voter}: {values}."
    return inline_svg("by-label-count", alternative, (5.2, 3.4), paint)


def reliability_figure(name: str, voter: str, bins: Sequence[ReliabilityBin]) -> Markup:
    """Draw accuracy by score; larger dots represent more photos.

    Args:
        name: Unique name of the drawing on the page.
        voter: Name of the voter.
        bins: At least one.
    """
    bins = _drawn(bins)
    most = max(part.photos for part in bins)
    sizes = [MIN_DOT + (MAX_DOT - MIN_DOT) * part.photos / most for part in bins]
    scores, accuracies = [part.score for part in bins], [part.accuracy for part in bins]

    def paint(axes: Axes) -> None:
        axes.plot((0, 1), (0, 1), color=MUTED, linewidth=0.9, dashes=(4, 3))
        # The distances that the calibration error sums up.
        axes.vlines(scores, scores, accuracies, color=RULE, linewidth=1.4)
        axes.plot(scores, accuracies, color=ACCENT, linewidth=1.2)
        axes.scatter(scores, accuracies, sizes, color=ACCENT, zorder=3, clip_on=False)
        axes.set(xlabel="score", ylabel="right", xlim=(-0.04, 1.04), ylim=(-0.04, 1.04), aspect="equal")
        ticks = (0, 0.25, 0.5, 0.75, 1)
        axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        axes.set_yticks(ticks)
        write_per_cent(axes.yaxis)

    values = "; ".join(
        f"score {decimal(part.score, 2)}, right {share(part.accuracy)} of {number(part.photos)}"
        for part in bins
    )
    return inline_svg(name, f"Reliability of {voter}: {values}.", (2.5, 2.5), paint)


def _drawn(bins: Sequence[ReliabilityBin]) -> Sequence[ReliabilityBin]:
    """Return the bins to draw: merged to fifths of the score if there are few photos."""
    if sum(part.photos for part in bins) >= FEW_PHOTOS:
        return bins
    merged: dict[int, list[ReliabilityBin]] = {}
    for part in bins:
        merged.setdefault(max(1, math.ceil(part.score * FIFTHS)), []).append(part)
    return [_merged(parts) for parts in merged.values()]


def _merged(parts: Sequence[ReliabilityBin]) -> ReliabilityBin:
    photos = sum(part.photos for part in parts)
    score = sum(part.score * part.photos for part in parts) / photos
    return ReliabilityBin(score, sum(part.accuracy * part.photos for part in parts) / photos, photos)
