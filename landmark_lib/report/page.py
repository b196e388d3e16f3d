"""Self-contained HTML pages, made of sections."""

import base64
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from landmark_lib.digits import NOTHING, decimal, duration, number, share, size
from landmark_lib.evaluation_results import Figure

MAX_TEXT = 300  # characters of an id or address; longer ones end in "…"
SORTABLE = "<table data-sortable>"


@dataclass(frozen=True)
class Section:
    """A part of a page.

    Attributes:
        anchor: Its name in addresses, unique on the page.
        title: Its heading.
        body: Its content.
        nested: Whether the contents show it below the one before it.
    """

    anchor: str
    title: str
    body: Markup
    nested: bool = False


@dataclass(frozen=True)
class Fact:
    """A key figure at the top of a page: 1,000 photos listed."""

    value: str
    name: str


def render_page(title: str, lead: str, facts: Sequence[Fact], sections: Sequence[Section]) -> str:
    """Return a whole page, including styles.

    Args:
        title: Title of the page.
        lead: A paragraph that summarizes it.
        facts: Its key figures.
        sections: Its sections in order.
    """
    # Untrusted text cannot contain this mark, because its "<" is escaped.
    sorts = any(SORTABLE in section.body for section in sections)
    script = render_part("tables.js") if sorts else Markup()
    return ENVIRONMENT.get_template("page.html").render(
        title=title,
        lead=lead,
        facts=facts,
        sections=sections,
        script=script,
        script_hash="sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
    )


def render_part(template: str, **values: Any) -> Markup:
    """Render a template of this package; every value is escaped unless it is `Markup`."""
    return Markup(ENVIRONMENT.get_template(template).render(values))  # noqa: S704 - escaped by the template


def typeset(text: str) -> str:
    """Return a number of `digits` with a typographic minus sign, or a dash if there is none."""
    return "\N{EN DASH}" if text == NOTHING else text.replace("-", "\N{MINUS SIGN}")


def cell(figure: Figure, text_of: Callable[[float], str] = decimal) -> tuple[str, str]:
    """Return the texts of a figure and of its interval; the interval has its unit once, to save width."""
    low, high = text_of(figure.low), text_of(figure.high)
    return typeset(text_of(figure.value)), typeset(f"{low.removesuffix(' %')} to {high}")


def shortened(text: str | None) -> str:
    """Shorten a text of more than `MAX_TEXT` characters."""
    text = text or ""
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…"


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
