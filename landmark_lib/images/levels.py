"""Conversion of deep grey to 8 bits: which level of a photo is black and which is white."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from landmark_lib.images.containers.pixels import SIGNED, UNSIGNED, Samples

DEEP_GREY = {"I", "F", "I;16", "I;16B", "I;16L", "I;16N"}
WHITE_16 = 65535.0
# Common levels of white, if the file does not define it. A photo must reach this share of one, or it would
# become almost black.
COMMON_WHITES = (1.0, 255.0, WHITE_16)
MIN_REACHED = 0.25
# Formats whose depths Pillow scales to 16 bits, in any mode.
SCALED_FORMATS = {"PNG", "PPM", "JPEG2000", "AVIF", "HEIF"}
# Types, by kind and bits, whose bytes Pillow stores as another type.
STORED: dict[tuple[int, int], type[np.generic]] = {(UNSIGNED, 32): np.uint32, (SIGNED, 8): np.int8}

Levels = npt.NDArray[np.float64]
Range = tuple[float, float]


@dataclass(frozen=True)
class Scale:
    """The meaning of the levels of a photo.

    Attributes:
        black: This level and those below become 0.
        white: This level and those above become 255.
        stored: Type of the levels, if it differs from Pillow's.
        is_inverted: Low levels are bright.
        transparent: The level of transparent pixels, which become white.
    """

    black: float = 0.0
    white: float = WHITE_16
    stored: type[np.generic] | None = None
    is_inverted: bool = False
    transparent: int | None = None


def is_deep(photo: Image.Image, samples: Samples | None) -> bool:
    """Return whether a photo is grey with levels other than 0 to 255."""
    return photo.mode in DEEP_GREY or (samples is not None and samples.is_deep_grey)


def scale_of(photo: Image.Image, samples: Samples | None, bands: Iterable[Image.Image]) -> Scale:
    """Return how to convert the levels of a deep grey photo to 0 … 255.

    White is defined by the format: the largest number of its bits. A TIFF may define a smaller one, by
    SMaxSampleValue or by a MaxSampleValue of all ones (4095), which is used unless a level is above it.

    No format defines white for floats, signed numbers and 32-bit numbers. There it is the first of 1, 255,
    65535 and the type's maximum that is not below any level and at most four times the largest; if there is
    none, it is the largest level. So no photo is clipped or becomes almost black. Black is 0, or the smallest
    level if that is negative. NaN is black.

    Args:
        photo: Deep grey, loaded.
        samples: Description of the levels in the file, if it is a TIFF.
        bands: The photo in parts; read only if levels must be examined.
    """
    if samples is None:
        if photo.mode != "F" and (photo.mode != "I" or photo.format in SCALED_FORMATS):
            key = photo.info.get("transparency")
            return Scale(transparent=key if isinstance(key, int) else None)
        return Scale(*_likely_range(*_extremes(bands, None), math.inf))
    bits, is_unsigned = samples.bits, samples.kind == UNSIGNED
    stored = STORED.get((samples.kind, bits))
    own = (0.0, 2.0**bits - 1) if is_unsigned and bits <= 16 else None
    named, largest = samples.named, int(samples.largest)
    # MaxSampleValue is for statistics, but programs for cameras store the number of bits in it.
    if named is None and 8 <= largest.bit_length() < bits and largest + 1 == 1 << largest.bit_length():
        named = (0.0, float(largest))
    if own and named is None:
        return Scale(*own, stored, samples.is_inverted)
    lowest, highest = _extremes(bands, stored)
    limit = math.inf if photo.mode == "F" else 2.0 ** (bits if is_unsigned else bits - 1) - 1
    likely = own or _likely_range(lowest, highest, limit)
    return Scale(*(named if named and highest <= named[1] else likely), stored, samples.is_inverted)


def to_grey(band: Image.Image, scale: Scale) -> Image.Image:
    """Return a part of a photo in mode L."""
    levels = _levels(band, scale.stored)
    grey = np.clip((levels - scale.black) * (255 / (scale.white - scale.black)), 0, 255)
    grey = np.nan_to_num(255 - grey if scale.is_inverted else grey, nan=0.0)
    if scale.transparent is not None:
        grey[levels == scale.transparent] = 255
    # (height, width), floats -> uint8
    return Image.fromarray(grey.round().astype(np.uint8), "L")


def _levels(band: Image.Image, stored: type[np.generic] | None) -> Levels:
    numbers = np.asarray(band)
    # The same bytes as another type of the same size.
    return (numbers if stored is None else numbers.view(stored)).astype(np.float64)


def _extremes(bands: Iterable[Image.Image], stored: type[np.generic] | None) -> Range:
    lowest, highest = 0.0, 0.0
    for band in bands:
        levels = _levels(band, stored)
        numbers = levels[np.isfinite(levels)]
        lowest = min(lowest, numbers.min(initial=lowest))
        highest = max(highest, numbers.max(initial=highest))
    return float(lowest), float(highest)


def _likely_range(lowest: float, highest: float, limit: float) -> Range:
    whites = sorted({white for white in COMMON_WHITES if white <= limit} | {limit})
    reached = [white for white in whites if MIN_REACHED * white <= highest <= white]
    white = reached[0] if reached else highest
    return lowest, white if white > lowest else lowest + 1
