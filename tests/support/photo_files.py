"""Photos as files, and the parts of files in each format."""

import io
import struct
import zlib

import numpy as np
from PIL import Image

from landmark_lib.images.decode import decode_square

MAX_PIXELS = 200_000_000
ORIENTATION = 0x0112


def draw(number, side=250):
    """Return a photo of large coloured fields, which depend on the number."""
    pixels = np.random.default_rng(number).integers(0, 256, (side, side, 3)).astype(np.uint8)
    return Image.fromarray(pixels).resize((8, 8)).resize((side, side))


def encoded(image, file_format="PNG", **options):
    buffer = io.BytesIO()
    image.save(buffer, file_format, **options)
    return buffer.getvalue()


def pixels(content, side=50, max_pixels=MAX_PIXELS):
    """Return the pixels of a photo as decoded by preprocessing; (side, side, 3)."""
    return np.asarray(decode_square(content, side, max_pixels)[0]).astype(int)


def turned(square):
    """Return pixels turned by EXIF orientation 6."""
    return np.rot90(square, -1)


def colourful(width=88, height=64):
    """Return a gradient with noise and four different corners."""
    noise = np.random.default_rng(5).normal(0, 12, (height, width, 3))
    ramp = np.add.outer(np.arange(height) * 2, np.arange(width))[..., None] * [1, 0.5, 1.4]
    return Image.fromarray(np.clip(ramp + noise, 0, 255).astype(np.uint8))


def directory(*entries, order="<", start=8):
    """Return a TIFF or EXIF block of (tag, type, count, field) entries; a field is a number or bytes."""
    begins = b"II*\0" if order == "<" else b"MM\0*"
    stored = b"".join(
        struct.pack(order + "HHI", tag, kind, count) + _field(field, kind, order)
        for tag, kind, count, field in entries
    )
    return begins + struct.pack(order + "IH", start, len(entries)) + stored + bytes(4)


def _field(field, kind, order):
    if isinstance(field, bytes):
        return field.ljust(4, b"\0")
    letter = {3: "H", 4: "I", 8: "h", 9: "i", 11: "f"}.get(kind, "I")
    return struct.pack(order + letter, field).ljust(4, b"\0")


def grey_tiff(levels, kind, *, order="<", packed=False, white_is_zero=False, bits=None, extra=()):
    """Return a TIFF of grey numbers: unsigned (kind 1), signed (2) or floats (3), in strips of eight rows."""
    height, width = levels.shape
    strips = [
        levels[row : row + 8].astype(levels.dtype.newbyteorder(order)).tobytes()
        for row in range(0, height, 8)
    ]
    if bits == 12:
        strips = [_twelve_bits(levels[row : row + 8]) for row in range(0, height, 8)]
    if packed:
        strips = [zlib.compress(strip) for strip in strips]
    tags = [(256, 3, 1, width), (257, 3, 1, height), (258, 3, 1, bits or levels.dtype.itemsize * 8)]
    tags += [(259, 3, 1, 8 if packed else 1), (262, 3, 1, 0 if white_is_zero else 1), (277, 3, 1, 1)]
    tags += [(273, 4, len(strips), 0), (278, 3, 1, 8), (279, 4, len(strips), 0), (339, 3, 1, kind), *extra]
    tables = 8 + 2 + 12 * len(tags) + 4  # offset of the strips' offsets and sizes, before the strips
    first = tables + 8 * len(strips)
    sizes = [len(strip) for strip in strips]
    places = [first + sum(sizes[:number]) for number in range(len(strips))]
    fields = (
        {273: tables, 279: tables + 4 * len(strips)} if len(strips) > 1 else {273: places[0], 279: sizes[0]}
    )
    entries = sorted((tag, kind, count, fields.get(tag, field)) for tag, kind, count, field in tags)
    table = struct.pack(f"{order}{2 * len(strips)}I", *places, *sizes)
    return directory(*entries, order=order) + table + b"".join(strips)


def _twelve_bits(levels):
    pairs = levels.reshape(-1, 2).astype(int)
    packed = [pairs[:, 0] >> 4, (pairs[:, 0] & 15) << 4 | pairs[:, 1] >> 8, pairs[:, 1] & 255]
    return np.stack(packed, axis=1).astype(np.uint8).tobytes()


def with_segment(jpeg, marker, body, *, after_jfif=True):
    """Return a JPEG with another segment, after its first one or before it."""
    place = 4 + struct.unpack(">H", jpeg[4:6])[0] if after_jfif else 2
    segment = bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body
    return jpeg[:place] + segment + jpeg[place:]


def chunk(name, body, checksum=None):
    """Return a chunk of a PNG, with the given checksum if there is one."""
    checksum = zlib.crc32(name + body) if checksum is None else checksum
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", checksum)


def with_chunk(png, name, body, *, behind=False, checksum=None):
    """Return a PNG with another chunk, before the pixels or after them."""
    place = png.rindex(b"IEND") - 4 if behind else 33
    return png[:place] + chunk(name, body, checksum) + png[place:]


def png(rows, colours, depth, *chunks):
    """Return a PNG of rows of bytes with further chunks; its width follows from the first row."""
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colours]
    width = len(rows[0]) * 8 // (depth * channels)
    header = struct.pack(">IIBBBBB", width, len(rows), depth, colours, 0, 0, 0)
    content = zlib.compress(b"".join(b"\0" + bytes(row) for row in rows))
    parts = (chunk(b"IHDR", header), *chunks, chunk(b"IDAT", content), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def with_webp_chunk(webp, name, body, size=None):
    """Return a WebP with another chunk instead of EXIF, which may state a wrong size."""
    place = webp.index(b"EXIF")
    claimed = len(body) if size is None else size
    changed = webp[:place] + name + struct.pack("<I", claimed) + body + bytes(len(body) % 2)
    return changed[:4] + struct.pack("<I", len(changed) - 8) + changed[8:]
