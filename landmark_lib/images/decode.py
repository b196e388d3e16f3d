"""From the bytes of any photo to an upright sRGB square."""

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

# A JPEG decoded at reduced scale keeps at least this many pixels for each output pixel and side. Fewer cost
# detail (at 1.2, one photo in 100 falls to 34 dB), more cost time.
LEAST_OVERSAMPLING = 1.36
# Memory for decoding one photo, in bytes: what leaves a Python worker under 600 MB, and in proportion more
# where more than the default of 200 megapixels is let in.
MOST_MEMORY = 480_000_000
MEMORY_PER_PIXEL = 2.4
# By these words, decoders tell that a file ends too early.
CUT = ("truncated", "end of file", "insufficient input", "cannot read full")


def decode_square(content: bytes, side: int, most_pixels: int) -> tuple[Image.Image, int, int]:
    """Decode a photo, turn it upright, centre-crop its longer side and resize the square.

    Args:
        content: The bytes of an image file of one of `formats.FORMATS`.
        side: Side of the result in pixels.
        most_pixels: Refuse photos of more pixels than this before any is decoded, and those whose decoder
            takes more than 480 MB, or 2.4 bytes for each of these if that is more.

    Returns:
        The sRGB image of side x side pixels, and the photo's upright width and height in pixels.

    Raises:
        BadPhotoError: No bytes, not an image, cut short, broken, or too many pixels.

    Source: Dobles & Varela, "Landmark Recognition" (CS 231N): centre crop, then resize to 250 x 250.
    """
    if not content:
        raise BadPhotoError(Reason.EMPTY_FILE)
    try:
        with warnings.catch_warnings():
            # Format readers warn about what they pass over; that would only fill the log.
            warnings.simplefilter("ignore")
            decoded = _decode(content, side, most_pixels)
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
        # All of what Pillow's format readers are known to raise on damaged files.
        reason = Reason.TRUNCATED if _tells_of_a_cut(error) else Reason.BROKEN_IMAGE
        raise BadPhotoError(reason, str(error).strip()) from None
    return decoded.square, decoded.width, decoded.height


class _Decoded(NamedTuple):
    square: Image.Image
    width: int
    height: int
    is_doubtful: bool


def _decode(content: bytes, side: int, most_pixels: int) -> _Decoded:
    pixels = without_metadata(content)
    try:
        decoded = _decode_pixels(content, pixels, side, most_pixels)
    except OSError as error:
        failure = error
    else:
        if not decoded.is_doubtful:
            return decoded
        failure = OSError("image file is truncated, and what is missing filled up")
    mended = None
    if is_png(content):
        mended = with_all_rows(content)
    elif is_jpeg(content) and _tells_of_a_cut(failure) and is_whole(pixels, _most_memory(most_pixels)):
        mended = with_end(pixels)
    if mended is None:
        raise failure
    return _decode_pixels(content, mended, side, most_pixels)


def _decode_pixels(content: bytes, pixels: Pixels, side: int, most_pixels: int) -> _Decoded:
    with open_photo(pixels.file()) as photo:
        width, height = photo.size
        count = max(width * height, pixels.largest)
        if count > most_pixels:
            within = "" if count == width * height else f" from an image of {count} pixels"
            raise BadPhotoError(Reason.TOO_MANY_PIXELS, f"{width} x {height}{within}")
        least = math.ceil(side * LEAST_OVERSAMPLING)
        drafted = photo.draft(None, (least, least))
        needed = decoding_bytes(photo, count)
        if needed > _most_memory(most_pixels):
            detail = f"{width} x {height} of {photo.format} would take {needed // 10**6} MB of memory"
            raise BadPhotoError(Reason.TOO_MANY_PIXELS, detail)
        if pixels.flaw:
            raise OSError(pixels.flaw)
        photo.load()
        # At reduced scale, the last row and column may lie half outside of the photo.
        extent = drafted[1][2:] if drafted else photo.size
        square = centre_square(photo, extent, side, pixels.samples)
        square = to_srgb(square, photo.info.get("icc_profile"))
        # AVIF tells by boxes of its own how it is turned; Pillow makes EXIF of them.
        orientation = orientation_of((*pixels.exif, photo.info.get("exif") or b""))
        is_doubtful = is_jpeg(content) and may_be_cut(photo, content, pixels)
    if orientation in UPRIGHT:
        # A square has the same centre crop however it is turned, so only the small result is turned.
        square = square.transpose(UPRIGHT[orientation])
    if orientation in LYING:
        width, height = height, width
    return _Decoded(square, width, height, is_doubtful)


def _most_memory(most_pixels: int) -> float:
    return max(MOST_MEMORY, MEMORY_PER_PIXEL * most_pixels)


def _tells_of_a_cut(error: Exception) -> bool:
    return any(words in str(error).lower() for words in CUT)
