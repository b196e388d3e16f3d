"""JPEG 2000: boxes, one with a header and one with the photo."""

import struct

from landmark_lib.images.containers.items import boxes
from landmark_lib.images.containers.pixels import Pixels, Span, pieces_of

SIGNATURE = b"\0\0\0\x0cjP  \r\n\x87\n"
# Size, bits, colour space, palette and the meaning of channels.
HEADER_BOXES = {b"ihdr", b"bpcc", b"colr", b"pclr", b"cmap", b"cdef"}
MIN_COLOUR = 7  # bytes of a box with a colour space


def is_jpeg2000(content: bytes) -> bool:
    """Return whether a file begins like a JPEG 2000 in boxes."""
    return content.startswith(SIGNATURE)


def pixels_of_jpeg2000(content: bytes) -> Pixels:
    """Return a JPEG 2000 without boxes that decoding does not need: resolution, XML, EXIF."""
    kept: dict[bytes, Span | bytes] = {}
    rest = 0
    for box in boxes(content, 0, len(content)):
        if box.name == b"jp2c":
            break
        if box.name == b"jp2h" and box.name not in kept:
            parts = boxes(content, box.body, box.end, *HEADER_BOXES)
            header = b"".join(
                content[part.start : part.end]
                for part in parts
                if part.name != b"colr" or part.end - part.body >= MIN_COLOUR
            )
            kept[box.name] = struct.pack(">I4s", 8 + len(header), b"jp2h") + header
        elif box.name in {b"jP  ", b"ftyp"}:
            kept.setdefault(box.name, (box.start, box.end))
        rest = box.end
    return Pixels(pieces_of(content, (*kept.values(), (rest, len(content)))))
