"""Prepares a photo for the networks in one step."""

from landmark_lib.dataset import CORPUS_SIZE
from landmark_lib.images.decode import decode_square
from landmark_lib.images.jpeg import decode_jpeg, encode_jpeg
from landmark_lib.images.transform import apply_recipe
from landmark_lib.method.recipes import CENTRE, PLAIN, WHOLE, Framing

MAX_PIXELS = 200 * 10**6


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
    return framed(encode_jpeg(square), framing)


def framed(jpeg: bytes, framing: Framing) -> bytes:
    """Return the plain frame of a corpus image of 250 x 250 pixels; both are JPEGs."""
    return jpeg if framing == WHOLE else encode_jpeg(apply_recipe(decode_jpeg(jpeg), PLAIN, framing))
