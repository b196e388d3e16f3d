"""Finds steps of a recipe that do not change an image, so that no two outputs have the same pixels."""

import numpy as np
from PIL import Image

from landmark_lib.images.jpeg import decode_jpeg
from landmark_lib.images.transform import apply_recipe
from landmark_lib.method.recipes import PIXEL_STEPS, PLAIN, Recipe, centre_window

CELL = 16  # pixels a side; 14 cells fill the side of the centre crop
# Difference between means of cells or colours, in levels of 256, that JPEG cannot even out.
CLEAR = 16


def no_op_steps(square: Image.Image, encoded: bytes) -> list[str]:
    """Return the steps of a recipe that change no pixel of the plain centre crop of a corpus image.

    Exact for the pixels of the shards, which are decoded from `encoded`. Most photos are clearly coloured and
    asymmetric, and need no decoding.

    Args:
        square: RGB image of 250 x 250 pixels.
        encoded: The same image as the JPEG of the corpus.

    Returns:
        The no-ops among "mirror", "greyscale", "brighter" and "darker", in this order.
    """
    centre = centre_window()
    box = (centre.left, centre.top, centre.left + centre.side, centre.top + centre.side)
    # (14, 14, 3): mean colour of each cell; a mirror exchanges whole cells
    cells = np.asarray(square.reduce(CELL, box)).astype(int)
    is_coloured = (cells.max(axis=2) - cells.min(axis=2)).max() > CLEAR
    is_asymmetric = np.abs(cells - cells[:, ::-1]).max() > CLEAR
    # Such an image is neither black nor only of saturated colours, which JPEG does not keep side by side.
    if is_coloured and is_asymmetric:
        return []
    image = decode_jpeg(encoded)
    plain = apply_recipe(image, PLAIN).tobytes()
    return [step for step in PIXEL_STEPS if apply_recipe(image, Recipe.parse(step)).tobytes() == plain]
