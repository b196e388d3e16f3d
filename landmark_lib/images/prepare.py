"""Prepares a photo for the networks in one step."""

from landmark_lib.dataset import CORPUS_SIZE
from landmark_lib.images.decode import decode_square
from landmark_lib.images.jpeg import decode_jpeg, encode_jpeg
from landmark_lib.images.transform import apply_recipe
from landmark_lib.method.recipes import PLAIN

MAX_PIXELS = 200 * 10**6


def prepare_photo(content: bytes, max_pixels: int = MAX_PIXELS) -> bytes:
    """Return the image that preprocessing makes of a photo without transformations.

    Args:
        content: The bytes of an image file in one of the formats of `decode_square`.
        max_pixels: Reject larger photos, as in `decode_square`.

    Returns:
        A JPEG of 224 x 224 pixels.

    Raises:
        BadPhotoError: The photo is empty, not an image, truncated, broken or too large.
    """
    square, _, _ = decode_square(content, CORPUS_SIZE, max_pixels)
    return centre_of(encode_jpeg(square))


def centre_of(jpeg: bytes) -> bytes:
    """Return the plain centre crop of a corpus image of 250 x 250 pixels; both are JPEGs."""
    return encode_jpeg(apply_recipe(decode_jpeg(jpeg), PLAIN))
