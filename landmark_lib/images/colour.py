"""Colours of photos brought to sRGB, which networks and screens take every image for."""

import io
from functools import lru_cache
from itertools import product

import numpy as np
from PIL import Image, ImageCms

# Cameras and programs share few profiles; one of CMYK with its tables takes some megabytes.
PROFILES_KEPT = 8
# What a colour may move by before a profile counts as another than sRGB, in levels of 256.
ROUNDING = 2


def to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Give an image's colours in sRGB.

    Args:
        image: RGB, L or CMYK.
        profile: The ICC profile that came with it. Without one, or with one that is broken, made for
            another kind of pixels or the same as sRGB, RGB and grey stay as they are, and CMYK becomes RGB
            without colour management.

    Returns:
        RGB image of the same size.
    """
    transform = _transform(profile, image.mode) if profile else None
    if transform is None:
        return image.convert("RGB")
    converted = transform.apply(image)
    # Rounding would give some greys a tinge.
    return converted.convert("L").convert("RGB") if image.mode == "L" else converted


@lru_cache(PROFILES_KEPT)
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        # This fails, too, if the profile is for another kind of pixels.
        transform = ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, "RGB")
    except (ImageCms.PyCMSError, OSError):
        return None
    return None if mode == "RGB" and _is_identity(transform) else transform


def _is_identity(transform: ImageCms.ImageCmsTransform) -> bool:
    # (colours, 1, 3): a lattice of colours, one a row
    colours = np.array(list(product(range(0, 256, 15), repeat=3)), np.uint8)[:, np.newaxis]
    converted = transform.apply(Image.fromarray(colours))
    return bool(np.abs(np.asarray(converted).astype(int) - colours).max() <= ROUNDING)
