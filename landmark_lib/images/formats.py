"""Which formats of files are read, and by which endings of names they are known."""

import struct
from typing import BinaryIO

from PIL import Image, UnidentifiedImageError
from PIL.ImageFile import ImageFile
from pillow_heif import register_heif_opener

# Formats whose header tells what decoding takes. Others that Pillow reads hold another picture, of any size
# (ICO, ICNS, BLP, IPTC), or are drawn by another program (EPS by Ghostscript). AVIF is asked before HEIF,
# whose reader opens AVIF too but cannot decode it.
FORMATS = (
    *("JPEG", "PNG", "WEBP", "TIFF", "GIF", "AVIF", "HEIF", "BMP", "DIB", "JPEG2000"),
    *("PPM", "TGA", "PCX", "SGI", "QOI", "SUN", "IM"),
)
# What a format is called where Pillow's name is not the one on the file.
CALLED = {"HEIF": "HEIC"}
BEGINNING = 16  # bytes by which formats are told apart

# Our own limit is checked before any pixel is decoded, so Pillow's own lower one only gets in the way.
Image.MAX_IMAGE_PIXELS = None
Image.init()
# Only the photo itself is wanted. A Spark task has one core, so one thread.
register_heif_opener(thumbnails=False, depth_images=False, aux_images=False, decode_threads=1)
READ = tuple(known for known in FORMATS if known in Image.OPEN)

# Endings of names by which a file counts as a photo, in lower case, without the dot. Formats that are not
# read are among them (`ico`), so that such a file is rejected with its reason and not passed over.
IMAGE_ENDINGS = frozenset(
    ending[1:] for ending, known in Image.registered_extensions().items() if known in Image.OPEN
)


def open_photo(file: BinaryIO) -> ImageFile:
    """Open a photo without decoding it.

    Returns:
        The photo as Pillow has it, not loaded.

    Raises:
        UnidentifiedImageError: No format knows the file by its beginning.
        SyntaxError: One does, but cannot open it; tells what its reader said.
        OSError, ValueError, RuntimeError, …: What else format readers raise on damaged files.
    """
    begins = file.read(BEGINNING)
    told = []
    for known in READ:
        opened, accepts = Image.OPEN[known]
        is_known = False
        try:
            is_known = accepts is not None and accepts(begins) is True
            if is_known or accepts is None:  # without `accepts`, a reader tries every file
                file.seek(0)
                return _primary(opened(file, ""))
        except (SyntaxError, IndexError, TypeError, struct.error) as error:
            is_cut = isinstance(error.__cause__ or error, IndexError | struct.error)
            what = "truncated header: " if is_cut else ""
            told += [f"{CALLED.get(known, known)}: {what}{str(error).strip()}"] if is_known else []
    if told:
        raise SyntaxError("; ".join(told))
    raise UnidentifiedImageError(f"begins with {begins!r}")


def _primary(photo: ImageFile) -> ImageFile:
    """Return a photo, unless it is a thumbnail or some other image of a HEIC whose photo cannot be read."""
    if photo.info.get("primary") is False:
        raise SyntaxError("the primary image cannot be read")
    return photo
