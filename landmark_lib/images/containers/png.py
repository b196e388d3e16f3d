"""PNG: chunks of length, name, content and checksum."""

import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple

from landmark_lib.images.containers.pixels import Pixels, Span, pieces_of

SIGNATURE = b"\x89PNG\r\n\x1a\n"
GREY, RGB, PALETTE = 0, 2, 3
# Bytes of a transparent colour.
KEY_BYTES = {GREY: 2, RGB: 6}
HEADER_END = 29
DEFLATE = 8
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
# A text or a profile that unpacks to more is a bomb; Pillow refuses it too.
MAX_UNPACKED = 1 << 20
# ImageMagick's EXIF, from before PNG had a chunk for it: a name, the size, hexadecimal digits.
RAW_EXIF = b"Raw profile type exif"
# Passes of an interlaced PNG (Adam7): first column and row, steps between columns and rows.
PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


class Chunk(NamedTuple):
    """A chunk: its name, and the start and end of itself and its content, possibly beyond the file's end."""

    name: bytes
    start: int
    body: int
    body_end: int
    end: int


def is_png(content: bytes) -> bool:
    """Return whether a file begins like a PNG."""
    return content.startswith(SIGNATURE)


def pixels_of_png(content: bytes) -> Pixels:
    """Return a PNG with only the undamaged chunks for pixels and colours."""
    exif: dict[bytes, bytes] = {}
    pieces = pieces_of(content, _kept(content, exif))
    return Pixels(pieces, (exif.get(b"eXIf", b""), exif.get(RAW_EXIF, b"")))


def _kept(content: bytes, exif: dict[bytes, bytes]) -> Iterator[Span | bytes]:
    """Yield the parts to keep, and add the first EXIF of each kind to `exif`."""
    yield 0, len(SIGNATURE)
    depth, colours = (*content[24:26], 0, 0)[:2]
    for chunk in chunks(content):
        body = content[chunk.body : chunk.body_end] if chunk.name not in {b"IDAT", b"fdAT"} else b""
        if chunk.name == b"eXIf":
            exif.setdefault(chunk.name, body)
        elif chunk.name in {b"tEXt", b"zTXt"} and body.startswith(RAW_EXIF + b"\0"):
            exif.setdefault(RAW_EXIF, b"" if RAW_EXIF in exif else _unpack_exif(chunk.name, body))
        elif _is_needed(chunk, content, body, colours):
            key = _key_in_8_bits(body, depth, colours) if chunk.name == b"tRNS" else None
            yield (chunk.start, chunk.end) if key is None else _pack(chunk.name, key)


def chunks(content: bytes) -> Iterator[Chunk]:
    """Yield the chunks up to the end of the image or the file."""
    at = len(SIGNATURE)
    while at + 8 <= len(content):
        length, name = struct.unpack(">I4s", content[at : at + 8])
        body_end = at + 8 + length
        yield Chunk(name, at, at + 8, body_end, body_end + 4)
        if name == b"IEND":
            return
        at = body_end + 4


def with_all_rows(content: bytes) -> Pixels | None:
    """Return a repacked PNG with a valid end if all of its rows are present, otherwise None.

    For files that are truncated after the last row, or have a wrong checksum there.
    """
    if len(content) < HEADER_END or content[HEADER_END - 4] not in CHANNELS:
        return None
    missing = _unpacked_size(content[HEADER_END - 13 : HEADER_END])
    header, packed = b"", list[bytes]()
    # Without the header of the stream, zlib does not check the checksum at its end.
    unpacker, packer = zlib.decompressobj(-zlib.MAX_WBITS), zlib.compressobj(1)
    try:
        for chunk in chunks(content):
            body = content[chunk.body : chunk.body_end] if chunk.name == b"IDAT" else b""
            short = 2 - len(header)
            header, body = header + body[:short], body[short:]
            while body and missing:
                rows = unpacker.decompress(body, min(missing, MAX_UNPACKED))
                missing -= len(rows)
                packed.append(packer.compress(rows))
                body = unpacker.unconsumed_tail
    except zlib.error:
        return None
    if missing or header[0] & 15 != DEFLATE or int.from_bytes(header, "big") % 31:
        return None
    others = (
        part
        for part in _kept(content, {})
        if isinstance(part, bytes) or content[part[0] + 4 : part[0] + 8] not in {b"IDAT", b"IEND"}
    )
    rows_chunk = _pack(b"IDAT", b"".join([*packed, packer.flush()]))
    return Pixels((*pieces_of(content, others), rows_chunk, _pack(b"IEND", b"")))


def _unpacked_size(header: bytes) -> int:
    """Return the number of bytes of all rows of a PNG, each with a byte for its filter."""
    width, height, depth, colours, _, _, is_interlaced = struct.unpack(">IIBBBB?", header)
    size = 0
    for left, top, across, down in PASSES if is_interlaced else ((0, 0, 1, 1),):
        columns, rows = -(-(width - left) // across), -(-(height - top) // down)
        if columns > 0:
            size += rows * (1 + -(-columns * depth * CHANNELS[colours] // 8))
    return size


def _is_needed(chunk: Chunk, content: bytes, body: bytes, colours: int) -> bool:
    if chunk.name == b"PLTE":
        return colours == PALETTE  # otherwise a hint for screens with few colours
    if chunk.name == b"tRNS":
        is_fitting = len(body) == KEY_BYTES.get(colours, -1) or (colours == PALETTE and body != b"")
        return is_fitting and _is_whole(chunk, content)
    if chunk.name == b"iCCP":
        _, separator, packed = body.partition(b"\0")
        is_deflated = separator != b"" and packed[:1] == b"\0"
        return is_deflated and _is_whole(chunk, content) and _unpack(packed[1:]) is not None
    return chunk.name in {b"IHDR", b"IDAT", b"IEND"}


def _key_in_8_bits(body: bytes, depth: int, colours: int) -> bytes | None:
    """Return the transparent colour converted to 8 bits, as Pillow compares it, or None without a change."""
    key = struct.unpack(f">{len(body) // 2}H", body) if colours in KEY_BYTES else ()
    if colours == RGB and depth == 16:
        return struct.pack(">3H", *(level >> 8 for level in key))
    if colours == GREY and depth in {2, 4}:
        return struct.pack(">H", key[0] * 255 // (2**depth - 1) & 0xFFFF)
    return None


def _pack(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def _is_whole(chunk: Chunk, content: bytes) -> bool:
    checksum = zlib.crc32(content[chunk.start + 4 : chunk.body_end])
    return content[chunk.body_end : chunk.end] == struct.pack(">I", checksum)


def _unpack_exif(name: bytes, body: bytes) -> bytes:
    text: bytes | None = body[len(RAW_EXIF) + 1 :]
    if name == b"zTXt":
        text = _unpack(text[1:]) if text else None
    lines = (text or b"").split(b"\n")[3:]
    try:
        return bytes.fromhex(b"".join(lines).decode("ascii"))
    except ValueError:
        return b""


def _unpack(packed: bytes) -> bytes | None:
    """Return a decompressed text or profile; None if it is damaged or too large."""
    unpacker = zlib.decompressobj()
    try:
        unpacked = unpacker.decompress(packed, MAX_UNPACKED)
    except zlib.error:
        return None
    return None if unpacker.unconsumed_tail else unpacked
