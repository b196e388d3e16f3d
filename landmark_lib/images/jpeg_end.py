"""Whether all of a JPEG is there, told by its pixels and not by the mark at its end.

Pillow insists on the mark even if every pixel is there. If the mark is there but pixels are not, libjpeg
paints them grey and Pillow does not hear of it. The test used here: put different bytes where the scans end.
If they change a pixel, that pixel was missing; if all are there, the decoder skips such bytes.
"""

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from PIL import Image

from landmark_lib.images.containers.jpeg import END_OF_IMAGE, START_OF_SCAN, segments
from landmark_lib.images.containers.pixels import Piece, Pixels
from landmark_lib.images.formats import open_photo
from landmark_lib.images.memory import decoding_bytes

END = b"\xff\xd9"
# A marker of anything but a restart; 0 after FF is no marker but a byte FF of the scan.
MARKER = re.compile(rb"\xff([^\x00\xff\xd0-\xd7])", re.DOTALL)
RESTART_INTERVAL = 0xDD
RESTART = re.compile(rb"\xff[\xd0-\xd7]")
PROGRESSIVE = {0xC2, 0xC6, 0xCA, 0xCE}
FRAMES = PROGRESSIVE | {0xC0, 0xC1, 0xC5, 0xC9, 0xCD}
COEFFICIENTS = 64
MOST_SCANS = 1000  # encoders make about ten
# Continuations that differ from each other, and from the zeros that libjpeg takes, within their first bits.
CONTINUATIONS = tuple(
    bytes([first]) + hashlib.shake_256(bytes([first])).digest(512).replace(b"\xff", b"\xfe")
    for first in (0b11001100, 0b01010101, 0b11110000, 0b00101110)
)
STRIP_PIXELS = 500_000
GREY = {127, 128}  # what libjpeg fills in, CMYK rounded down


class Scans(NamedTuple):
    """The scans of a JPEG.

    Attributes:
        content: All their bytes.
        headers: What each scan says that it gives.
        last: Where the bits of the last scan begin.
        has_intervals: Whether marks stand between intervals of the bits.
        has_end: Whether the mark of the end follows.
    """

    content: memoryview
    headers: list[bytes]
    last: int
    has_intervals: bool
    has_end: bool


def may_be_cut(photo: Image.Image, content: bytes, pixels: Pixels) -> bool:
    """Say whether something hints that a JPEG lacks pixels, though it could be decoded.

    That is a grey end, no mark of the end, or zeros before it: some programs fill up a file that they have
    only a part of.

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
    """Return a JPEG with a mark of its end right after its scans, without what follows them."""
    return replace(pixels, pieces=(*pixels.pieces[:-1], _scans(pixels).content, END))


def is_whole(pixels: Pixels, most_memory: float) -> bool:
    """Say whether no pixel of a JPEG depends on anything that may have been cut off.

    Decodes it several times, at full size if that takes no more than `most_memory` bytes.
    """
    scans = _scans(pixels)
    if not scans.has_end and not _are_complete(pixels, scans.headers):
        return False

    def is_enough(size: int) -> bool:
        return _is_enough(pixels, scans, size, most_memory)

    size = len(scans.content)
    without_zeros = _without(scans.content, 0)
    if len(without_zeros) == size:
        return is_enough(size)
    if is_enough(len(_without(without_zeros, 0xFF))):
        return True
    if bytes(without_zeros[-1:]) == b"\xff" and is_enough(len(without_zeros) + 1):
        return True  # FF 00 is a byte of the scan
    # Zeros at the end fill up a file, or are bits of even colours; then not one of them can be spared.
    return is_enough(size) and not is_enough(size - 1)


def _is_enough(pixels: Pixels, scans: Scans, size: int, most_memory: float) -> bool:
    """Say whether so many bytes of the scans give the same pixels whatever comes after them."""
    bits, rest = scans.content[:size], scans.content[size:]
    restarts = len(RESTART.findall(bits, scans.last))
    restart = bytes((0xFF, 0xD0 + restarts % 8)) + CONTINUATIONS[0]
    continuations: list[Piece] = [rest, *CONTINUATIONS, *([restart] if scans.has_intervals else [])]
    versions = (
        replace(pixels, pieces=(*pixels.pieces[:-1], bits, continuation, END))
        for continuation in continuations
    )
    try:
        first = _digest(next(versions), most_memory)
        return all(_digest(version, most_memory) == first for version in versions)
    except OSError:  # libjpeg cannot make anything of them
        return False


def _without(content: memoryview, byte: int) -> memoryview:
    """Cut off a byte from the end, as often as it stands there."""
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
        if marker == START_OF_SCAN and end <= len(content) and len(headers) < MOST_SCANS:
            headers.append(bytes(content[at + 4 : end]))
            last = end
        has_intervals = has_intervals or marker == RESTART_INTERVAL
        at = max(end, at + 2)
    # FF would be half a marker.
    return Scans(_without(content, 0xFF), headers, last, has_intervals, has_end=False)


def _are_complete(pixels: Pixels, headers: list[bytes]) -> bool:
    """Say whether the scans that are there give every coefficient to its last bit."""
    head = b"".join(pixels.pieces[:-1])
    frames = [segment for segment in segments(head, 2) if segment.marker in FRAMES]
    if len(frames) != 1:
        return False
    marker, components = frames[0].marker, set(head[frames[0].body + 6 : frames[0].end : 3])
    given: dict[int, set[int]] = defaultdict(set)
    for component, coefficients in _given(headers):
        given[component] |= coefficients if marker in PROGRESSIVE else set(range(COEFFICIENTS))
    return all(len(given[component]) == COEFFICIENTS for component in components)


def _given(headers: list[bytes]) -> Iterator[tuple[int, set[int]]]:
    """Yield the components of each scan, and the coefficients that it gives to the last bit."""
    for header in headers:
        count = header[0] if header else 0
        if len(header) != 4 + 2 * count:
            continue
        first, last, bits = header[1 + 2 * count :]
        coefficients = set(range(first, last + 1)) if bits & 15 == 0 else set()
        for component in header[1 : 1 + 2 * count : 2]:
            yield component, coefficients


def _digest(pixels: Pixels, most_memory: float) -> bytes:
    with open_photo(pixels.file()) as photo:
        if decoding_bytes(photo, photo.width * photo.height) > most_memory:
            photo.draft(None, (photo.width // 8, photo.height // 8))
        photo.load()
        digest = hashlib.blake2b()
        rows = max(1, STRIP_PIXELS // photo.width)
        for top in range(0, photo.height, rows):
            strip = photo.crop((0, top, photo.width, min(top + rows, photo.height)))
            digest.update(strip.tobytes())
        return digest.digest()
