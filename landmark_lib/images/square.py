"""From a decoded photo of any kind of pixels to its centre square, resized."""

import math

import numpy as np
from PIL import Image, ImageChops

WHITE = (255, 255, 255)
# What is far larger than the square is first averaged down by whole factors, to at least this many pixels for
# each output pixel and side.
REDUCING_GAP = 2.0
# From this many pixels for each output pixel and side on, bicubic takes Lanczos' place: a third faster, and
# still 44 dB from it in the median of real photos.
BICUBIC_FROM = 2.0
BAND_PIXELS = 500_000  # converted at a time: a second copy of a large photo would not fit into the memory
DEEP_GREY = {"I", "F", "I;16", "I;16B", "I;16L", "I;16N"}
GREY = DEEP_GREY | {"1", "L", "LA", "La"}
TRANSPARENT = {"RGBA", "LA", "PA", "RGBa", "La"}

Box = tuple[float, float, float, float]


def centre_square(photo: Image.Image, extent: tuple[float, float], side: int) -> Image.Image:
    """Crop the longer side of a photo to a square and resize it, in one step.

    Args:
        photo: Of any mode that Pillow reads, loaded.
        extent: Width and height that the photo covers of its pixels; a JPEG decoded at reduced scale may
            end within its last ones.
        side: Side of the result in pixels.

    Returns:
        Image in RGB, L or CMYK, its ink as the photo's profile has it, of side x side pixels.
    """
    length = min(extent)
    left, top = (extent[0] - length) / 2, (extent[1] - length) / 2
    box = (left, top, left + length, top + length)
    if photo.mode not in {"RGB", "L", "CMYK"} or "transparency" in photo.info:
        return _plain_square(photo, box, side)
    square = _resized(photo, side, box)
    if photo.mode == "CMYK" and photo.format == "JPEG" and "adobe" not in photo.info:
        # Pillow takes every CMYK JPEG for one of Adobe's, which store ink inverted.
        return ImageChops.invert(square)
    return square


def _plain_square(photo: Image.Image, box: Box, side: int) -> Image.Image:
    """Convert band by band to RGB or L, each averaged down at once, and resize the rest of the way."""
    left, top, right, bottom = math.floor(box[0]), math.floor(box[1]), math.ceil(box[2]), math.ceil(box[3])
    factor = int((box[2] - box[0]) / side / REDUCING_GAP) or 1
    mode = "L" if photo.mode in GREY else "RGB"
    plain = Image.new(mode, (math.ceil((right - left) / factor), math.ceil((bottom - top) / factor)))
    deepest = _deepest(photo)
    rows = factor * max(1, BAND_PIXELS // ((right - left) * factor))
    for row in range(top, bottom, rows):
        band = _plain(photo.crop((left, row, right, min(row + rows, bottom))), deepest).convert(mode)
        plain.paste(band.reduce(factor), (0, (row - top) // factor))
    within = (
        (box[0] - left) / factor,
        (box[1] - top) / factor,
        (box[2] - left) / factor,
        (box[3] - top) / factor,
    )
    return _resized(plain, side, within)


def _resized(image: Image.Image, side: int, box: Box) -> Image.Image:
    oversampling = (box[2] - box[0]) / side
    kernel = Image.Resampling.BICUBIC if oversampling >= BICUBIC_FROM else Image.Resampling.LANCZOS
    return image.resize((side, side), kernel, box, REDUCING_GAP)


def _plain(band: Image.Image, deepest: float) -> Image.Image:
    if band.mode in DEEP_GREY:
        # Pillow clips 16-bit grey to 8 bits instead of scaling it.
        # (height, width), any depth -> uint8
        levels = np.asarray(band, dtype=np.float64)
        return Image.fromarray(np.clip(levels * (255 / deepest), 0, 255).round().astype(np.uint8), "L")
    if band.mode in TRANSPARENT or "transparency" in band.info:
        rgba = band.convert("RGBA")
        paper = Image.new("RGBA", rgba.size, (*WHITE, 255))
        return Image.alpha_composite(paper, rgba)
    return band.convert("RGB")


def _deepest(photo: Image.Image) -> float:
    """Tell which level of a photo is white: of floats the largest there is, as nothing else says it."""
    if photo.mode != "F":
        return 65535.0
    _, largest = photo.getextrema()
    return max(float(largest), 1.0)  # type: ignore[arg-type] # of one band, a number
