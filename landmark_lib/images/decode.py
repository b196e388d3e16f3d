"""Decodes the bytes of a photo to an upright sRGB square."""

import math
import struct
import warnings
from typing import NamedTuple

from PIL import Image, UnidentifiedImageError

from landmark_lib.dataset import Reason
from landmark_lib.errors import BadPhotoError
from landmark_lib.images.colour import to_srgb
from landmark_lib.images.containers import without_metadata
from landmark_lib.images.containers.jpeg import is_jpeg
from landmark_lib.images.containers.pixels import Pixels
from landmark_lib.images.containers.png import is_png, with_all_rows
from landmark_lib.images.formats import open_photo
from landmark_lib.images.jpeg_end import is_whole, may_be_cut, with_end
from landmark_lib.images.memory import decoding_bytes
from landmark_lib.images.orientation import LYING, UPRIGHT, orientation_of
from landmark_lib.images.square import centre_square

# A JPEG is decoded at a reduced scale with at least this many pixels per output pixel, on each side. Fewer
# lose detail (at 1.2, one photo in 100 falls to 34 dB), more take time.
MIN_OVERSAMPLING = 1.36
# Memory for decoding one photo, in bytes. It keeps a Python worker under 600 MB, and grows with the limit of
# megapixels above the default of 200.
MAX_MEMORY = 480_000_000
MEMORY_PER_PIXEL = 2.4
# Words in decoders' messages about files that end too early.
CUT = ("truncated", "end of file", "insufficient input", "cannot read full")


def decode_square(content: bytes, side: int, max_pixels: int) -> tuple[Image.Image, int, int]:
    """Decode a photo, turn it upright, centre-crop its longer side and resize the square.

    Args:
        content: The bytes of an image file of one of `formats.FORMATS`.
        side: Side of the result in pixels.
        max_pixels: Reject larger photos before decoding, and photos whose decoder needs more than 480 MB, or
            2.4 bytes per pixel of this limit if that is more.

    Returns:
        The sRGB image of side x side pixels, and the photo's upright width and height in pixels.

    Raises:
        BadPhotoError: The photo is empty, not an image, truncated, broken or too large.

    Source: Dobles & Varela, "Landmark Recognition" (CS 231N): centre crop, then resize to 250 x 250.
    """
    if not content:
        raise BadPhotoError(Reason.EMPTY_FILE)
    try:
        with warnings.catch_warnings():
            # Format readers warn about everything they ignore.
            warnings.simplefilter("ignore")
            decoded = _decode(content, side, max_pixels)
    except UnidentifiedImageError as error:
        raise BadPhotoError(Reason.NOT_AN_IMAGE, str(error)) from None
    except (
        OSError,
        SyntaxError,
        ValueError,
        EOFError,
        IndexError,
        KeyError,
        OverflowError,
        RuntimeError,
        TypeError,
        struct.error,
    ) as error:
        # All errors that Pillow's format readers are known to raise on damaged files.
        reason = Reason.TRUNCATED if _is_truncation(error) else Reason.BROKEN_IMAGE
        raise BadPhotoError(reason, str(error).strip()) from None
    return decoded.square, decoded.width, decoded.height


class _Decoded(NamedTuple):
    square: Image.Image
    width: int
    height: int
    is_doubtful: bool


def _decode(content: bytes, side: int, max_pixels: int) -> _Decoded:
    pixels = without_metadata(content)
    try:
        decoded = _decode_pixels(content, pixels, side, max_pixels)
    except OSError as error:
        failure = error
    else:
        if not decoded.is_doubtful:
            return decoded
        failure = OSError("image file is truncated, and padded where pixels are missing")
    repaired = None
    if is_png(content):
        repaired = with_all_rows(content)
    elif is_jpeg(content) and _is_truncation(failure) and is_whole(pixels, _max_memory(max_pixels)):
        repaired = with_end(pixels)
    if repaired is None:
        raise failure
    return _decode_pixels(content, repaired, side, max_pixels)


def _decode_pixels(content: bytes, pixels: Pixels, side: int, max_pixels: int) -> _Decoded:
    with open_photo(pixels.file()) as photo:
        width, height = photo.size
        count = max(width * height, pixels.largest)
        if count > max_pixels:
            within = "" if count == width * height else f" from an image of {count} pixels"
            raise BadPhotoError(Reason.TOO_MANY_PIXELS, f"{width} x {height}{within}")
        reduced = math.ceil(side * MIN_OVERSAMPLING)
        drafted = photo.draft(None, (reduced, reduced))
        needed = decoding_bytes(photo, count)
        if needed > _max_memory(max_pixels):
            detail = f"{width} x {height} of {photo.format} would need {needed // 10**6} MB of memory"
            raise BadPhotoError(Reason.TOO_MANY_PIXELS, detail)
        if pixels.flaw:
            raise OSError(pixels.flaw)
        photo.load()
        # At a reduced scale, the last row and column may lie partly outside the photo.
        extent = drafted[1][2:] if drafted else photo.size
        square = centre_square(photo, extent, side, pixels.samples)
        square = to_srgb(square, photo.info.get("icc_profile"))
        # AVIF stores its orientation in boxes, which Pillow converts to EXIF.
        orientation = orientation_of((*pixels.exif, photo.info.get("exif") or b""))
        is_doubtful = is_jpeg(content) and may_be_cut(photo, content, pixels)
    if orientation in UPRIGHT:
        # Turning does not change the centre square, so only the small result is turned.
        square = square.transpose(UPRIGHT[orientation])
    if orientation in LYING:
        width, height = height, width
    return _Decoded(square, width, height, is_doubtful)


def _max_memory(max_pixels: int) -> float:
    return max(MAX_MEMORY, MEMORY_PER_PIXEL * max_pixels)


def _is_truncation(error: Exception) -> bool:
    return any(words in str(error).lower() for words in CUT)
