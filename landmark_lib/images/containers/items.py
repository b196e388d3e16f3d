"""The items of a HEIC or AVIF: images, tiles of images and metadata, with their locations in the file."""

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

from landmark_lib.images.containers.pixels import Span

IN_FILE, IN_BOX = 0, 1  # location of an item; other values mean another file or item
MAX_ITEMS = 65_536  # decoders accept no more tiles; phones write about 100


class Box(NamedTuple):
    """A box: its name, its start, the start of its content, and its end."""

    name: bytes
    start: int
    body: int
    end: int


@dataclass
class Item:
    """An item.

    Attributes:
        kind: Type, such as `hvc1` (an image), `grid` (tiles of one) or `Exif`.
        kind_place: Offset of the type.
        spans: Location; in a truncated file possibly beyond its end. Empty if unknown.
        parts: Its tiles and its alpha.
    """

    kind: bytes
    kind_place: int
    spans: list[Span] = field(default_factory=list)
    parts: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Items:
    """All items by number, the number of the photo, and the stated numbers of pixels of images."""

    by_number: dict[int, Item]
    primary: int
    sizes: list[int]

    def photo(self) -> Iterator[Item]:
        """Yield the items that make up the photo."""
        numbers, seen = [self.primary], set[int]()
        while numbers:
            number = numbers.pop()
            if number in self.by_number and number not in seen:
                seen.add(number)
                yield self.by_number[number]
                numbers += self.by_number[number].parts


def boxes(content: bytes, start: int, end: int, *names: bytes) -> Iterator[Box]:
    """Yield the boxes with these names, or all, between two offsets, up to the first malformed one."""
    at = start
    while at + 8 <= end:
        size, name = struct.unpack(">I4s", content[at : at + 8])
        body = at + 8
        if size == 1 and at + 16 <= end:
            (size,) = struct.unpack(">Q", content[at + 8 : at + 16])
            body = at + 16
        last = end if size == 0 else at + size
        if last < body or last > end:
            return
        if not names or name in names:
            yield Box(name, at, body, last)
        at = last


def read_items(content: bytes) -> Items:
    """Return the items of a file, as far as they are readable."""
    meta = next(boxes(content, 0, len(content), b"meta"), Box(b"meta", 0, 0, 0))
    tables = {box.name: box for box in boxes(content, meta.body + 4, meta.end)}
    nothing = Box(b"", 0, 0, 0)
    table, items = tables.get(b"iinf", nothing), dict[int, Item]()
    counted = 2 if content[table.body : table.body + 1] == b"\0" else 4  # bytes of the count
    for box in islice(boxes(content, table.body + 4 + counted, table.end, b"infe"), MAX_ITEMS):
        size = 4 if content[box.body : box.body + 1] == b"\3" else 2
        after = box.body + 4 + size  # the number follows version and flags, and precedes the protection
        number = int.from_bytes(content[box.body + 4 : after], "big")
        items[number] = Item(content[after + 2 : after + 6], after + 2)
    places, inside = tables.get(b"iloc", nothing), tables.get(b"idat", nothing)
    for number, spans in _places(content[places.body : places.end], inside.body, len(content)):
        if number in items:
            items[number].spans = spans
    references = tables.get(b"iref", nothing)
    size = 2 if content[references.body : references.body + 1] == b"\0" else 4
    for box in boxes(content, references.body + 4, references.end, b"dimg"):
        whole = int.from_bytes(content[box.body : box.body + size], "big")
        parts = range(box.body + size + 2, box.end - size + 1, size)  # after the count
        if whole in items:
            items[whole].parts += [int.from_bytes(content[at : at + size], "big") for at in parts]
    photo = tables.get(b"pitm", nothing)
    size = 2 if content[photo.body : photo.body + 1] == b"\0" else 4
    primary = int.from_bytes(content[photo.body + 4 : photo.body + 4 + size], "big")
    sizes = []
    properties = tables.get(b"iprp", nothing)
    for container in boxes(content, properties.body, properties.end, b"ipco"):
        for box in boxes(content, container.body, container.end, b"ispe"):
            width, height = struct.unpack(">II", content[box.body + 4 : box.body + 12].ljust(8, b"\0"))
            sizes.append(width * height)
    return Items(items, primary, sizes)


def _places(table: bytes, inside: int, whole: int) -> Iterator[tuple[int, list[Span]]]:
    rest = io.BytesIO(table)
    version, sizes = _number(rest, 1), _number(rest, 5) & 0xFFFF
    offset, length, base, index = (sizes >> shift & 15 for shift in (12, 8, 4, 0))
    counted = 4 if version == 2 else 2  # bytes of the count, and of each number
    for _ in range(min(_number(rest, counted), MAX_ITEMS)):
        number, method = _number(rest, counted), _number(rest, 2) & 15 if version else IN_FILE
        elsewhere = _number(rest, 2)
        start, count = _number(rest, base) + (inside if method == IN_BOX else 0), _number(rest, 2)
        spans = []
        for _ in range(count):
            if rest.tell() >= len(table):
                return
            rest.seek(index if version else 0, io.SEEK_CUR)
            place, size = start + _number(rest, offset), _number(rest, length)
            spans.append((place, place + size if size else whole))  # without a size, to the end
        yield number, spans if method in {IN_FILE, IN_BOX} and not elsewhere else []


def _number(file: io.BytesIO, size: int) -> int:
    return int.from_bytes(file.read(size), "big")
