"""The image formats that are read, and their file name extensions."""

import struct
from typing import BinaryIO

from PIL import Image, UnidentifiedImageError
from PIL.ImageFile import ImageFile
from pillow_heif import register_heif_opener

# Formats whose header shows how much memory decoding needs. Others that Pillow reads contain another image of
# any size (ICO, ICNS, BLP, IPTC) or need another program (EPS needs Ghostscript). AVIF comes before HEIF,
# whose reader opens AVIF too but cannot decode it.
FORMATS = (
    *("JPEG", "PNG", "WEBP", "TIFF", "GIF", "AVIF", "HEIF", "BMP", "DIB", "JPEG2000"),
    *("PPM", "TGA", "PCX", "SGI", "QOI", "SUN", "IM"),
)
# Usual names of formats that Pillow calls otherwise.
NAMES = {"HEIF": "HEIC"}
BEGINNING = 16  # bytes that identify a format

# This project's limit is checked before any pixel is decoded; Pillow's lower one is not needed.
Image.MAX_IMAGE_PIXELS = None
Image.init()
# Decode only the photo itself, with one thread, because a Spark task has one core.
register_heif_opener(thumbnails=False, depth_images=False, aux_images=False, decode_threads=1)
READ = tuple(known for known in FORMATS if known in Image.OPEN)

# Extensions of files that count as photos, in lower case, without the dot. They include formats that are not
# read (`ico`), so that such files are rejected with a reason instead of ignored.
IMAGE_ENDINGS = frozenset(
    ending[1:] for ending, known in Image.registered_extensions().items() if known in Image.OPEN
)


def open_photo(file: BinaryIO) -> ImageFile:
    """Open a photo without decoding it.

    Returns:
        Pillow's image, not loaded.

    Raises:
        UnidentifiedImageError: No format recognizes the first bytes.
        SyntaxError: A format does but cannot open the file; the message is that of its reader.
        OSError, ValueError, RuntimeError, …: Other errors of format readers on damaged files.
    """
    begins = file.read(BEGINNING)
    failures = []
    for known in READ:
        opened, accepts = Image.OPEN[known]
        is_known = False
        try:
            is_known = accepts is not None and accepts(begins) is True
            if is_known or accepts is None:  # without `accepts`, a reader tries every file
                file.seek(0)
                photo = opened(file, "")
                if photo.info.get("primary") is False:  # another image of a HEIC, such as a thumbnail
                    raise SyntaxError("the primary image cannot be read")  # noqa: TRY301 - like a reader's own
                return photo
        except (SyntaxError, IndexError, TypeError, struct.error) as error:
            is_cut = isinstance(error.__cause__ or error, IndexError | struct.error)
            what = "truncated header: " if is_cut else ""
            failures += [f"{NAMES.get(known, known)}: {what}{str(error).strip()}"] if is_known else []
    if failures:
        raise SyntaxError("; ".join(failures))
    raise UnidentifiedImageError(f"begins with {begins!r}")
