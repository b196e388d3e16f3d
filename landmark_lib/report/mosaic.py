"""Photos as small tiles: separately for a page, or on one sheet."""

import base64
import io
from collections.abc import Sequence

from PIL import Image, ImageDraw

from landmark_lib.images.jpeg import decode_jpeg

TILE_QUALITY = 80
CAPTION = 14  # pixels

# A caption and lines of JPEGs below it.
Band = tuple[str, Sequence[Sequence[bytes]]]


def tile(jpeg: bytes, side: int) -> Image.Image:
    """Shrink a square image of the data set to `side` pixels."""
    return decode_jpeg(jpeg).resize((side, side), Image.Resampling.LANCZOS)


def tile_address(jpeg: bytes, side: int) -> str:
    """Return the tile of an image as a data URI."""
    buffer = io.BytesIO()
    tile(jpeg, side).save(buffer, "JPEG", quality=TILE_QUALITY, optimize=True)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()


def draw_sheet(bands: Sequence[Band], side: int, columns: int) -> Image.Image:
    """Draw lines of tiles on one sheet, each band under its caption.

    Args:
        bands: From top to bottom.
        side: Side of a tile in pixels.
        columns: Maximum tiles per line.
    """
    height = sum(CAPTION + side * len(lines) for _, lines in bands)
    sheet = Image.new("RGB", (columns * side, height), "white")
    top = 0
    for caption, lines in bands:
        ImageDraw.Draw(sheet).text((2, top + 1), caption, fill="black")
        top += CAPTION
        for line in lines:
            for column, jpeg in enumerate(line[:columns]):
                sheet.paste(tile(jpeg, side), (column * side, top))
            top += side
    return sheet
