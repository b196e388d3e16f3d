"""Formats are recognized by the first bytes; unreadable files are rejected with the reader's error."""

import io

import pytest
from photo_files import colourful, encoded, pixels

from landmark_lib.dataset import Reason
from landmark_lib.errors import BadPhotoError
from landmark_lib.images.formats import FORMATS, IMAGE_ENDINGS, READ, open_photo

PHOTO = colourful()
JPEG, PNG, WEBP, AVIF = (encoded(PHOTO, file_format) for file_format in ("JPEG", "PNG", "WEBP", "AVIF"))


def refusal(content):
    with pytest.raises(BadPhotoError) as error:
        pixels(content)
    return error.value


def test_all_formats_are_available():
    assert READ == FORMATS


def test_extensions_of_phones_and_the_web_count_as_photos():
    assert {
        "heic",
        "heif",
        "hif",
        "avif",
        "jpg",
        "jpeg",
        "jfif",
        "png",
        "webp",
        "tif",
        "tiff",
        "gif",
    } <= IMAGE_ENDINGS
    assert {"bmp", "jp2", "ppm", "pgm", "tga", "qoi"} <= IMAGE_ENDINGS
    assert not {"txt", "csv", "json", "html", "mp4", "zip", ""} & IMAGE_ENDINGS
    assert all(ending == ending.lower() and "." not in ending for ending in IMAGE_ENDINGS)


@pytest.mark.parametrize(
    "content",
    [
        b"x",
        b"ab",
        b"abc",
        b"abcd",
        b"<!DOCTYPE html>",
        b"%PDF-1.7",
        b"PK\3\4",
        b"\0\0\0\x20ftypisom" + bytes(99),
    ],
)
def test_bytes_of_no_known_format_are_not_an_image(content):
    error = refusal(content)
    assert error.reason == Reason.NOT_AN_IMAGE
    assert error.detail == f"begins with {content[:16]!r}"


@pytest.mark.parametrize(
    ("content", "begins"),
    [
        (JPEG.replace(b"\xff\xc0\x00\x11\x08", b"\xff\xc0\x00\x11\x0c"), "JPEG: cannot handle 12-bit layers"),
        (PNG.replace(b"IHDR\0\0", b"IHDR\1\0"), "PNG: broken PNG file (bad header checksum in b'IHDR')"),
        (encoded(PHOTO, "TIFF").replace(b"\2\1\3\0\3\0\0\0", b"\2\1\3\0\1\0\0\0"), "TIFF: "),
        (AVIF.replace(b"pitm", b"pitx"), "Failed to decode image: "),
        (b"\0\0\0\x24ftypheic\0\0\0\0mif1MiHEmiafMiHBheic" + bytes(200), "HEIC: Invalid input"),
        (b"BM" + bytes(60), "Unsupported BMP header type"),
    ],
    ids=["JPEG", "PNG", "TIFF", "AVIF", "HEIC", "BMP"],
)
def test_known_format_that_cannot_be_opened_is_a_broken_image(content, begins):
    error = refusal(content)
    assert error.reason == Reason.BROKEN_IMAGE
    assert error.detail.startswith(begins)


@pytest.mark.parametrize(
    ("whole", "size"),
    [(JPEG, 150), (JPEG, 20), (PNG, 20), (PNG, 30)],
    ids=["JPEG", "early", "PNG", "early PNG"],
)
def test_cut_header_is_truncated(whole, size):
    assert refusal(whole[:size]).reason == Reason.TRUNCATED


def test_format_family_is_read_by_the_reader_that_can():
    # A file that begins with mif1 may be AVIF or HEIC.
    for file_format, opened in (("AVIF", "AVIF"), ("HEIF", "HEIF")):
        content = encoded(PHOTO, file_format)
        renamed = content[:8] + b"mif1" + content[12:]
        with open_photo(io.BytesIO(renamed)) as photo:
            assert photo.format == opened
        assert (pixels(renamed) == pixels(content)).all()
