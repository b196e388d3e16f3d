"""From the bytes of any photo to what the networks are fed with, in one step."""

from landmark_lib.dataset import CORPUS_SIZE
from landmark_lib.images.decode import decode_square
from landmark_lib.images.jpeg import decode_jpeg, encode_jpeg
from landmark_lib.images.transform import apply_recipe
from landmark_lib.method.recipes import PLAIN

MOST_PIXELS = 200 * 10**6


def prepare_photo(content: bytes, most_pixels: int = MOST_PIXELS) -> bytes:
    """Make of a photo what preprocessing makes of it by way of the corpus: an untransformed row.

    Args:
        content: The bytes of an image file, of a format that `decode_square` reads.
        most_pixels: Refuse photos of more pixels, as `decode_square` does.

    Returns:
        A JPEG of 224 x 224 pixels.

    Raises:
        BadPhotoError: No bytes, not an image, cut short, broken, or too many pixels.
    """
    square, _, _ = decode_square(content, CORPUS_SIZE, most_pixels)
    return centre_of(encode_jpeg(square))


def centre_of(jpeg: bytes) -> bytes:
    """Cut an image of the corpus, a JPEG of 250 x 250 pixels, as the plain recipe does; gives a JPEG."""
    return encode_jpeg(apply_recipe(decode_jpeg(jpeg), PLAIN))
