"""JPEG: segments of marker, length and content, then the scans."""

from collections.abc import Iterator
from typing import NamedTuple

from landmark_lib.images.containers.pixels import Pixels, pieces_of

MAX_EXIF = 4  # blocks; a photo has one, rarely two
MAX_SEGMENTS = 10_000  # before the scans; a large profile takes 256
START_OF_SCAN, END_OF_IMAGE = 0xDA, 0xD9
# TEM, RST0 to RST7 and SOI: markers without a length.
BARE = {0x01, *range(0xD0, 0xD9)}
COMMENT, APP0, APP1, APP2, APP14, APP15 = 0xFE, 0xE0, 0xE1, 0xE2, 0xEE, 0xEF
# Segments that define the colour space and the profile: prefix, minimum size.
NEEDED = {APP0: (b"JFIF\0", 14), APP2: (b"ICC_PROFILE\0", 15), APP14: (b"Adobe", 12)}


class Segment(NamedTuple):
    """A segment: its marker, and the offsets of the marker's FF, its content and its end."""

    marker: int
    start: int
    body: int
    end: int


def is_jpeg(content: bytes) -> bool:
    """Return whether a file begins like a JPEG."""
    return content.startswith(b"\xff\xd8\xff")


def pixels_of_jpeg(content: bytes) -> Pixels:
    """Return a JPEG without EXIF, comments and application data.

    The last piece begins with the first scan, or where the file is malformed.
    """
    exif: list[bytes] = []
    kept, end = [(0, 2)], 2
    for segment in segments(content, 2):
        body, end = content[segment.body : segment.end], segment.end
        if segment.marker == APP1 and body.startswith(b"Exif\0\0"):
            exif += [body] if len(exif) < MAX_EXIF else []
        elif segment.marker in NEEDED:
            prefix, size = NEEDED[segment.marker]
            kept += [(segment.start, end)] if len(body) >= size and body.startswith(prefix) else []
        elif segment.marker != COMMENT and not APP0 <= segment.marker <= APP15:
            kept.append((segment.start, end))
    return Pixels((*pieces_of(content, [*kept, (end, end)]), memoryview(content)[end:]), tuple(exif))


def segments(content: bytes, start: int) -> Iterator[Segment]:
    """Yield the segments before the first scan; stop at one beyond the file's end."""
    at = start
    for _ in range(MAX_SEGMENTS):
        at = content.find(b"\xff", at)
        while at >= 0 and content[at + 1 : at + 2] == b"\xff":  # fill bytes
            at += 1
        if at < 0 or at + 4 > len(content) or content[at + 1] in {START_OF_SCAN, END_OF_IMAGE}:
            return
        marker, length = content[at + 1], int.from_bytes(content[at + 2 : at + 4], "big")
        if marker in BARE or marker == 0:
            at += 2
            continue
        segment = Segment(marker, at, at + 4, at + 2 + length)
        if length < 2 or segment.end > len(content):
            return
        yield segment
        at = segment.end
