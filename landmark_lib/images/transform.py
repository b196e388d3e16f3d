"""Applies recipes to images of the corpus."""

from PIL import Image, ImageEnhance, ImageOps

from landmark_lib.method.recipes import Framing, Recipe, plain_frame

BRIGHTNESS = {"brighter": 1.4, "darker": 0.6}  # factors


def apply_recipe(image: Image.Image, recipe: Recipe, framing: Framing) -> Image.Image:
    """Return one output of a corpus image.

    Args:
        image: RGB, 250 x 250 pixels.
        recipe: Its transformations; the plain recipe returns the plain frame.
        framing: Of the data set.

    Returns:
        RGB, 224 x 224 pixels, or 250 x 250 pixels with the framing 'whole'.

    Source: Dobles & Varela, "Landmark Recognition" (CS 231N), Algorithm 1, for the framing 'centre'.
    """
    frame = plain_frame(framing)
    window = recipe.crop or frame
    box = (window.left, window.top, window.left + window.side, window.top + window.side)
    if recipe.crop is None:
        output = image.crop(box)
    else:
        output = image.resize((frame.side, frame.side), Image.Resampling.BICUBIC, box)
    if recipe.mirror:
        output = ImageOps.mirror(output)
    if recipe.greyscale:
        output = ImageOps.grayscale(output).convert("RGB")
    if recipe.brightness != "same":
        output = ImageEnhance.Brightness(output).enhance(BRIGHTNESS[recipe.brightness])
    return output
