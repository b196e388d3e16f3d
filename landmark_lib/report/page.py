"""Sections put together into one HTML page that needs nothing but itself."""

import base64
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from landmark_lib.digits import NOTHING, decimal, duration, number, share, size
from landmark_lib.evaluation_results import Figure

LONGEST_TEXT = 300  # characters of an id or address; the rest is told by "…"
SORTABLE = "<table data-sortable>"


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


def typeset(text: str) -> str:
    """Set a number of `digits` in type: with a minus sign, and a dash where there is none."""
    return "\N{EN DASH}" if text == NOTHING else text.replace("-", "\N{MINUS SIGN}")


def cell(figure: Figure, written: Callable[[float], str] = decimal) -> tuple[str, str]:
    """Write a figure, and its interval; a unit stands once there, as a column is as wide as its intervals."""
    low, high = written(figure.low), written(figure.high)
    return typeset(written(figure.value)), typeset(f"{low.removesuffix(' %')} to {high}")


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
    "decimal": lambda *value, **form: typeset(decimal(*value, **form)),
    "share": lambda *parts: typeset(share(*parts)),
    "shortened": shortened,
}
