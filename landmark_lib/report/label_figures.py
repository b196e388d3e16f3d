"""Figure 1 of the paper, and the balance of the classes before and after sampling."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from landmark_lib.report.svg import ACCENT, FONT_SIZE, INK, MUTED, SECOND, inline_svg

MAX_POINTS = 240  # of a curve; more cannot be distinguished
AXIS_BOTTOM = 0.8  # of an axis of counts, so that 1 is clear of its end


def rank_figure(label_counts: Sequence[int], marked: Mapping[str, int]) -> Markup:
    """Draw label counts by rank on two logarithmic axes.

    Args:
        label_counts: Images of each label, in any order, at least one.
        marked: Named counts to draw lines at.
    """
    counts = np.sort(np.asarray(label_counts))[::-1]

    def paint(axes: Axes) -> None:
        axes.set(xscale="log", yscale="log", xlabel="rank of the label", ylabel="images of the label")
        _curve(axes, counts)
        _mark(axes, marked)
        highest = max([counts[0], *marked.values()])
        axes.set_ylim(top=1.5 * highest)  # space for a line above all counts and its name
        _write_counts(axes.xaxis, len(counts))
        _write_counts(axes.yaxis, highest)

    alternative = (
        f"Curve of {len(counts):,} labels by rank, both axes logarithmic: from {counts[0]:,} images of"
        f" the most frequent label over {counts[len(counts) // 2]:,} to {counts[-1]:,} of the rarest."
    )
    return inline_svg("ranks", alternative, (4.9, 3.5), paint)


def histogram_figure(bins: Sequence[tuple[int, int, int]]) -> Markup:
    """Draw how many labels have 1, 2 to 3, 4 to 7 … images.

    Args:
        bins: (low, high, labels), the result of `method.label_counts.histogram`.
    """
    size = FONT_SIZE if len(bins) <= 9 else 7
    labels = [count for _, _, count in bins]
    starts = [f"{low:,}" if low < 10_000 else f"{low // 1000}k" for low, _, _ in bins]

    def paint(axes: Axes) -> None:
        bars = axes.bar(range(len(bins)), labels, width=0.86, color=ACCENT)
        axes.bar_label(bars, [f"{n:,}" if n else "" for n in labels], padding=2, fontsize=size, color=INK)
        axes.set(xlabel="images of the label, from", ylabel="labels")
        axes.set_xticks(range(len(bins)), starts, fontsize=size)
        axes.tick_params("x", length=0)
        axes.yaxis.set_major_locator(MaxNLocator(6, integer=True))
        axes.yaxis.set_major_formatter(FuncFormatter(_whole))

    values = ", ".join(f"{low:,} to {high:,} images: {count:,}" for low, high, count in bins)
    return inline_svg("histogram", f"Bars of labels by their number of images. {values}.", (4.9, 3.5), paint)


def balance_figure(member: int | None, before: Sequence[int], after: Sequence[int]) -> Markup:
    """Draw the images of each class before sampling and its rows of one member after.

    Args:
        member: Which member; None for all, if their rows are equal.
        before: Label counts of the classes, by class index; at least one.
        after: Training rows of the classes, by class index.
    """
    order = np.argsort(-np.asarray(before), kind="stable")
    shown = _spread_places(len(order))

    def paint(axes: Axes) -> None:
        axes.set(yscale="log", xlabel="classes, largest first", ylabel="images")
        for counts, colour, name in ((before, MUTED, "before"), (after, SECOND, "after")):
            heights = np.maximum(np.asarray(counts)[order], 1)[shown]
            # The last class ends where the next one would begin.
            edges = np.append(shown, len(order)), np.append(heights, heights[-1])
            axes.plot(*edges, color=colour, label=name, drawstyle="steps-post")
        axes.legend(frameon=False, loc="upper right", labelcolor="linecolor", handlelength=1.2)
        axes.set_xlim(0, len(order))
        axes.set_ylim(bottom=AXIS_BOTTOM)
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
        axes.xaxis.set_major_formatter(FuncFormatter(_whole))
        _write_counts(axes.yaxis, max(*before, *after))

    alternative = (
        f"{'Every member' if member is None else f'Member {member}'}:"
        f" classes from {max(before):,} to {min(before):,} images before,"
        f" from {max(after):,} to {min(after):,} rows after."
    )
    return inline_svg(f"balance-{member or 0}", alternative, (3.7, 2.7), paint)


def _curve(axes: Axes, descending: npt.NDArray[np.int64]) -> None:
    # Evenly spaced on a log scale, including both ends.
    ranks = np.unique(np.geomspace(1, len(descending), MAX_POINTS).round().astype(np.int64))
    heights = descending[ranks - 1]
    axes.plot(ranks, heights, color=ACCENT, marker="o" if len(ranks) < 40 else "", markersize=3)
    axes.fill_between(ranks, heights, AXIS_BOTTOM, color=ACCENT, alpha=0.12, linewidth=0)
    axes.set_ylim(bottom=AXIS_BOTTOM)


def _spread_places(length: int) -> npt.NDArray[np.int64]:
    """Choose points of a long curve: evenly spread, with more at its steep beginning."""
    even = np.linspace(0, length - 1, MAX_POINTS)
    steep = np.geomspace(1, length, MAX_POINTS) - 1
    places: npt.NDArray[np.int64] = np.unique(np.concatenate([even, steep]).round().astype(np.int64))
    return places


def _mark(axes: Axes, marked: Mapping[str, int]) -> None:
    for name, count in marked.items():
        axes.axhline(count, color=SECOND, linewidth=0.9, dashes=(4, 3))
        axes.annotate(
            f"{name} {count:,}",
            (0, count),
            (3, 2),
            xycoords=axes.get_yaxis_transform(),
            textcoords="offset points",
            ha="left",
            va="bottom",
            fontsize=8.5,
        )


def _write_counts(axis: Axis, largest: int) -> None:
    # A log scale has numbers at 1, 10, 100 …; a short one needs more.
    subs = range(1, 10) if largest < 10 else (1, 2, 5) if largest < 200 else (1,)
    axis.set_major_locator(LogLocator(subs=subs))
    axis.set_major_formatter(FuncFormatter(_whole))
    axis.set_minor_formatter(NullFormatter())


def _whole(value: float, _: object) -> str:
    return f"{value:,.0f}" if np.isclose(value, round(value)) else ""
