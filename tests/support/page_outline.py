"""What a page is made of: elements, headings, text. Badly nested elements are an error."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "link", "img", "br", "wbr", "path", "use", "rect"}


@dataclass
class Element:
    """An element: name, attributes, and all text inside it."""

    name: str
    attributes: dict[str, str | None]
    parents: tuple[str, ...]
    text: str = ""

    def __getitem__(self, name):
        return self.attributes.get(name)


@dataclass
class Outline(HTMLParser):
    """All elements of a page, in order."""

    elements: list[Element] = field(default_factory=list)
    open: list[Element] = field(default_factory=list)
    texts: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)  # and the elements they lie in

    def __post_init__(self):
        super().__init__()

    def handle_starttag(self, tag, attrs):
        element = Element(tag, dict(attrs), tuple(e.name for e in self.open))
        self.elements.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag, attrs):
        self.elements.append(Element(tag, dict(attrs), tuple(e.name for e in self.open)))

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop().name == tag
            self._add(" ")  # what stands in two cells is not one word

    def handle_data(self, data):
        self.texts.append((data, tuple(element.name for element in self.open)))
        self._add(data)

    def _add(self, text):
        for element in self.open:
            element.text += text

    def all(self, *names):
        return [element for element in self.elements if element.name in names]

    def section(self, anchor):
        """Return the text of a section, with white space collapsed."""
        (found,) = (element for element in self.all("section") if element["id"] == anchor)
        return " ".join(found.text.split())


def outline(text):
    parsed = Outline()
    parsed.feed(text)
    parsed.close()
    assert not parsed.open
    return parsed
