"""The orientation of a photo by EXIF."""

import re
from collections.abc import Iterable

from PIL import Image

from landmark_lib.images.containers.directory import LONG, ORIENTATION, SHORT, first_directory

# The transposition that turns a photo upright, by EXIF orientation; 1 and unknown values are upright.
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
LYING = {5, 6, 7, 8}  # width and height are exchanged
NAME = re.compile(rb"(?:Exif\0\0)+")  # some programs write it twice
WHOLE_NUMBERS = {SHORT, LONG}


def orientation_of(blocks: Iterable[bytes]) -> int:
    """Return the first readable orientation in EXIF blocks, 1 to 8; 1 if there is none.

    Reads only this tag, so damage to others does not matter. Like browsers, ignores orientations in XMP.
    """
    for block in blocks:
        name = NAME.match(block)
        directory = first_directory(block[name.end() if name else 0 :])
        for entry in directory.entries if directory else ():
            number = directory.number(entry) if directory and entry.tag == ORIENTATION else None
            if entry.type in WHOLE_NUMBERS and number is not None and 1 <= number <= 8:
                return int(number)
    return 1
