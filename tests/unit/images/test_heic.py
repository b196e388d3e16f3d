"""HEIC, the default of phones, is read like other formats: upright, within the same limits."""

import io
import struct

import numpy as np
import pillow_heif
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from photo_files import MAX_PIXELS, colourful, directory, encoded, pixels, turned
from PIL import Image, ImageCms
from pillow_heif.as_plugin import HeifImageFile

from landmark_lib.dataset import Reason
from landmark_lib.errors import BadPhotoError
from landmark_lib.images.decode import decode_square
from landmark_lib.images.formats import open_photo
from landmark_lib.images.memory import decoding_bytes

PHOTO = colourful(96, 64)
NEAR = 12  # levels; HEIC is lossy
TURNS = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def heic(image=PHOTO, **options):
    return encoded(image, "HEIF", **{"quality": 95, "chroma": 444, **options})


def deep_heic(mode, bits, monkeypatch):
    """Return the photo as a file with more than 8 bits per colour."""
    monkeypatch.setattr(pillow_heif.options, "SAVE_HDR_TO_12_BIT", bits == 12)
    levels = (
        np.asarray(PHOTO.convert("L" if mode == "I;16" else mode.partition(";")[0])).astype(np.uint16) * 257
    )
    buffer = io.BytesIO()
    pillow_heif.from_bytes(mode, PHOTO.size, levels.tobytes()).save(buffer, quality=95, chroma=444)
    return buffer.getvalue()


def difference(content, photo):
    return np.abs(pixels(content) - pixels(encoded(photo))).max()


def refusal(content, max_pixels=MAX_PIXELS):
    with pytest.raises(BadPhotoError) as error:
        decode_square(content, 50, max_pixels)
    return error.value


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_photos_are_read(mode):
    assert difference(heic(PHOTO.convert(mode)), PHOTO.convert(mode)) <= NEAR


def test_tiled_photos_of_phones_are_read():
    photo = colourful(300, 200)
    content = heic(photo, tile_size=64)
    assert b"grid" in content
    assert difference(content, photo) <= NEAR


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparent_pixels_lie_on_white(mode):
    photo = PHOTO.convert(mode)
    photo.putalpha(Image.linear_gradient("L").resize(PHOTO.size))
    assert difference(heic(photo), photo) <= NEAR


@pytest.mark.parametrize("bits", [10, 12])
@pytest.mark.parametrize("mode", ["RGB;16", "RGBA;16", "I;16"])
def test_photos_with_more_than_8_bits_are_read(mode, bits, monkeypatch):
    content = deep_heic(mode, bits, monkeypatch)
    with open_photo(io.BytesIO(content)) as photo:
        assert photo.info["bit_depth"] == bits
    assert difference(content, PHOTO.convert("L") if mode == "I;16" else PHOTO) <= NEAR


@pytest.mark.parametrize("orientation", TURNS)
def test_photos_of_every_orientation_are_turned_upright_once(orientation):
    turn = TURNS[orientation]
    exif = directory((0x0112, 3, 1, orientation))
    # Like phones, the encoder writes the orientation to boxes and keeps it in EXIF.
    content = heic(PHOTO if turn is None else PHOTO.transpose(turn), exif=exif)
    assert exif in content
    assert (b"irot" in content or b"imir" in content) == (orientation != 1)
    _, width, height = decode_square(content, 50, MAX_PIXELS)
    assert (width, height) == PHOTO.size
    assert difference(content, PHOTO) <= NEAR


def test_boxes_and_not_exif_decide_the_orientation():
    # As the standard has it: programs that turn pixels often leave the old EXIF behind.
    exif = directory((0x0112, 3, 1, 6))
    turned_by_boxes = heic(exif=exif)
    assert np.abs(pixels(turned_by_boxes) - turned(pixels(heic()))).max() <= NEAR
    without_boxes = turned_by_boxes.replace(b"irot", b"free")
    assert np.abs(pixels(without_boxes) - pixels(heic())).max() <= NEAR
    damaged_exif = turned_by_boxes.replace(exif, b"\xff" * len(exif))
    assert np.array_equal(pixels(damaged_exif), pixels(turned_by_boxes))


@pytest.mark.parametrize("primary", [0, 1, 2])
def test_primary_image_of_several_is_used(primary):
    images = [Image.new("RGB", (64, 64), colour) for colour in ("red", "lime", "blue")]
    content = heic(images[0], save_all=True, append_images=images[1:], primary_index=primary)
    assert difference(content, images[primary]) <= NEAR


def test_no_other_image_replaces_a_broken_primary_one():
    images = [Image.new("RGB", (64, 64), colour) for colour in ("red", "lime")]
    content = heic(images[0], save_all=True, append_images=images[1:], primary_index=0)
    configuration = content.index(b"hvcC")
    broken = content[:configuration] + b"free" + content[configuration + 4 :]
    error = refusal(broken)
    assert error.reason == Reason.BROKEN_IMAGE
    assert error.detail.startswith("HEIC: ")


