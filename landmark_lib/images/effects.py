"""Which steps of a recipe change nothing in a given image, so that no two outputs are the same pixels."""

import numpy as np
from PIL import Image

from landmark_lib.images.jpeg import decode_jpeg
from landmark_lib.images.transform import apply_recipe
from landmark_lib.method.recipes import PIXEL_STEPS, PLAIN, Recipe, centre_window

CELL = 16  # pixels a side; 14 cells fill the side of the centre crop
# Levels of 256 by which the means of cells or colours differ too much for JPEG to even it out.
SURE = 16


def steps_without_effect(square: Image.Image, encoded: bytes) -> list[str]:
    """Name the steps of a recipe that change no pixel of a corpus image's plain centre crop.

    Exact for the pixels that shards are made of, those that come back from `encoded`. Most photos are
    plainly coloured and lopsided, and then nothing is decoded.

    Args:
        square: RGB image of 250 x 250 pixels.
        encoded: The same as the JPEG of the corpus.

    Returns:
        Those of "mirror", "greyscale", "brighter" and "darker" that have no effect, in this order.
    """
    if _all_have_effect(square):
        return []
    image = decode_jpeg(encoded)
    plain = apply_recipe(image, PLAIN).tobytes()
    return [step for step in PIXEL_STEPS if apply_recipe(image, Recipe.parse(step)).tobytes() == plain]


def _all_have_effect(square: Image.Image) -> bool:
    """Say whether it is plain at a glance that every step has an effect; False is no answer."""
    centre = centre_window()
    box = (centre.left, centre.top, centre.left + centre.side, centre.top + centre.side)
    # (14, 14, 3): mean colour of each cell; the mirror exchanges whole cells
    cells = np.asarray(square.reduce(CELL, box)).astype(int)
    is_coloured = (cells.max(axis=2) - cells.min(axis=2)).max() > SURE
    is_lopsided = np.abs(cells - cells[:, ::-1]).max() > SURE
    # Then it is not black, nor of pure colours alone: JPEG gives no two of them back beside each other.
    return bool(is_coloured and is_lopsided)
