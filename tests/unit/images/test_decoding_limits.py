"""A photo that needs too much memory is rejected, and no other program is started for any."""

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


def test_memory_of_progressive_jpegs_includes_coefficients():
    for options, coefficients in (({"subsampling": 0}, 6), ({"subsampling": 2}, 3)):
        buffer = io.BytesIO()
        big("RGB", "green", (800, 640)).save(buffer, "JPEG", progressive=True, **options)
        photo = Image.open(buffer)
        assert decoding_bytes(photo, 800 * 640) == (4 + coefficients) * 800 * 640


@pytest.mark.parametrize("file_format", ["WEBP", "AVIF", "JPEG2000"])
def test_photo_whose_decoder_needs_too_much_memory_is_rejected(file_format):
    buffer = io.BytesIO()
    big("RGB", "green", (64, 64)).save(buffer, file_format)
    photo = Image.open(buffer)
    photo._size = (8000, 6000)  # as in a file with this many pixels
    assert decoding_bytes(photo, 8000 * 6000) > 480_000_000


def test_rejection_states_the_memory_needed(monkeypatch):
    buffer = io.BytesIO()
    big("CMYK", 0, (900, 700)).save(buffer, "JPEG", progressive=True)
    monkeypatch.setattr(decode, "MAX_MEMORY", 1_000_000)
    with pytest.raises(BadPhotoError, match="900 x 700 of JPEG would need 5 MB of memory") as error:
        decode_square(buffer.getvalue(), 250, max_pixels=900 * 700)
    assert error.value.reason == Reason.TOO_MANY_PIXELS
    # A higher pixel limit allows more memory.
    square, width, height = decode_square(buffer.getvalue(), 250, max_pixels=5 * 900 * 700)
    assert (square.size, width, height) == ((250, 250), 900, 700)


def test_no_other_program_is_started_for_a_photo(tmp_path, monkeypatch):
    ghostscript = tmp_path / "gs"
    ghostscript.write_text(f"#!/bin/sh\ntouch {tmp_path}/started\n")
    ghostscript.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    with pytest.raises(BadPhotoError) as error:
        decode_square(bombs.postscript(), 250, 200_000_000)
    assert error.value.reason == Reason.NOT_AN_IMAGE
    assert not (tmp_path / "started").exists()
