"""Drawings by matplotlib as inline SVG: no fonts, no ids that collide, colours of the page's own theme."""

import html
import io
import re
from collections.abc import Callable
from typing import Any

import matplotlib as mpl
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

# Drawn in these, shown in the variables of the page's style, so that a figure is dark on a dark page.
INK, MUTED, RULE, ACCENT, SECOND = "#101010", "#202020", "#303030", "#404040", "#505050"
VARIABLES = {INK: "--ink", MUTED: "--muted", RULE: "--rule", ACCENT: "--accent", SECOND: "--second"}
FONT_SIZE = 9.5  # points of a drawing; the page scales drawings by about 1.2
STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "font.size": FONT_SIZE,
    "text.color": INK,
    "axes.edgecolor": RULE,
    "axes.labelcolor": MUTED,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.8,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "grid.color": RULE,
    "grid.linewidth": 0.6,
    "xtick.color": RULE,
    "ytick.color": RULE,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
    "xtick.minor.size": 0,
    "ytick.minor.size": 0,
    "lines.linewidth": 1.8,
}
# Whatever would tell when and by what a drawing was made.
NO_METADATA = dict.fromkeys(("Date", "Creator", "Format", "Type"))


def inline_svg(
    name: str, alternative: str, size: tuple[float, float], paint: Callable[[Axes], None]
) -> Markup:
    """Make a drawing an element of an HTML page; the same drawing gives the same text.

    Args:
        name: Of the drawing, a word of its own on the page.
        alternative: What it shows, for those who do not see it.
        size: Width and height in inches.
        paint: Draws on the axes that it is given.
    """
    text = io.StringIO()
    with mpl.rc_context({**STYLE, "svg.hashsalt": name}):
        figure = Figure(size, layout="constrained")
        paint(figure.add_subplot())
        figure.savefig(text, format="svg", transparent=True, metadata=NO_METADATA)
    _, head, body = re.split(r"(<svg[^>]*>)", text.getvalue(), maxsplit=1)
    (view_box,) = re.findall(r'viewBox="[^"]*"', head)
    opening = f'<svg class="plot" {view_box} role="img" aria-label="{html.escape(alternative)}">'
    return Markup(opening + _of_the_page(body, name))  # noqa: S704 - matplotlib's own text, no input in it


def write_per_cent(axis: Axis) -> None:
    """Write the numbers of an axis, from 0 to 1, in per cent."""
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.6g} %"))


def legend_above(axes: Axes, columns: int) -> None:
    """Name the curves above the axes, where none of them passes."""
    axes.legend(
        frameon=False,
        loc="lower center",
        bbox_to_anchor=(0.5, 1),
        ncols=columns,
        handlelength=1.4,
        columnspacing=1.2,
    )


def _of_the_page(body: str, name: str) -> str:
    # A style inside an inline drawing would hold for the whole page.
    body = re.sub(r"<style.*?</style>", "", body, flags=re.DOTALL)
    body = re.sub(r"<!--.*?-->\s*", "", body, flags=re.DOTALL)
    # The page's font, not matplotlib's, which older versions write together with its size.
    body = re.sub(r"font: ([\d.]+)px [^;\"]*", r"font-size: \1px", body)
    body = re.sub(r"font-family: [^;\"]*;? ?", "", body)
    body = re.sub(r'\bid="', f'id="{name}-', body)
    body = re.sub(r'(url\(|href=")#', rf"\1#{name}-", body)
    for colour, variable in VARIABLES.items():
        body = body.replace(colour, f"var({variable})")
    return body.strip()
