"""Recipes carried out: from a corpus image to the images that a network sees."""

from PIL import Image, ImageEnhance, ImageOps

from landmark_lib.dataset import CORPUS_SIZE, SHARD_IMAGE_SIZE
from landmark_lib.method.recipes import CropWindow, Recipe

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
    if window is None:
        margin = (CORPUS_SIZE - SHARD_IMAGE_SIZE) // 2
        return image.crop((margin, margin, margin + SHARD_IMAGE_SIZE, margin + SHARD_IMAGE_SIZE))
    box = (window.left, window.top, window.left + window.side, window.top + window.side)
    return image.resize((SHARD_IMAGE_SIZE, SHARD_IMAGE_SIZE), Image.Resampling.BICUBIC, box)
