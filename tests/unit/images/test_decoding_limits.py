"""A photo that would take too much memory is refused, and no other program is started for one."""

import io

import bombs
import pytest
from PIL import Image

from landmark_lib.dataset import Reason
from landmark_lib.errors import BadPhotoError
from landmark_lib.images import decode
from landmark_lib.images.decode import decode_square
from landmark_lib.images.memory import decoding_bytes


def big(mode, colour, size=(6000, 4000)):
    return Image.new(mode, size, colour)


def test_progressive_jpegs_are_counted_with_their_coefficients():
    for options, coefficients in (({"subsampling": 0}, 6), ({"subsampling": 2}, 3)):
        buffer = io.BytesIO()
        big("RGB", "green", (800, 640)).save(buffer, "JPEG", progressive=True, **options)
        photo = Image.open(buffer)
        assert decoding_bytes(photo, 800 * 640) == (4 + coefficients) * 800 * 640


@pytest.mark.parametrize("file_format", ["WEBP", "AVIF", "JPEG2000"])
def test_a_photo_whose_decoder_takes_too_much_memory_is_refused(file_format):
    buffer = io.BytesIO()
    big("RGB", "green", (64, 64)).save(buffer, file_format)
    photo = Image.open(buffer)
    photo._size = (8000, 6000)  # as a file of so many pixels would say
    assert decoding_bytes(photo, 8000 * 6000) > 480_000_000


def test_what_is_refused_says_how_much_it_would_have_taken(monkeypatch):
    buffer = io.BytesIO()
    big("CMYK", 0, (900, 700)).save(buffer, "JPEG", progressive=True)
    monkeypatch.setattr(decode, "MAX_MEMORY", 1_000_000)
    with pytest.raises(BadPhotoError, match="900 x 700 of JPEG would need 5 MB of memory") as error:
        decode_square(buffer.getvalue(), 250, max_pixels=900 * 700)
    assert error.value.reason == Reason.TOO_MANY_PIXELS
    # Who lets more pixels in gives them more memory.
    square, width, height = decode_square(buffer.getvalue(), 250, max_pixels=5 * 900 * 700)
    assert (square.size, width, height) == ((250, 250), 900, 700)


def test_no_other_program_is_started_for_a_picture(tmp_path, monkeypatch):
    ghostscript = tmp_path / "gs"
    ghostscript.write_text(f"#!/bin/sh\ntouch {tmp_path}/started\n")
    ghostscript.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    with pytest.raises(BadPhotoError) as error:
        decode_square(bombs.postscript(), 250, 200_000_000)
    assert error.value.reason == Reason.NOT_AN_IMAGE
    assert not (tmp_path / "started").exists()
