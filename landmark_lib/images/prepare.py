"""Prepares photos for the networks: from a photo or a corpus image to the image of a row."""

from functools import cached_property

from PIL import Image

from landmark_lib.dataset import CORPUS_SIZE
from landmark_lib.images.decode import decode_square
from landmark_lib.images.jpeg import decode_jpeg, encode_jpeg
from landmark_lib.images.transform import apply_recipe
from landmark_lib.method.recipes import CENTRE, PLAIN, WHOLE, Framing, Recipe

MAX_PIXELS = 200 * 10**6


class CorpusImage:
    """An image of the corpus, decoded at most once for all of its rows."""

    def __init__(self, jpeg: bytes) -> None:
        """Begin with a JPEG of 250 x 250 pixels."""
        self._jpeg = jpeg

    @cached_property
    def _pixels(self) -> Image.Image:
        return decode_jpeg(self._jpeg)

    def row(self, recipe: Recipe, framing: Framing) -> bytes:
        """Return the JPEG of a row.

        Its side is 224 pixels, or 250 with the framing 'whole', whose plain rows are the corpus image itself.

        Raises:
            OSError: The corpus image does not decode.
        """
        if framing == WHOLE and recipe == PLAIN:
            return self._jpeg
        return encode_jpeg(apply_recipe(self._pixels, recipe, framing))


def prepare_photo(content: bytes, max_pixels: int = MAX_PIXELS, framing: Framing = CENTRE) -> bytes:
    """Return the image that preprocessing makes of a photo without transformations.

    Args:
        content: The bytes of an image file in one of the formats of `decode_square`.
        max_pixels: Reject larger photos, as in `decode_square`.
        framing: Of the data set that the networks were trained on.

    Returns:
        A JPEG of 224 x 224 pixels, or of 250 x 250 pixels with the framing 'whole'.

    Raises:
        BadPhotoError: The photo is empty, not an image, truncated, broken or too large.
    """
    square, _, _ = decode_square(content, CORPUS_SIZE, max_pixels)
    return CorpusImage(encode_jpeg(square)).row(PLAIN, framing)
