"""Crops a decoded photo of any mode to its centre square and resizes it."""

import math
from collections.abc import Iterator

from PIL import Image, ImageChops

from landmark_lib.images.containers.pixels import Samples
from landmark_lib.images.levels import DEEP_GREY, is_deep, scale_of, to_grey

WHITE = (255, 255, 255)
# A much larger photo is first averaged down by a whole factor, to at least this many pixels per output pixel,
# on each side.
REDUCING_GAP = 2.0
# From this many pixels per output pixel on, bicubic replaces Lanczos: a third faster, and at 44 dB from it in
# the median of real photos.
BICUBIC_FROM = 2.0
BAND_PIXELS = 500_000  # converted at a time: a second copy of a large photo would need too much memory
GREY = DEEP_GREY | {"1", "L", "LA", "La"}
TRANSPARENT = {"RGBA", "LA", "PA", "RGBa", "La"}

Box = tuple[float, float, float, float]


def centre_square(
    photo: Image.Image, extent: tuple[float, float], side: int, samples: Samples | None = None
) -> Image.Image:
    """Crop the longer side of a photo to a square and resize it, in one step.

    Args:
        photo: Of any mode, loaded.
        extent: Width and height of the photo within its pixels; a JPEG decoded at a reduced scale may end
            within its last ones.
        side: Side of the result in pixels.
        samples: Description of the numbers in a TIFF.

    Returns:
        Image of side x side pixels in RGB, L or CMYK, with ink as in the photo's profile.
    """
    length = min(extent)
    left, top = (extent[0] - length) / 2, (extent[1] - length) / 2
    box = (left, top, left + length, top + length)
    if photo.mode not in {"RGB", "L", "CMYK"} or "transparency" in photo.info or is_deep(photo, samples):
        return _plain_square(photo, box, side, samples)
    square = _resize(photo, side, box)
    if photo.mode == "CMYK" and photo.format == "JPEG" and "adobe" not in photo.info:
        # Pillow assumes that every CMYK JPEG is by Adobe, which stores inverted ink.
        return ImageChops.invert(square)
    return square


def _plain_square(photo: Image.Image, box: Box, side: int, samples: Samples | None) -> Image.Image:
    """Convert to RGB or L in bands, averaging each of them down, then resize."""
    left, top, right, bottom = math.floor(box[0]), math.floor(box[1]), math.ceil(box[2]), math.ceil(box[3])
    factor = int((box[2] - box[0]) / side / REDUCING_GAP) or 1
    mode = "L" if photo.mode in GREY else "RGB"
    plain = Image.new(mode, (math.ceil((right - left) / factor), math.ceil((bottom - top) / factor)))
    everything = _bands(photo, (0, 0, *photo.size), 1)
    scale = scale_of(photo, samples, everything) if is_deep(photo, samples) else None
    row = 0
    for band in _bands(photo, (left, top, right, bottom), factor):
        if scale:
            part = to_grey(band, scale)
        elif band.mode in TRANSPARENT or "transparency" in band.info:
            rgba = band.convert("RGBA")
            paper = Image.new("RGBA", rgba.size, (*WHITE, 255))
            part = Image.alpha_composite(paper, rgba).convert(mode)
        else:
            part = band.convert("RGB").convert(mode)
        plain.paste(part.reduce(factor), (0, row))
        row += part.height // factor
    within = (
        (box[0] - left) / factor,
        (box[1] - top) / factor,
        (box[2] - left) / factor,
        (box[3] - top) / factor,
    )
    return _resize(plain, side, within)


def _resize(image: Image.Image, side: int, box: Box) -> Image.Image:
    oversampling = (box[2] - box[0]) / side
    kernel = Image.Resampling.BICUBIC if oversampling >= BICUBIC_FROM else Image.Resampling.LANCZOS
    return image.resize((side, side), kernel, box, REDUCING_GAP)


def _bands(photo: Image.Image, box: tuple[int, int, int, int], factor: int) -> Iterator[Image.Image]:
    """Yield a part of a photo in strips of whole multiples of `factor` rows."""
    left, top, right, bottom = box
    rows = factor * max(1, BAND_PIXELS // ((right - left) * factor))
    for row in range(top, bottom, rows):
        yield photo.crop((left, row, right, min(row + rows, bottom)))
