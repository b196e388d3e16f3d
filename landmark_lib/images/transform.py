"""Applies recipes to images of the corpus."""

from PIL import Image, ImageEnhance, ImageOps

from landmark_lib.dataset import SHARD_IMAGE_SIZE
from landmark_lib.method.recipes import Recipe, centre_window

BRIGHTNESS = {"brighter": 1.4, "darker": 0.6}  # factors


def apply_recipe(image: Image.Image, recipe: Recipe) -> Image.Image:
    """Return one output of a corpus image.

    Args:
        image: RGB, 250 x 250 pixels.
        recipe: Its transformations; the plain recipe is the centre crop.

    Returns:
        RGB, 224 x 224 pixels.

    Source: Dobles & Varela, "Landmark Recognition" (CS 231N), Algorithm 1.
    """
    window = recipe.crop or centre_window()
    box = (window.left, window.top, window.left + window.side, window.top + window.side)
    if recipe.crop is None:
        output = image.crop(box)
    else:
        output = image.resize((SHARD_IMAGE_SIZE, SHARD_IMAGE_SIZE), Image.Resampling.BICUBIC, box)
    if recipe.mirror:
        output = ImageOps.mirror(output)
    if recipe.greyscale:
        output = ImageOps.grayscale(output).convert("RGB")
    if recipe.brightness != "same":
        output = ImageEnhance.Brightness(output).enhance(BRIGHTNESS[recipe.brightness])
    return output