def test_photo_is_read_instead_of_its_thumbnail():
    photo = colourful(600, 400)
    with_thumbnail = heic(photo, thumbnails=[512])
    with open_photo(io.BytesIO(with_thumbnail)) as opened:
        assert opened.draft(None, (68, 68)) is None
    assert np.array_equal(pixels(with_thumbnail), pixels(heic(photo)))


def test_colours_follow_the_profile():
    content = heic(icc_profile=ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    assert np.array_equal(pixels(content), pixels(heic()))
    assert np.array_equal(pixels(heic(icc_profile=b"rubbish")), pixels(heic()))


@pytest.mark.parametrize(
    "nothing",
    [b"", bytes(200), b"\0\0\0\x08meta", b"\0\0\0\x10meta" + bytes(8), b"rubbish" * 20],
    ids=["nothing", "zeros", "no content", "empty", "rubbish"],
)
@pytest.mark.parametrize("brand", [b"heic", b"heix", b"mif1", b"msf1"])
def test_heic_that_is_only_a_header_is_a_broken_heic(brand, nothing):
    content = b"\0\0\0\x24ftyp" + brand + b"\0\0\0\0mif1MiHEmiafMiHBheic" + nothing
    error = refusal(content)
    assert error.reason in {Reason.BROKEN_IMAGE, Reason.TRUNCATED}
    assert "HEIC: " in error.detail


@pytest.mark.parametrize("tile_size", [0, 64])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_cut_heic_is_rejected_however_many_tiles_remain(tile_size, mode):
    # libheif paints missing tiles green or black without an error.
    whole = heic(colourful(300, 200).convert(mode), tile_size=tile_size)
    start = whole.index(b"mdat")
    for size in [*range(start + 8, len(whole), 97), len(whole) - 1]:
        error = refusal(whole[:size])
        assert error.reason == Reason.TRUNCATED
        assert "outside of file bounds" in error.detail
        filled_up = whole[:size].rstrip(b"\0") + bytes(len(whole) - size + 9)
        assert refusal(filled_up).reason in {Reason.TRUNCATED, Reason.BROKEN_IMAGE}
    for size in range(24, start, 9):
        assert refusal(whole[:size]).reason in {Reason.TRUNCATED, Reason.BROKEN_IMAGE}


def test_missing_parts_of_other_images_are_ignored():
    images = [colourful(64, 64), Image.new("RGB", (64, 64), "lime")]
    whole = heic(images[0], save_all=True, append_images=images[1:], primary_index=0)
    assert np.array_equal(pixels(whole[:-9]), pixels(whole))
    with_thumbnail = heic(colourful(600, 400), thumbnails=[512])
    assert np.array_equal(pixels(with_thumbnail[:-9]), pixels(with_thumbnail))


@pytest.mark.parametrize("rest", [b"\0", bytes(5000), b"rubbish" * 99])
def test_bytes_after_the_end_are_ignored(rest):
    assert np.array_equal(pixels(heic() + rest), pixels(heic()))


@given(st.data())
@settings(derandomize=True, max_examples=300)
def test_damaged_photos_raise_only_bad_photo_error(data):
    content = bytearray(SMALL)
    for _ in range(data.draw(st.integers(1, 5))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        square, _, _ = decode_square(bytes(content), 10, MAX_PIXELS)
    except BadPhotoError:
        return
    assert (square.mode, square.size) == ("RGB", (10, 10))


SMALL = heic(colourful(128, 64), tile_size=64, exif=directory((0x0112, 3, 1, 6)), xmp=b"<xmp>")


def test_pixel_limit_is_checked_before_decoding(monkeypatch):
    monkeypatch.setattr(HeifImageFile, "load", lambda _: pytest.fail("decoded"))
    assert refusal(heic(), max_pixels=96 * 64 - 1).reason == Reason.TOO_MANY_PIXELS
    monkeypatch.setattr("landmark_lib.images.decode.MAX_MEMORY", 10_000)
    error = refusal(heic(), max_pixels=96 * 64)
    assert error.reason == Reason.TOO_MANY_PIXELS
    assert "96 x 64 of HEIF would need" in error.detail


def test_48_megapixel_photos_of_phones_are_accepted():
    with open_photo(io.BytesIO(heic(chroma=420))) as photo:
        assert decoding_bytes(photo, 8064 * 6048) < 480_000_000


def test_large_tile_counts_as_a_large_photo():
    content = heic(colourful(128, 64), tile_size=64).replace(
        struct.pack(">II", 64, 64), struct.pack(">II", 640, 640)
    )
    assert refusal(content, max_pixels=640 * 640 - 1).reason == Reason.TOO_MANY_PIXELS
