"""Conversion of photos to sRGB, which networks and screens assume."""

import io
from functools import lru_cache
from itertools import product

import numpy as np
from PIL import Image, ImageCms

# Few profiles are in use; one for CMYK takes some megabytes with its tables.
CACHED_PROFILES = 8
# Largest change of a colour, in levels of 256, with which a profile still counts as sRGB.
ROUNDING = 2


def to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Return an image in sRGB.

    Args:
        image: RGB, L or CMYK.
        profile: Its ICC profile. If it is missing, broken, for another mode or equal to sRGB, RGB and grey
            stay unchanged, and CMYK is converted without colour management.

    Returns:
        RGB image of the same size; the same image if nothing is to be converted.
    """
    transform = _transform(profile, image.mode) if profile else None
    if transform is None:
        return image if image.mode == "RGB" else image.convert("RGB")
    converted = transform.apply(image)
    # Rounding would tint some greys.
    return converted.convert("L").convert("RGB") if image.mode == "L" else converted


@lru_cache(CACHED_PROFILES)
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        # This also fails if the profile is for another mode.
        transform = ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, "RGB")
    except (ImageCms.PyCMSError, OSError):
        return None
    if mode != "RGB":
        return transform
    # (colours, 1, 3): a lattice of colours, one per row
    colours = np.array(list(product(range(0, 256, 15), repeat=3)), np.uint8)[:, np.newaxis]
    converted = np.asarray(transform.apply(Image.fromarray(colours))).astype(int)
    return transform if np.abs(converted - colours).max() > ROUNDING else None
