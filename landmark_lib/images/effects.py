"""Finds steps of a recipe that do not change an image, so that no two outputs have the same pixels."""

from PIL import Image

from landmark_lib.images.jpeg import decode_jpeg
from landmark_lib.images.transform import apply_recipe
from landmark_lib.method.recipes import CENTRE, PIXEL_STEPS, PLAIN, Recipe, plain_frame

CELL = 16  # pixels a side; 14 cells fill the side of the centre crop
# Difference between means of cells or colours, in levels of 256, that JPEG cannot even out.
CLEAR = 16


def no_op_steps(square: Image.Image, encoded: bytes) -> list[str]:
    """Return the steps of a recipe that change no pixel of the plain centre crop of a corpus image.

    Exact for the pixels of shards framed by the centre, which are decoded from `encoded`; a step that changes
    those changes the whole, too. Most photos are clearly coloured and asymmetric, and need no decoding.

    Args:
        square: RGB image of 250 x 250 pixels.
        encoded: The same image as the JPEG of the corpus.

    Returns:
        The no-ops among "mirror", "greyscale", "brighter" and "darker", in this order.
    """
    # Such an image is neither black nor only of saturated colours, which JPEG does not keep side by side.
    if _is_clear(square):
        return []
    image = decode_jpeg(encoded)
    plain = apply_recipe(image, PLAIN, CENTRE).tobytes()
    outputs = {step: apply_recipe(image, Recipe.parse(step), CENTRE).tobytes() for step in PIXEL_STEPS}
    return [step for step, pixels in outputs.items() if pixels == plain]


def _is_clear(square: Image.Image) -> bool:
    """Return whether an image is clearly coloured and asymmetric."""
    centre = plain_frame(CENTRE)
    is_coloured = is_asymmetric = False
    # The lowest row of cells usually decides; skies are even.
    for top in range(centre.top + centre.side - CELL, centre.top - 1, -CELL):
        means = square.reduce(CELL, (centre.left, top, centre.left + centre.side, top + CELL)).tobytes()
        bands = means[0::3], means[1::3], means[2::3]
        is_coloured = is_coloured or any(max(cell) - min(cell) > CLEAR for cell in zip(*bands, strict=True))
        # A mirror exchanges whole cells.
        is_asymmetric = is_asymmetric or any(
            abs(cell - other) > CLEAR
            for band in bands
            for cell, other in zip(band, reversed(band), strict=True)
        )
        if is_coloured and is_asymmetric:
            return True
    return False
