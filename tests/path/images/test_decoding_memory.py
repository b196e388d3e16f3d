"""A large photo is decoded without a second copy, and one that needs too much memory is rejected."""

import subprocess
import sys

import bombs
import pytest
from photo_files import directory, encoded
from PIL import Image

from landmark_lib.dataset import Reason

PRELUDE = """
import io, sys
from landmark_lib.errors import BadPhotoError
from landmark_lib.images.decode import decode_square
from landmark_lib.images.formats import open_photo
from landmark_lib.images.memory import decoding_bytes

def peak():
    status = open("/proc/self/status").read()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024

content = open(sys.argv[1], "rb").read()
before = peak()
"""


def printed(program, photo):
    """Let a process decode a photo, as its peak memory never falls; return the words that it prints."""
    command = [sys.executable, "-c", PRELUDE + program, photo]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    return done.stdout.rstrip("\n").split("|")


PER_PIXEL = """
_, width, height = decode_square(content, 250, 200_000_000)
print((peak() - before) / (width * height))
"""


def big(mode, colour, size=(6000, 4000)):
    return Image.new(mode, size, colour)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a process's peak memory in /proc")
@pytest.mark.parametrize(
    ("mode", "colour", "file_format", "most"),
    [("RGBA", (9, 99, 199, 99), "PNG", 5), ("CMYK", (9, 99, 199, 9), "TIFF", 5), ("I;16", 999, "PNG", 3)],
)
def test_large_photos_are_decoded_without_another_copy(mode, colour, file_format, most, tmp_path):
    big(mode, colour).save(tmp_path / "photo", file_format, compress_level=1, compression="tiff_lzw")
    [taken] = printed(PER_PIXEL, tmp_path / "photo")
    assert float(taken) < most  # bytes per pixel; a copy needs 4, or 2 for 16-bit grey


OUTCOME = """
try:
    decode_square(content, 250, 200_000_000)
    outcome = "decoded"
except BadPhotoError as error:
    outcome = error.reason
print(peak() - before, outcome, sep="|")
"""


BOMBS = {
    "pixels": (lambda: bombs.png(20_000, 20_000, rows=20_000), Reason.TOO_MANY_PIXELS),
    "header": (lambda: bombs.png(2**31 - 1, 2**31 - 1), Reason.TOO_MANY_PIXELS),
    "TIFF tile": (bombs.tiff_of_a_vast_tile, Reason.TOO_MANY_PIXELS),
    "text": (bombs.png_with_vast_text, "decoded"),
    "profile": (bombs.png_with_vast_profile, "decoded"),
    "icon": (bombs.icon_of_a_vast_picture, Reason.NOT_AN_IMAGE),
    "chunks": (bombs.png_of_many_empty_chunks, "decoded"),
    "segments": (bombs.jpeg_of_many_empty_segments, Reason.TRUNCATED),
    "HEIC": (bombs.heic_that_lies_about_its_size, Reason.BROKEN_IMAGE),
    "HEIC tiles": (bombs.heic_of_vast_tiles, Reason.TOO_MANY_PIXELS),
    "HEIC grid": (bombs.heic_whose_tiles_claim_to_make_more, Reason.TOO_MANY_PIXELS),
    "HEIC canvas": (bombs.heic_on_a_vast_canvas, Reason.TOO_MANY_PIXELS),
}


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a process's peak memory in /proc")
@pytest.mark.parametrize("bomb", BOMBS)
def test_small_file_that_claims_much_memory_gets_none(bomb, tmp_path):
    write, outcome = BOMBS[bomb]
    (tmp_path / "bomb").write_bytes(write())
    assert (tmp_path / "bomb").stat().st_size < 1_000_000
    taken, found = printed(OUTCOME, tmp_path / "bomb")
    assert found == outcome
    assert int(taken) < 20_000_000  # bytes


def heic(image, **options):
    return encoded(image, "HEIF", **{"quality": 95, "chroma": 444, **options})


ESTIMATED = """
_, width, height = decode_square(content, 250, 200_000_000)
with open_photo(io.BytesIO(content)) as photo:
    print(peak() - before, decoding_bytes(photo, width * height), sep="|")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a process's peak memory in /proc")
@pytest.mark.parametrize(
    ("mode", "chroma"), [("RGB", 420), ("RGB", 422), ("RGB", 444), ("RGBA", 420), ("LA", 420), ("L", 420)]
)
def test_decoding_needs_no_more_memory_than_estimated(mode, chroma, tmp_path):
    photo = Image.linear_gradient("L").resize((2000, 1600)).convert(mode)
    exif = directory((0x0112, 3, 1, 6))  # turning needs the most memory
    (tmp_path / "photo").write_bytes(heic(photo, chroma=chroma, quality=10, exif=exif))
    taken, counted = map(int, printed(ESTIMATED, tmp_path / "photo"))
    assert taken < counted + 6_000_000  # bytes for libraries and their tables
