"""Small files that ask for much memory, or for another program."""

import io
import struct
import zlib

import pillow_heif
from PIL import Image

SIDE = 30_000  # a tile of so many pixels a side is 900 MB


def png(width: int, height: int, *extra: bytes, rows: int = 1) -> bytes:
    """Write a black PNG of so many pixels, of which some rows are there; with some chunks more."""
    pixels = zlib.compress(bytes((1 + -(-width // 8)) * rows), 9)
    header = _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0))
    chunks = (header, *extra, _chunk(b"IDAT", pixels), _chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def png_with_vast_text() -> bytes:
    """Write a small PNG with a text of 500 MB."""
    return png(16, 16, _chunk(b"zTXt", b"Comment\0\0" + _zeros(500_000_000)), rows=16)


def png_with_vast_profile() -> bytes:
    """Write a small PNG with a colour profile of 500 MB."""
    return png(16, 16, _chunk(b"iCCP", b"profile\0\0" + _zeros(500_000_000)), rows=16)


def icon_of_a_vast_picture() -> bytes:
    """Write an icon of 16 x 16 pixels that holds a PNG of 20,000 x 20,000."""
    picture = png(20_000, 20_000, rows=20_000)
    return struct.pack("<HHHBBBBHHII", 0, 1, 1, 16, 16, 0, 0, 1, 32, len(picture), 22) + picture


def tiff_of_a_vast_tile() -> bytes:
    """Write a TIFF of 16 x 16 pixels that lie in a tile of 30,000 x 30,000."""
    tile = _zeros(SIDE * SIDE)
    long, short, entries = 4, 3, 10
    tags = {
        256: (long, 16),  # width, height, bits, deflate, black is 0, one colour
        257: (long, 16),
        258: (short, 8),
        259: (short, 8),
        262: (short, 1),
        277: (short, 1),
        322: (long, SIDE),  # width and height of a tile, where it is, its bytes
        323: (long, SIDE),
        324: (long, 8 + 2 + 12 * entries + 4),
        325: (long, len(tile)),
    }
    directory = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, (kind, value) in tags.items())
    return b"II*\0" + struct.pack("<IH", 8, entries) + directory + bytes(4) + tile


def postscript() -> bytes:
    """Write a picture that is a program."""
    return b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 100 100\n%%EndComments\nshowpage\n%%EOF\n"


def _zeros(count: int) -> bytes:
    packer = zlib.compressobj(9)
    whole, rest = divmod(count, 10**6)
    return b"".join(packer.compress(bytes(size)) for size in [*[10**6] * whole, rest]) + packer.flush()


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png_of_many_empty_chunks() -> bytes:
    """Write a small PNG whose pixels are followed by 80,000 empty chunks, each of which could be kept."""
    picture = png(16, 16, rows=16)
    return picture[:-12] + (_chunk(b"IDAT", b"") + _chunk(b"abCd", b"")) * 40_000 + picture[-12:]


def jpeg_of_many_empty_segments() -> bytes:
    """Write a JPEG that begins with 240,000 empty segments, each of which could be kept, and has no more."""
    return b"\xff\xd8" + b"\xff\xdd\0\2\xff\xfe\0\2" * 120_000


def heic_that_lies_about_its_size() -> bytes:
    """Write a HEIC that claims 64 x 64 pixels and has 4096 x 4096."""
    return _heic((4096, 4096)).replace(struct.pack(">II", 4096, 4096), struct.pack(">II", 64, 64))


def heic_of_vast_tiles() -> bytes:
    """Write a HEIC that claims 64 x 64 pixels, of tiles that claim 20,000 x 20,000."""
    content = _tiled_heic()
    tile, whole = struct.pack(">II", 64, 64), struct.pack(">II", 128, 64)
    content = content.replace(tile, struct.pack(">II", 20_000, 20_000)).replace(whole, tile)
    return content.replace(_GRID + struct.pack(">HH", 128, 64), _GRID + struct.pack(">HH", 64, 64))


def heic_whose_tiles_claim_to_make_more() -> bytes:
    """Write a HEIC that claims 128 x 64 pixels, whose tiles make 20,000 x 20,000."""
    return _tiled_heic().replace(
        _GRID + struct.pack(">HH", 128, 64), _GRID + struct.pack(">HH", 20_000, 20_000)
    )


def heic_on_a_vast_canvas() -> bytes:
    """Write a HEIC that claims 128 x 64 pixels and lies on a canvas of 20,000 x 20,000."""
    content = bytearray(_tiled_heic().replace(b"grid", b"iovl"))
    canvas = struct.pack(">BB4HII4i", 0, 1, 0, 0, 0, 65535, 20_000, 20_000, 0, 0, 0, 0)
    # The first item's place: in the file, and not in the box for small items.
    place = content.index(b"iloc") + 12
    content[place + 2 : place + 20] = struct.pack(">HHIHII", 0, 0, 0, 1, len(content), len(canvas))
    return bytes(content) + canvas


_GRID = b"\0\0\0\1"  # version, flags, one row, two columns


def _tiled_heic() -> bytes:
    """Write a HEIC of 128 x 64 pixels in two tiles."""
    return _heic((128, 64), tile_size=64)


def _heic(size: tuple[int, int], **options: int) -> bytes:
    buffer = io.BytesIO()
    pillow_heif.from_pillow(Image.new("RGB", size, "green")).save(buffer, quality=10, **options)
    return buffer.getvalue()
