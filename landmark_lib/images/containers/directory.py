"""TIFF directories: the tags of a TIFF file or of an EXIF block, which has the same structure."""

import math
import struct
from dataclasses import dataclass, replace
from typing import NamedTuple

# Formats of `struct` for the types of a tag's values.
TYPES = {1: "B", 2: "s", 3: "H", 4: "L", 5: "2L", 6: "b", 7: "s", 8: "h", 9: "l", 10: "2l", 11: "f", 12: "d"}
TYPES |= {13: "L", 16: "Q", 17: "q", 18: "Q"}
BYTE, SHORT, LONG, UNDEFINED = 1, 3, 4, 7
LITTLE, BIG = "<", ">"
ORIENTATION = 0x0112
MAX_ENTRIES = 65_535  # of a small TIFF; a BigTIFF may claim billions
# Byte order, and whether it is BigTIFF. Some programs write the number after the first two bytes in the wrong
# order; readers follow those two. Pillow misreads a big-endian BigTIFF, so it is not listed.
BEGINNINGS = {
    b"II*\0": (LITTLE, False),
    b"MM\0*": (BIG, False),
    b"II\0*": (LITTLE, False),
    b"MM*\0": (BIG, False),
    b"II+\0": (LITTLE, True),
}


class Entry(NamedTuple):
    """A tag: its number, the type and count of its values, and a field with the values or their offset."""

    tag: int
    type: int
    values: int
    field: bytes

    @property
    def value_size(self) -> int:
        """Size of one value in bytes; 0 for an unknown type."""
        return struct.calcsize("=" + TYPES[self.type]) if self.type in TYPES else 0

    @property
    def fits(self) -> bool:
        """Whether the values are in the field."""
        return 0 < self.value_size * self.values <= len(self.field)


@dataclass(frozen=True)
class Directory:
    """The first directory of a TIFF.

    Attributes:
        order: Byte order, as in `struct`.
        is_big: BigTIFF, whose counts and offsets have eight bytes.
        start: Offset of the directory.
        entries: Its tags, up to the end of the file.
    """

    order: str
    is_big: bool
    start: int
    entries: tuple[Entry, ...]

    @property
    def field_size(self) -> int:
        """Bytes of a tag's field, and of an offset."""
        return 8 if self.is_big else 4

    def in_little_order(self) -> "Directory":
        """Return the same tags in little-endian order; values outside the fields stay unchanged."""
        if self.order == LITTLE:
            return self
        entries = []
        for entry in self.entries:
            step = entry.value_size if entry.fits else len(entry.field)
            values = (entry.field[at : at + step][::-1] for at in range(0, len(entry.field), step))
            entries.append(entry._replace(field=b"".join(values)))
        return replace(self, order=LITTLE, entries=tuple(entries))

    def entry(self, tag: int, number: int) -> Entry:
        """Return a tag with one small number."""
        return Entry(tag, SHORT, 1, struct.pack(self.order + "H", number).ljust(self.field_size, b"\0"))

    def place(self, entry: Entry) -> int:
        """Return the offset of values that do not fit into a tag's field."""
        (place,) = struct.unpack(self.order + ("Q" if self.is_big else "L"), entry.field)
        return int(place)

    def number(self, entry: Entry) -> float | None:
        """Return the first value of a tag; None if it is not a finite number in the field."""
        kind = TYPES.get(entry.type, "")
        if len(kind) != 1 or kind == "s" or not entry.fits:
            return None
        (number,) = struct.unpack_from(self.order + kind, entry.field)
        return float(number) if math.isfinite(number) else None

    def numbers(self) -> dict[int, float]:
        """Return the first values of all tags with numbers in their fields."""
        return {entry.tag: number for entry in self.entries if (number := self.number(entry)) is not None}

    def pack(self) -> bytes:
        """Return the bytes of the directory as the only one of a file."""
        counts, shape = ("Q", "HHQ8s") if self.is_big else ("H", "HHL4s")
        entries = b"".join(struct.pack(self.order + shape, *entry) for entry in self.entries)
        return struct.pack(self.order + counts, len(self.entries)) + entries + bytes(self.field_size)


def first_directory(content: bytes) -> Directory | None:
    """Return the first directory of a TIFF or an EXIF block; None if there is none."""
    order, is_big = BEGINNINGS.get(content[:4], ("", False))
    header = content[8:16] if is_big else content[4:8]
    if not order or len(header) < (8 if is_big else 4):
        return None
    (start,) = struct.unpack(order + ("Q" if is_big else "L"), header)
    counts, shape = ("Q", "HHQ8s") if is_big else ("H", "HHL4s")
    first = start + struct.calcsize(order + counts)
    if first > len(content):
        return Directory(order, is_big, start, ())
    (count,) = struct.unpack(order + counts, content[start:first])
    size = struct.calcsize(order + shape)
    count = min(count, (len(content) - first) // size, MAX_ENTRIES)
    packed = (content[at : at + size] for at in range(first, first + count * size, size))
    entries = tuple(Entry(*struct.unpack(order + shape, entry)) for entry in packed)
    return Directory(order, is_big, start, entries)
