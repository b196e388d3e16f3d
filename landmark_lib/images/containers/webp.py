"""WebP: chunks within a RIFF, each a name, a length and its content, filled up to an even size."""

import struct
from collections.abc import Iterator

from landmark_lib.images.containers.pixels import Pixels

ICC, EXIF, XMP = 0x20, 0x08, 0x04  # bits of VP8X: which metadata there is
# What a photo or the first frame of an animation is made of, once each; EXIF is put aside.
NEEDED = {b"VP8X", b"ICCP", b"ANIM", b"ANMF", b"ALPH", b"VP8 ", b"VP8L", b"EXIF"}


def is_webp(content: bytes) -> bool:
    """Say whether a file begins like a WebP."""
    return content.startswith(b"RIFF") and content[8:12] == b"WEBP"


def pixels_of_webp(content: bytes) -> Pixels:
    """Leave out metadata and all frames but the first, and make the RIFF as long as what is left."""
    kept: dict[bytes, bytes] = {}
    for name, stored in _chunks(content):
        if name in NEEDED and (name != b"ICCP" or _is_whole(stored)):
            kept.setdefault(name, stored)
    if b"VP8X" in kept:
        kept[b"VP8X"] = _without_flags(kept[b"VP8X"], EXIF | XMP | (0 if b"ICCP" in kept else ICC))
    exif = kept.pop(b"EXIF", b"")[8:]
    body = b"WEBP" + b"".join(kept.values())
    return Pixels((b"RIFF" + struct.pack("<I", len(body)) + body,), (exif,))


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the name of each chunk, and all of it, filled up to an even size if no more is missing."""
    at = 12
    while at + 8 <= len(content):
        name, size = struct.unpack("<4sI", content[at : at + 8])
        end = at + 8 + size
        filling = size % 2 if end <= len(content) else 0
        yield name, content[at:end] + bytes(filling)
        at = end + size % 2


def _is_whole(chunk: bytes) -> bool:
    return len(chunk) >= 8 + int.from_bytes(chunk[4:8], "little")


def _without_flags(chunk: bytes, flags: int) -> bytes:
    return chunk[:8] + bytes(byte & ~flags for byte in chunk[8:9]) + chunk[9:]
