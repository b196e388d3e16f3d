"""matplotlib drawings as inline SVG without fonts, with unique ids and the colours of the page's theme."""

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

# Drawn in these colours, which become variables of the page's style, so that figures follow its theme.
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
# When and with what a drawing was made, which would change its bytes.
NO_METADATA = dict.fromkeys(("Date", "Creator", "Format", "Type"))


def inline_svg(
    name: str, alternative: str, size: tuple[float, float], paint: Callable[[Axes], None]
) -> Markup:
    """Return a drawing as an element of an HTML page; equal drawings have equal text.

    Args:
        name: Unique name of the drawing on the page.
        alternative: Text alternative of the drawing.
        size: Width and height in inches.
        paint: Draws on the axes.
    """
    text = io.StringIO()
    with mpl.rc_context({**STYLE, "svg.hashsalt": name}):
        figure = Figure(size, layout="constrained")
        paint(figure.add_subplot())
        figure.savefig(text, format="svg", transparent=True, metadata=NO_METADATA)
    _, head, body = re.split(r"(<svg[^>]*>)", text.getvalue(), maxsplit=1)
    (view_box,) = re.findall(r'viewBox="[^"]*"', head)
    opening = f'<svg class="plot" {view_box} role="img" aria-label="{html.escape(alternative)}">'
    return Markup(opening + _adapt(body, name))  # noqa: S704 - written by matplotlib, without input


def write_per_cent(axis: Axis) -> None:
    """Format the numbers of an axis, 0 … 1, in per cent."""
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.6g} %"))


def legend_above(axes: Axes, columns: int) -> None:
    """Place the legend above the axes, clear of all curves."""
    axes.legend(
        frameon=False,
        loc="lower center",
        bbox_to_anchor=(0.5, 1),
        ncols=columns,
        handlelength=1.4,
        columnspacing=1.2,
    )


def _adapt(body: str, name: str) -> str:
    """Remove styles and fonts, prefix ids with `name`, and replace colours by the page's variables."""
    # A style inside an inline drawing would apply to the whole page.
    body = re.sub(r"<style.*?</style>", "", body, flags=re.DOTALL)
    body = re.sub(r"<!--.*?-->\s*", "", body, flags=re.DOTALL)
    # The page's font instead of matplotlib's, which older versions write together with its size.
    body = re.sub(r"font: ([\d.]+)px [^;\"]*", r"font-size: \1px", body)
    body = re.sub(r"font-family: [^;\"]*;? ?", "", body)
    body = re.sub(r'\bid="', f'id="{name}-', body)
    body = re.sub(r'(url\(|href=")#', rf"\1#{name}-", body)
    for colour, variable in VARIABLES.items():
        body = body.replace(colour, f"var({variable})")
    return body.strip()
