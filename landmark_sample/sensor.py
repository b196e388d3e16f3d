"""The camera: white balance, contrast, blur, vignette and noise."""

import numpy as np
from PIL import Image, ImageChops, ImageEnhance, ImageFilter

from landmark_sample.chance import Chance


def develop(picture: Image.Image, chance: Chance) -> Image.Image:
    """Return the picture as one of many cameras would save it, in RGB and of the same size."""
    picture = ImageEnhance.Color(picture).enhance(chance.between(0.5, 1.3, "saturation"))
    picture = picture.point(_tone_curves(chance))
    if chance.happens(0.25, "is blurred"):
        radius = chance.between(0.4, 1.8, "blur") * max(picture.size) / 1000
        picture = picture.filter(ImageFilter.BoxBlur(radius))
    if chance.happens(0.5, "has vignette"):
        across = np.linspace(-1, 1, 48)
        # (1, 48) and (48, 1) -> (48, 48): squared distance from the centre.
        distance = across[None, :] ** 2 + across[:, None] ** 2
        levels = 255 * (1 - chance.between(0.1, 0.45, "vignette") * distance / 2)
        shade = Image.fromarray(np.round(levels).astype(np.uint8))
        shade = shade.resize(picture.size, Image.Resampling.BILINEAR)
        picture = ImageChops.multiply(picture, Image.merge("RGB", (shade, shade, shade)))
    # Brightness noise, uniform in -amplitude … amplitude levels, the same for every colour.
    amplitude = round(3 + 15 * chance.fraction("noise") ** 2.5)
    grain = chance.generator("grain").integers(
        128 - amplitude, 128 + amplitude, (picture.height, picture.width), np.uint8, endpoint=True
    )
    noise = Image.fromarray(grain)
    return ImageChops.add(picture, Image.merge("RGB", (noise, noise, noise)), offset=-128)


def _tone_curves(chance: Chance) -> list[int]:
    """Return 768 table entries: contrast and exposure for all colours, white balance for each."""
    contrast, exposure = chance.between(0.8, 1.25, "contrast"), chance.between(0.85, 1.25, "exposure")
    warmth, magenta = chance.between(-0.12, 0.12, "warmth"), chance.between(-0.04, 0.04, "magenta")
    levels = np.arange(256) / 255
    curves = []
    for gain in (1 + warmth, 1 - magenta, 1 - warmth):
        curve = 0.5 + (levels * exposure * gain - 0.5) * contrast
        curves += np.clip(np.round(curve * 255), 0, 255).astype(int).tolist()
    return curves
