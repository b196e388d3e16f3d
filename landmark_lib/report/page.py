"""Sections put together into one HTML page that needs nothing but itself."""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

LONGEST_TEXT = 300  # characters of an id or address; the rest is told by "…"
SORTABLE = "<table data-sortable>"
UNITS = ("bytes", "kB", "MB", "GB", "TB", "PB")


@dataclass(frozen=True)
class Section:
    """A part of a page.

    Attributes:
        anchor: Its name in addresses, a word of its own on the page.
        title: Its heading.
        body: What it holds.
    """

    anchor: str
    title: str
    body: Markup


@dataclass(frozen=True)
class Fact:
    """A figure that stands out on top of a page: 1,000 photos listed."""

    value: str
    name: str


def render_page(title: str, lead: str, facts: Sequence[Fact], sections: Sequence[Section]) -> str:
    """Give a whole page, styles and all.

    Args:
        title: Of the page.
        lead: A paragraph that sums it up.
        facts: The figures to see first.
        sections: In the order of reading.
    """
    # A mark that no text from outside can make: its "<" would be escaped.
    sorts = any(SORTABLE in section.body for section in sections)
    script = render_part("sort.js") if sorts else Markup()
    return ENVIRONMENT.get_template("page.html").render(
        title=title,
        lead=lead,
        facts=facts,
        sections=sections,
        script=script,
        script_hash="sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
    )


def render_part(template: str, **values: Any) -> Markup:
    """Fill a template of this package; every value is escaped unless it is `Markup`."""
    return Markup(ENVIRONMENT.get_template(template).render(values))  # noqa: S704 - the template escaped them


def number(count: float) -> str:
    """Write 1234567 as 1,234,567, with a decimal where a small number would lose by rounding."""
    return f"{count:,.1f}" if 0 < count < 100 and count != int(count) else f"{count:,.0f}"


def size(count: float) -> str:
    """Write a number of bytes in the largest unit that leaves a whole one: 1.2 MB."""
    power = 0
    while count >= 1000 and power < len(UNITS) - 1:
        count, power = count / 1000, power + 1
    return f"{count:,.0f} {UNITS[power]}" if power == 0 or count >= 100 else f"{count:.1f} {UNITS[power]}"


def duration(seconds: float) -> str:
    """Write seconds as 0.4 s, 12 s, 3 min 5 s or 2 h 4 min."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes >= 60:
        return f"{minutes // 60:,} h {minutes % 60} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def share(part: float, whole: float) -> str:
    """Write a part of a whole in per cent: 0 % is none, 100 % all, however close the others come."""
    if part in (0, whole):
        return "100 %" if part else "0 %"
    percent = 100 * part / whole
    if percent < 0.1:
        return "< 0.1 %"
    return f"{percent:.1f} %" if percent <= 99.9 else "> 99.9 %"


def shortened(text: str | None) -> str:
    """Cut a text that is too long to read."""
    text = text or ""
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"


ENVIRONMENT = Environment(
    loader=PackageLoader("landmark_lib.report"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
ENVIRONMENT.filters |= {
    "number": number,
    "size": size,
    "duration": duration,
    "share": share,
    "shortened": shortened,
}
