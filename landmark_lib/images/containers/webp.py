"""WebP: chunks of name, length and content within a RIFF, padded to an even size."""

import struct

from landmark_lib.images.containers.pixels import Pixels

ICC, EXIF, XMP = 0x20, 0x08, 0x04  # bits of VP8X for metadata
# Chunks of a photo or of the first frame of an animation, one of each; EXIF is removed later.
NEEDED = {b"VP8X", b"ICCP", b"ANIM", b"ANMF", b"ALPH", b"VP8 ", b"VP8L", b"EXIF"}


def is_webp(content: bytes) -> bool:
    """Return whether a file begins like a WebP."""
    return content.startswith(b"RIFF") and content[8:12] == b"WEBP"


def pixels_of_webp(content: bytes) -> Pixels:
    """Return a WebP without metadata and all frames after the first."""
    kept: dict[bytes, bytes] = {}
    at = 12
    while at + 8 <= len(content):
        name, size = struct.unpack("<4sI", content[at : at + 8])
        end = at + 8 + size
        padding = size % 2 if end <= len(content) else 0  # added only if nothing else is missing
        stored = content[at:end] + bytes(padding)
        at = end + size % 2
        is_whole = len(stored) >= 8 + int.from_bytes(stored[4:8], "little")
        if name in NEEDED and (name != b"ICCP" or is_whole):
            kept.setdefault(name, stored)
    if b"VP8X" in kept:
        removed = EXIF | XMP | (0 if b"ICCP" in kept else ICC)
        header = kept[b"VP8X"]
        kept[b"VP8X"] = header[:8] + bytes(flags & ~removed for flags in header[8:9]) + header[9:]
    exif = kept.pop(b"EXIF", b"")[8:]
    body = b"WEBP" + b"".join(kept.values())
    return Pixels((b"RIFF" + struct.pack("<I", len(body)) + body,), (exif,))
