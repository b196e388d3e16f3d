"""Removes everything from image files that pixels and colours do not need: EXIF, comments, texts.

Programs often write damaged metadata, which should not cost a photo. So decoders never see it: each module
here parses one family of formats and keeps only what decoding needs.
"""

from landmark_lib.images.containers.boxes import is_boxes, pixels_of_boxes
from landmark_lib.images.containers.gif import is_gif, pixels_of_gif
from landmark_lib.images.containers.jpeg import is_jpeg, pixels_of_jpeg
from landmark_lib.images.containers.jpeg2000 import is_jpeg2000, pixels_of_jpeg2000
from landmark_lib.images.containers.pixels import Pixels
from landmark_lib.images.containers.png import is_png, pixels_of_png
from landmark_lib.images.containers.tiff import is_tiff, pixels_of_tiff
from landmark_lib.images.containers.webp import is_webp, pixels_of_webp

_KINDS = (
    (is_jpeg, pixels_of_jpeg),
    (is_png, pixels_of_png),
    (is_webp, pixels_of_webp),
    (is_tiff, pixels_of_tiff),
    (is_gif, pixels_of_gif),
    (is_jpeg2000, pixels_of_jpeg2000),
    (is_boxes, pixels_of_boxes),
)


def without_metadata(content: bytes) -> Pixels:
    """Return the file of a photo without its metadata.

    Malformed parts stay unchanged, for the decoder to report. Files of other formats stay unchanged, too:
    they have no metadata that could make a decoder fail.
    """
    for is_kind, pixels_of in _KINDS:
        if is_kind(content):
            return pixels_of(content)
    return Pixels((content,))
