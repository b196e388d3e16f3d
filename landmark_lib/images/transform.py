"""Recipes carried out: from a corpus image to the images that a network sees."""

from PIL import Image, ImageEnhance, ImageOps

from landmark_lib.dataset import SHARD_IMAGE_SIZE
from landmark_lib.method.recipes import CropWindow, Recipe, centre_window

BRIGHTNESS = {"brighter": 1.4, "darker": 0.6}  # factors


def apply_recipe(image: Image.Image, recipe: Recipe) -> Image.Image:
    """Give one output of a corpus image.

    Args:
        image: RGB, 250 x 250 pixels.
        recipe: Which transformations; the plain recipe is the centre crop alone.

    Returns:
        RGB, 224 x 224 pixels.

    Source: Dobles & Varela, "Landmark Recognition" (CS 231N), Algorithm 1.
    """
    output = _cropped(image, recipe.crop)
    if recipe.mirror:
        output = ImageOps.mirror(output)
    if recipe.greyscale:
        output = ImageOps.grayscale(output).convert("RGB")
    if recipe.brightness != "same":
        output = ImageEnhance.Brightness(output).enhance(BRIGHTNESS[recipe.brightness])
    return output


def _cropped(image: Image.Image, window: CropWindow | None) -> Image.Image:
    cut = window or centre_window()
    box = (cut.left, cut.top, cut.left + cut.side, cut.top + cut.side)
    if window is None:
        return image.crop(box)
    return image.resize((SHARD_IMAGE_SIZE, SHARD_IMAGE_SIZE), Image.Resampling.BICUBIC, box)
