"""Files of photos without what they say besides the pixels: EXIF, comments, texts, marks of their end.

Metadata is often damaged by the programs that write it, and no reason to lose a photo. So decoders never see
it: each module here knows how files of one kind are built, and keeps what pixels and their colours need.
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

    What is not built like a file of its kind stays as it is: the decoder knows better what is wrong with it.
    Files of other kinds stay as they are, too. They have no metadata that a decoder could stumble over.
    """
    for is_kind, pixels_of in _KINDS:
        if is_kind(content):
            return pixels_of(content)
    return Pixels((content,))
