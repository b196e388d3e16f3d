"""From the bytes of any photo to an upright sRGB square."""

import io
import math
import struct
import warnings

from PIL import ExifTags, Image, UnidentifiedImageError

from landmark_lib.dataset import Reason
from landmark_lib.errors import BadPhotoError
from landmark_lib.images.colour import to_srgb
from landmark_lib.images.memory import decoding_bytes
from landmark_lib.images.square import centre_square

# A JPEG decoded at reduced scale keeps at least this many pixels for each output pixel and side. Fewer cost
# detail (at 1.2, one photo in 100 falls to 34 dB), more cost time.
LEAST_OVERSAMPLING = 1.36
# Memory for decoding one photo, in bytes: what leaves a Python worker under 600 MB, and in proportion more
# where more than the default of 200 megapixels is let in.
MOST_MEMORY = 480_000_000
MEMORY_PER_PIXEL = 2.4

# Formats whose header tells what decoding takes. Others that Pillow reads hold another picture, of any size
# (ICO, ICNS, BLP, IPTC), or are drawn by another program (EPS by Ghostscript).
FORMATS = (
    *("JPEG", "PNG", "WEBP", "TIFF", "GIF", "AVIF", "BMP", "DIB", "JPEG2000"),
    *("PPM", "TGA", "PCX", "SGI", "QOI", "SUN", "IM"),
)

# How to turn what is stored, by EXIF orientation; 1 and unknown values are upright.
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
LYING = {5, 6, 7, 8}  # stored on its side

# Our own limit is checked before any pixel is decoded, so Pillow's own lower one only gets in the way.
Image.MAX_IMAGE_PIXELS = None
Image.init()
_READ = [known for known in FORMATS if known in Image.OPEN]  # AVIF came with Pillow 11.3


def decode_square(content: bytes, side: int, most_pixels: int) -> tuple[Image.Image, int, int]:
    """Decode a photo, turn it upright, centre-crop its longer side and resize the square.

    Args:
        content: The bytes of an image file of one of `FORMATS`.
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
        # A damaged EXIF or ICC block is no reason to lose the pixels, nor to fill the log.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(content), formats=_READ) as photo:
                return _decode_opened(photo, side, most_pixels)
    except UnidentifiedImageError:
        raise BadPhotoError(Reason.NOT_AN_IMAGE, f"begins with {content[:16]!r}") from None
    except (
        OSError,
        SyntaxError,
        ValueError,
        EOFError,
        IndexError,
        KeyError,
        RuntimeError,
        TypeError,
        struct.error,
    ) as error:
        # All of what Pillow's format readers are known to raise on damaged files.
        reason = Reason.TRUNCATED if "truncated" in str(error).lower() else Reason.BROKEN_IMAGE
        raise BadPhotoError(reason, str(error)) from None


def _decode_opened(photo: Image.Image, side: int, most_pixels: int) -> tuple[Image.Image, int, int]:
    width, height = photo.size
    if width * height > most_pixels:
        raise BadPhotoError(Reason.TOO_MANY_PIXELS, f"{width} x {height}")
    least = math.ceil(side * LEAST_OVERSAMPLING)
    drafted = photo.draft(None, (least, least))
    needed = decoding_bytes(photo, width * height)
    if needed > max(MOST_MEMORY, MEMORY_PER_PIXEL * most_pixels):
        detail = f"{width} x {height} of {photo.format} would take {needed // 10**6} MB of memory"
        raise BadPhotoError(Reason.TOO_MANY_PIXELS, detail)
    photo.load()
    # Asked after loading, because Pillow turns TIFF photos itself and then forgets their orientation.
    orientation = photo.getexif().get(ExifTags.Base.Orientation)
    # At reduced scale, the last row and column may lie half outside of the photo.
    extent = drafted[1][2:] if drafted else photo.size
    square = to_srgb(centre_square(photo, extent, side), photo.info.get("icc_profile"))
    if orientation in UPRIGHT:
        # A square has the same centre crop however it is turned, so only the small result is turned.
        square = square.transpose(UPRIGHT[orientation])
    if orientation in LYING:
        width, height = height, width
    return square, width, height
