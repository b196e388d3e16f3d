"""JPEG 2000: boxes, one of which says how large the photo is, and another holds it."""

import struct

from landmark_lib.images.containers.items import Box, boxes
from landmark_lib.images.containers.pixels import Pixels, Span, pieces_of

SIGNATURE = b"\0\0\0\x0cjP  \r\n\x87\n"
# Size, bits, kind of colours, palette and which channel is what.
HEADER_BOXES = {b"ihdr", b"bpcc", b"colr", b"pclr", b"cmap", b"cdef"}
MIN_COLOUR = 7  # bytes of a box that names the kind of colours


def is_jpeg2000(content: bytes) -> bool:
    """Say whether a file begins like a JPEG 2000 in boxes."""
    return content.startswith(SIGNATURE)


def pixels_of_jpeg2000(content: bytes) -> Pixels:
    """Leave out all boxes before the photo that do not say how it is stored: resolution, XML, EXIF."""
    kept: dict[bytes, Span | bytes] = {}
    rest = 0
    for box in boxes(content, 0, len(content)):
        if box.name == b"jp2c":
            break
        if box.name == b"jp2h" and box.name not in kept:
            parts = boxes(content, box.body, box.end, *HEADER_BOXES)
            header = b"".join(content[part.start : part.end] for part in parts if _is_readable(part))
            kept[box.name] = struct.pack(">I4s", 8 + len(header), b"jp2h") + header
        elif box.name in {b"jP  ", b"ftyp"}:
            kept.setdefault(box.name, (box.start, box.end))
        rest = box.end
    return Pixels(pieces_of(content, (*kept.values(), (rest, len(content)))))


def _is_readable(box: Box) -> bool:
    return box.name != b"colr" or box.end - box.body >= MIN_COLOUR
