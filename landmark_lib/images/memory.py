"""Estimates the memory for decoding a photo before it is decoded."""

from PIL import ExifTags, Image
from PIL.JpegImagePlugin import JpegImageFile
from PIL.TiffImagePlugin import TiffImageFile

# Bytes per pixel of Pillow's images; 4 in all other modes, including RGB.
STORED = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16B": 2, "I;16L": 2, "I;16N": 2}
# Bytes per pixel at the peak, with further copies of the decoder or Pillow: measured (benchmarks/memory.py),
# AVIF with 10 bits and full colour.
PEAK = {"WEBP": 16, "AVIF": 14, "JPEG2000": 19}
# HEIC by chroma (grey has none), with 8 bits per colour and with more, and the addition for alpha. At the
# peak, libheif keeps the colours as stored, as turned and as RGB, beside Pillow's copy.
HEIC = {None: (3, 5), 420: (8, 10), 422: (12, 17), 444: (10, 16)}
HEIC_ALPHA = (3, 6)
COEFFICIENT = 2  # bytes
TILE = (ExifTags.Base.TileWidth, ExifTags.Base.TileLength)
TILE_PIXEL = 8  # bytes; four colours of 16 bits


def decoding_bytes(photo: Image.Image, pixels: int) -> int:
    """Return about how many bytes of memory decoding a photo needs, without its file.

    Args:
        photo: Opened, not loaded; a JPEG with its reduced scale already set.
        pixels: Width times height of the full photo.
    """
    if photo.format in PEAK:
        return PEAK[photo.format] * pixels
    if photo.format == "HEIF":
        is_deep, has_alpha = photo.info["bit_depth"] > 8, photo.mode in {"RGBA", "RGBa"}
        chroma = photo.info.get("chroma") or (420 if has_alpha else None)  # grey with alpha becomes RGB
        colours = HEIC.get(chroma, HEIC[422])[is_deep]
        return (colours + (HEIC_ALPHA[is_deep] if has_alpha else 0)) * pixels
    stored = STORED.get(photo.mode, 4) * photo.width * photo.height
    if isinstance(photo, JpegImageFile):
        if "progressive" not in photo.info:
            return stored
        # Of a progressive JPEG, libjpeg keeps all coefficients at any scale; of each component, photo.layer
        # has (name, horizontal sampling, vertical sampling, table).
        samples = [horizontal * vertical for _, horizontal, vertical, _ in photo.layer]
        largest = max(h for _, h, _, _ in photo.layer) * max(v for _, _, v, _ in photo.layer)
        return stored + COEFFICIENT * pixels * sum(samples) // largest
    if isinstance(photo, TiffImageFile):
        is_turned = photo.getexif().get(ExifTags.Base.Orientation, 1) != 1  # Pillow turns a full copy
        width, length = (int(photo.tag_v2.get(tag, 0)) for tag in TILE)
        # libtiff decodes whole tiles, and one may be larger than the photo.
        return stored * (2 if is_turned else 1) + TILE_PIXEL * width * length
    return stored
