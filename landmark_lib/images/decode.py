"""From the bytes of any photo to an upright RGB square."""

import io
import struct
import warnings

import numpy as np
from PIL import ExifTags, Image, ImageChops, UnidentifiedImageError

from landmark_lib.dataset import Reason

MOST_PIXELS = 200_000_000
WHITE = (255, 255, 255)
# Decoding a JPEG at reduced scale keeps at least this many pixels for each output pixel and side, so
# that the resize that follows still averages over real pixels.
LEAST_OVERSAMPLING = 2

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

# The limit above is checked before any pixel is decoded, so Pillow's own lower one only gets in the way.
Image.MAX_IMAGE_PIXELS = None


class BadPhotoError(Exception):
    """An input that gives no photo; `reason` is one of the contract's, `detail` what the decoder said."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else str(reason))
        self.reason = reason
        self.detail = detail


def decode_square(content: bytes, side: int) -> tuple[Image.Image, int, int]:
    """Decode a photo, turn it upright, centre-crop its longer side and resize the square.

    Args:
        content: The bytes of an image file of any format that Pillow reads.
        side: Side of the result in pixels.

    Returns:
        The RGB image of side x side pixels, and the photo's upright width and height in pixels.

    Raises:
        BadPhotoError: No bytes, not an image, cut short, broken, or more than 200 megapixels.

    Source: Dobles & Varela, "Landmark Recognition" (CS 231N): centre crop, then resize to 250 x 250.
    """
    if not content:
        raise BadPhotoError(Reason.EMPTY_FILE)
    try:
        # A damaged EXIF or ICC block is no reason to lose the pixels, nor to fill the log.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(content)) as photo:
                return _decode_opened(photo, side)
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


def _decode_opened(photo: Image.Image, side: int) -> tuple[Image.Image, int, int]:
    width, height = photo.size
    if width * height > MOST_PIXELS:
        raise BadPhotoError(Reason.TOO_MANY_PIXELS, f"{width} x {height}")
    photo.draft(None, (side * LEAST_OVERSAMPLING, side * LEAST_OVERSAMPLING))
    photo.load()
    # Asked after loading, because Pillow turns TIFF photos itself and then forgets their orientation.
    orientation = photo.getexif().get(ExifTags.Base.Orientation)
    square = _centre_square(photo, side)
    if orientation in UPRIGHT:
        # A square has the same centre crop however it is turned, so only the small result is turned.
        square = square.transpose(UPRIGHT[orientation])
    if orientation in LYING:
        width, height = height, width
    return square, width, height


def _centre_square(photo: Image.Image, side: int) -> Image.Image:
    width, height = photo.size
    length = min(width, height)
    left, top = (width - length) / 2, (height - length) / 2
    rgb = _to_rgb(photo)
    return rgb.resize((side, side), Image.Resampling.BICUBIC, (left, top, left + length, top + length))


def _to_rgb(photo: Image.Image) -> Image.Image:
    if photo.mode == "CMYK" and photo.format == "JPEG" and "adobe" not in photo.info:
        # Pillow takes every CMYK JPEG for one of Adobe's, which store ink inverted.
        photo = ImageChops.invert(photo)
    if photo.mode in {"I", "F", "I;16", "I;16B", "I;16L", "I;16N"}:
        return _from_deep_grey(photo)
    if "transparency" in photo.info or photo.mode in {"RGBA", "LA", "PA", "RGBa", "La"}:
        rgba = photo.convert("RGBA")
        paper = Image.new("RGBA", rgba.size, (*WHITE, 255))
        return Image.alpha_composite(paper, rgba).convert("RGB")
    return photo if photo.mode == "RGB" else photo.convert("RGB")


def _from_deep_grey(photo: Image.Image) -> Image.Image:
    # Pillow clips 16-bit grey to 8 bits instead of scaling it.
    # (height, width), any depth -> uint8
    levels = np.asarray(photo, dtype=np.float64)
    deepest = 65535 if photo.mode.startswith("I") else max(levels.max(), 1.0)
    grey = np.clip(levels * (255 / deepest), 0, 255).round().astype(np.uint8)
    return Image.fromarray(grey, "L").convert("RGB")
