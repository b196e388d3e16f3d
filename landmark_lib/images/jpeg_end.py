"""Decides by the pixels, not by the end marker, whether a JPEG is complete.

Pillow requires the marker even if all pixels are present. If the marker is present but pixels are missing,
libjpeg fills them with grey and Pillow does not notice. The test here appends different bytes to the scans. A
pixel that changes was missing; if all are present, the decoder ignores such bytes.
"""

import hashlib
import re
from collections import defaultdict
from dataclasses import replace
from typing import NamedTuple

from PIL import Image

from landmark_lib.images.containers.jpeg import END_OF_IMAGE, START_OF_SCAN, segments
from landmark_lib.images.containers.pixels import Piece, Pixels
from landmark_lib.images.formats import open_photo
from landmark_lib.images.memory import decoding_bytes

END = b"\xff\xd9"
# A marker other than a restart; 0 after FF means a byte FF of the scan.
MARKER = re.compile(rb"\xff([^\x00\xff\xd0-\xd7])", re.DOTALL)
RESTART_INTERVAL = 0xDD
RESTART = re.compile(rb"\xff[\xd0-\xd7]")
PROGRESSIVE = {0xC2, 0xC6, 0xCA, 0xCE}
FRAMES = PROGRESSIVE | {0xC0, 0xC1, 0xC5, 0xC9, 0xCD}
COEFFICIENTS = 64
MAX_SCANS = 1000  # encoders write about ten
# Continuations that differ, in their first bits, from each other and from the zeros that libjpeg assumes.
CONTINUATIONS = tuple(
    bytes([first]) + hashlib.shake_256(bytes([first])).digest(512).replace(b"\xff", b"\xfe")
    for first in (0b11001100, 0b01010101, 0b11110000, 0b00101110)
)
STRIP_PIXELS = 500_000
GREY = {127, 128}  # libjpeg's filling; CMYK is rounded down


class Scans(NamedTuple):
    """The scans of a JPEG.

    Attributes:
        content: All their bytes.
        headers: The header of each scan: which coefficients it contains.
        last: Where the data of the last scan begin.
        has_intervals: Whether restart markers divide the data.
        has_end: Whether the end marker follows.
    """

    content: memoryview
    headers: list[bytes]
    last: int
    has_intervals: bool
    has_end: bool


def may_be_cut(photo: Image.Image, content: bytes, pixels: Pixels) -> bool:
    """Return whether a JPEG may lack pixels although it could be decoded.

    Signs are a grey last pixel, no end marker, or zeros before it: some programs pad incomplete files.

    Args:
        photo: Decoded, at any scale.
        content: Its file.
        pixels: Its file without metadata.
    """
    last = photo.getpixel((photo.width - 1, photo.height - 1))
    is_grey = set(last if isinstance(last, tuple) else (last,)) <= GREY
    end = content.find(END, len(content) - len(pixels.pieces[-1]))
    return is_grey or end < 0 or content[end - 2 : end] == bytes(2)


def with_end(pixels: Pixels) -> Pixels:
    """Return a JPEG with an end marker right after its scans, and nothing after it."""
    return replace(pixels, pieces=(*pixels.pieces[:-1], _scans(pixels).content, END))


def is_whole(pixels: Pixels, max_memory: float) -> bool:
    """Return whether no pixel of a JPEG depends on data that may have been cut off.

    Decodes it several times, at full size if that needs at most `max_memory` bytes.
    """
    scans = _scans(pixels)
    if not scans.has_end and not _are_complete(pixels, scans.headers):
        return False

    def is_enough(size: int) -> bool:
        """Return whether `size` bytes of the scans give the same pixels whatever follows them."""
        bits, rest = scans.content[:size], scans.content[size:]
        restarts = len(RESTART.findall(bits, scans.last))
        restart = bytes((0xFF, 0xD0 + restarts % 8)) + CONTINUATIONS[0]
        continuations: list[Piece] = [rest, *CONTINUATIONS, *([restart] if scans.has_intervals else [])]
        versions = (
            replace(pixels, pieces=(*pixels.pieces[:-1], bits, continuation, END))
            for continuation in continuations
        )
        try:
            first = _digest(next(versions), max_memory)
            return all(_digest(version, max_memory) == first for version in versions)
        except OSError:  # libjpeg cannot decode them
            return False

    size = len(scans.content)
    without_zeros = _strip(scans.content, 0)
    if len(without_zeros) == size:
        return is_enough(size)
    if is_enough(len(_strip(without_zeros, 0xFF))):
        return True
    if bytes(without_zeros[-1:]) == b"\xff" and is_enough(len(without_zeros) + 1):
        return True  # FF 00 is a byte of the scan
    # Zeros at the end are padding, or data of even colours; then all of them are needed.
    return is_enough(size) and not is_enough(size - 1)


def _strip(content: memoryview, byte: int) -> memoryview:
    """Return the content without copies of a byte at its end."""
    end = len(content)
    while end and content[end - 1] == byte:
        end -= 1
    return content[:end]


def _scans(pixels: Pixels) -> Scans:
    content = memoryview(pixels.pieces[-1])
    head = b"".join(pixels.pieces[:-1])
    has_intervals = any(segment.marker == RESTART_INTERVAL for segment in segments(head, 2))
    headers: list[bytes] = []
    at = last = 0
    while (found := MARKER.search(content, at)) is not None:
        at, marker = found.start(), found[1][0]
        if marker == END_OF_IMAGE:
            return Scans(content[:at], headers, last, has_intervals, has_end=True)
        end = at + 2 + int.from_bytes(content[at + 2 : at + 4], "big")
        if marker == START_OF_SCAN and end <= len(content) and len(headers) < MAX_SCANS:
            headers.append(bytes(content[at + 4 : end]))
            last = end
        has_intervals = has_intervals or marker == RESTART_INTERVAL
        at = max(end, at + 2)
    # FF would be half of a marker.
    return Scans(_strip(content, 0xFF), headers, last, has_intervals, has_end=False)


def _are_complete(pixels: Pixels, headers: list[bytes]) -> bool:
    """Return whether the scans contain every coefficient to its last bit."""
    head = b"".join(pixels.pieces[:-1])
    frames = [segment for segment in segments(head, 2) if segment.marker in FRAMES]
    if len(frames) != 1:
        return False
    marker, components = frames[0].marker, set(head[frames[0].body + 6 : frames[0].end : 3])
    complete: dict[int, set[int]] = defaultdict(set)
    for header in headers:
        count = header[0] if header else 0
        if len(header) != 4 + 2 * count:
            continue
        first, last, bits = header[1 + 2 * count :]
        coefficients = set(range(first, last + 1)) if bits & 15 == 0 else set()
        for component in header[1 : 1 + 2 * count : 2]:
            complete[component] |= coefficients if marker in PROGRESSIVE else set(range(COEFFICIENTS))
    return all(len(complete[component]) == COEFFICIENTS for component in components)


def _digest(pixels: Pixels, max_memory: float) -> bytes:
    with open_photo(pixels.file()) as photo:
        if decoding_bytes(photo, photo.width * photo.height) > max_memory:
            photo.draft(None, (photo.width // 8, photo.height // 8))
        photo.load()
        digest = hashlib.blake2b()
        rows = max(1, STRIP_PIXELS // photo.width)
        for top in range(0, photo.height, rows):
            strip = photo.crop((0, top, photo.width, min(top + rows, photo.height)))
            digest.update(strip.tobytes())
        return digest.digest()
