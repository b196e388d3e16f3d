"""HEIC and AVIF: boxes, including a list of items and their locations."""

import struct

from landmark_lib.images.containers.items import Item, Items, read_items
from landmark_lib.images.containers.pixels import Pixels, Span, pieces_of

METADATA = {b"Exif", b"mime"}  # item types; mime is XMP
# Item types that are composed of other items, and the offset of their size in bytes.
CANVASES = {b"grid": 4, b"iovl": 10}
SKIPPED = b"skip"
HEVC = b"hvc1"
UNIT_LENGTH = 4  # bytes before each unit of HEVC; the format allows fewer, but no program writes them


def is_boxes(content: bytes) -> bool:
    """Return whether a file begins with a box."""
    return content[4:8] == b"ftyp"


def pixels_of_boxes(content: bytes) -> Pixels:
    """Return the file with a type that decoders ignore for the items of EXIF and XMP.

    Removing them would move everything else. The orientation is in other boxes.
    """
    items = read_items(content)
    unwanted = [item for item in items.by_number.values() if item.kind in METADATA]
    sizes = items.sizes.copy()
    for item in items.by_number.values():
        if item.kind in CANVASES:
            size = _canvas_pixels(content, item)
            # Decoders allocate a canvas of the stated size, so a canvas without a readable size is not
            # decoded.
            unwanted += [item] if size is None else []
            sizes.append(size or 0)
    kept: list[Span | bytes] = []
    at = 0
    for place in sorted(item.kind_place for item in unwanted):
        kept += [(at, place), SKIPPED]
        at = place + len(SKIPPED)
    pieces = pieces_of(content, [*kept, (at, len(content))])
    return Pixels(pieces, largest=max(sizes, default=0), flaw=_flaw(content, items))


def _canvas_pixels(content: bytes, item: Item) -> int | None:
    """Return the number of pixels of a composed item; None if it cannot be read."""
    start, end = item.spans[0] if len(item.spans) == 1 else (0, 0)
    # version, flags and other fields, then width and height of 2 or 4 bytes
    shape = ">II" if content[start + 1 : start + 2] == b"\1" else ">HH"
    at = start + CANVASES[item.kind]
    stored = content[at : min(end, at + struct.calcsize(shape))]
    if len(stored) < struct.calcsize(shape):
        return None
    width, height = struct.unpack(shape, stored)
    return int(width * height)


def _flaw(content: bytes, items: Items) -> str:
    """Return a message about missing parts, which libheif silently paints green or black; empty if none."""
    parts = [item for item in items.photo() if item.kind == HEVC]
    missing = sum(any(end > len(content) for _, end in part.spans) for part in parts)
    if missing:
        return f"image file is truncated ({missing} of {len(parts)} parts lie outside of file bounds)"
    padded = sum(_is_padded(b"".join(content[start:end] for start, end in part.spans)) for part in parts)
    return f"image file is truncated ({padded} of {len(parts)} parts are padded)" if padded else ""


def _is_padded(part: bytes) -> bool:
    """Return whether HEVC data end in padding: a unit that is empty, incomplete or ends with a zero."""
    at = 0
    while at + UNIT_LENGTH <= len(part):
        end = at + UNIT_LENGTH + int.from_bytes(part[at : at + UNIT_LENGTH], "big")
        if end == at + UNIT_LENGTH or end > len(part) or part[end - 1] == 0:
            return True
        at = end
    return False
