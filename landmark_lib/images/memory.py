"""How much memory decoding a photo takes, told before it is decoded."""

from PIL import ExifTags, Image
from PIL.JpegImagePlugin import JpegImageFile
from PIL.TiffImagePlugin import TiffImageFile

# Bytes a pixel in which Pillow keeps an image; 4 in any other mode, the three colours of RGB included.
KEPT = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16B": 2, "I;16L": 2, "I;16N": 2}
# … and at the peak, where the decoder or Pillow holds further copies: measured (benchmarks/memory.py), AVIF
# with what 10 bits and full colour add.
HELD = {"WEBP": 16, "AVIF": 14, "JPEG2000": 19}
# HEIC by its chroma (grey has none), of 8 bits a colour and of more, and what alpha adds. At the peak,
# libheif holds the colours as stored, as turned and as RGB, beside Pillow's copy.
HEIC = {None: (3, 5), 420: (8, 10), 422: (12, 17), 444: (10, 16)}
HEIC_ALPHA = (3, 6)
COEFFICIENT = 2  # bytes
TILE = (ExifTags.Base.TileWidth, ExifTags.Base.TileLength)
TILE_PIXEL = 8  # bytes; four colours of 16 bits


def decoding_bytes(photo: Image.Image, pixels: int) -> int:
    """Tell about how many bytes of memory it takes to decode a photo, its file not counted.

    Args:
        photo: Opened, not loaded; a JPEG already told at which reduced scale to come.
        pixels: Width times height of the whole photo.
    """
    if photo.format in HELD:
        return HELD[photo.format] * pixels
    if photo.format == "HEIF":
        return _heic_pixel_bytes(photo) * pixels
    kept = KEPT.get(photo.mode, 4) * photo.width * photo.height
    if isinstance(photo, JpegImageFile):
        return kept + _coefficient_bytes(photo, pixels)
    if isinstance(photo, TiffImageFile):
        is_turned = photo.getexif().get(ExifTags.Base.Orientation, 1) != 1  # all of it, by Pillow
        return kept * (2 if is_turned else 1) + _tile_bytes(photo)
    return kept


def _heic_pixel_bytes(photo: Image.Image) -> int:
    is_deep, has_alpha = photo.info["bit_depth"] > 8, photo.mode in {"RGBA", "RGBa"}
    chroma = photo.info.get("chroma") or (420 if has_alpha else None)  # grey with alpha comes as RGB
    return HEIC.get(chroma, HEIC[422])[is_deep] + (HEIC_ALPHA[is_deep] if has_alpha else 0)


def _tile_bytes(photo: TiffImageFile) -> int:
    """Count one tile, which may be larger than the photo: libtiff decodes all of it."""
    width, length = (int(photo.tag_v2.get(tag, 0)) for tag in TILE)
    return TILE_PIXEL * width * length


def _coefficient_bytes(photo: JpegImageFile, pixels: int) -> int:
    """Count what libjpeg keeps of a progressive JPEG at any scale: each scan adds a little to all blocks."""
    if "progressive" not in photo.info:
        return 0
    # one (name, horizontal sampling, vertical sampling, table) for each component
    samples = [horizontal * vertical for _, horizontal, vertical, _ in photo.layer]
    most = max(h for _, h, _, _ in photo.layer) * max(v for _, _, v, _ in photo.layer)
    return COEFFICIENT * pixels * sum(samples) // most
