"""HEIC and AVIF: boxes, among them a list of items and where these lie."""

import struct
from collections.abc import Iterator

from landmark_lib.images.containers.items import Item, Items, read_items
from landmark_lib.images.containers.pixels import Pixels, Span, pieces_of

METADATA = {b"Exif", b"mime"}  # kinds of items; mime is XMP
# Kinds of items that are put together from others, and after how many bytes the size stands that they have.
CANVASES = {b"grid": 4, b"iovl": 10}
SKIPPED = b"skip"
HEVC = b"hvc1"
UNIT_LENGTH = 4  # bytes before each unit of HEVC; the format allows fewer, and nobody has written them


def is_boxes(content: bytes) -> bool:
    """Say whether a file begins like one of boxes."""
    return content[4:8] == b"ftyp"


def pixels_of_boxes(content: bytes) -> Pixels:
    """Rename the items of EXIF and XMP to something that decoders pass over.

    Taking them out would move everything else. Boxes of their own tell how the photo is turned.
    """
    items = read_items(content)
    unwanted = [item for item in items.by_number.values() if item.kind in METADATA]
    sizes = items.sizes.copy()
    for item in items.by_number.values():
        if item.kind in CANVASES:
            size = _canvas_size(content, item)
            # Decoders make a canvas as large as it says, so one whose size cannot be found is not decoded.
            unwanted += [item] if size is None else []
            sizes.append(size or 0)
    pieces = pieces_of(content, _renamed(content, [item.kind_place for item in unwanted]))
    return Pixels(pieces, largest=max(sizes, default=0), flaw=_flaw(content, items))


def _renamed(content: bytes, places: list[int]) -> Iterator[Span | bytes]:
    """Yield a file whose items of these places have another kind."""
    at = 0
    for place in sorted(places):
        yield at, place
        yield SKIPPED
        at = place + len(SKIPPED)
    yield at, len(content)


def _canvas_size(content: bytes, item: Item) -> int | None:
    """Return how many pixels an item has that is put together from others."""
    start, end = item.spans[0] if len(item.spans) == 1 else (0, 0)
    # version, flags and so on, and then width and height in 2 or 4 bytes
    shape = ">II" if content[start + 1 : start + 2] == b"\1" else ">HH"
    at = start + CANVASES[item.kind]
    stored = content[at : min(end, at + struct.calcsize(shape))]
    if len(stored) < struct.calcsize(shape):
        return None
    width, height = struct.unpack(shape, stored)
    return int(width * height)


def _flaw(content: bytes, items: Items) -> str:
    """Tell of missing parts: libheif paints them green or black, and says nothing."""
    parts = [item for item in items.photo() if item.kind == HEVC]
    missing = sum(any(end > len(content) for _, end in part.spans) for part in parts)
    if missing:
        return f"image file is truncated ({missing} of {len(parts)} parts lie outside of file bounds)"
    filled = sum(_is_filled_up(b"".join(content[start:end] for start, end in part.spans)) for part in parts)
    return f"image file is truncated ({filled} of {len(parts)} parts are filled up)" if filled else ""


def _is_filled_up(part: bytes) -> bool:
    """Say whether a part of HEVC ends in something else: none of its units is empty or ends with a zero."""
    at = 0
    while at + UNIT_LENGTH <= len(part):
        end = at + UNIT_LENGTH + int.from_bytes(part[at : at + UNIT_LENGTH], "big")
        if end == at + UNIT_LENGTH or end > len(part) or part[end - 1] == 0:
            return True
        at = end
    return False
