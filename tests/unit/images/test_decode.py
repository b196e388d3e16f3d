"""Any photo becomes an upright RGB square; anything else is rejected with a reason."""

import io
import struct
import zlib
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from photo_files import encoded, pixels
from PIL import Image, ImageCms

from landmark_lib.dataset import Reason
from landmark_lib.errors import BadPhotoError
from landmark_lib.images import colour
from landmark_lib.images.decode import decode_square

Transpose = Image.Transpose
MAX_PIXELS = 200_000_000
RED, GREEN, BLUE, WHITE = (230, 20, 20), (20, 180, 40), (30, 40, 220), (255, 255, 255)
ORIENTATION = 0x0112
# How an upright photo is stored with each EXIF orientation.
STORED = {
    1: None,
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_90,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_270,
}


def four_colours(width=120, height=80):
    """Red and green above blue and white."""
    small = np.array([[RED, GREEN], [BLUE, WHITE]], dtype=np.uint8)
    return Image.fromarray(small).resize((width, height), Image.Resampling.NEAREST)


@cache
def scenery(width, height):
    """Coarse and fine structure, as in a photo."""
    random = np.random.default_rng(1)
    layers = [
        np.asarray(
            Image.fromarray(random.integers(0, 256, (cells, cells, 3), dtype=np.uint8)).resize(
                (width, height), Image.Resampling.BICUBIC
            )
        ).astype(float)
        for cells in (4, 20, 100, 400)
    ]
    return Image.fromarray(np.average(layers, axis=0, weights=[8, 4, 2, 1]).astype(np.uint8))


def psnr(one, other):
    """Peak signal-to-noise ratio in dB."""
    return 10 * np.log10(255**2 / np.mean((one - other) ** 2))


def one_coloured(colour, mode="RGB", size=(90, 60)):
    return Image.new(mode, size, colour)


def is_coloured(content, colour, tolerance=4):
    return np.abs(pixels(content) - colour).max() <= tolerance


XYZ = {"r": (0.4361, 0.2225, 0.0139), "g": (0.3851, 0.7169, 0.0971), "b": (0.1431, 0.0606, 0.7141)}


def tag(kind, *numbers):
    return kind + bytes(4) + b"".join(struct.pack(">i", round(number * 65536)) for number in numbers)


def gamma(exponent):
    return b"curv" + bytes(4) + struct.pack(">IH", 1, round(exponent * 256)) + bytes(2)


def profile(space, **tags):
    """Write an ICC profile of a display."""
    content, table, place = b"", b"", 132 + 12 * len(tags)
    for name, value in tags.items():
        table += name.encode() + struct.pack(">II", place + len(content), len(value))
        content += value
    size = struct.pack(">I", place + len(content))
    white = struct.pack(">iii", 63190, 65536, 54061)
    head = size + bytes(4) + b"\2\x10\0\0" + b"mntr" + space + b"XYZ " + bytes(12) + b"acsp" + bytes(28)
    return (head + white).ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + content


def display(red, green, blue, exponent=2.2):
    curves = {f"{channel}TRC": gamma(exponent) for channel in "rgb"}
    columns = {
        f"{channel}XYZ": tag(b"XYZ ", *XYZ[of]) for channel, of in zip("rgb", (red, green, blue), strict=True)
    }
    return profile(b"RGB ", wtpt=tag(b"XYZ ", 0.9642, 1, 0.8249), **columns, **curves)


def grey_display(exponent):
    return profile(b"GRAY", wtpt=tag(b"XYZ ", 0.9642, 1, 0.8249), kTRC=gamma(exponent))


def reason_of(content, max_pixels=MAX_PIXELS):
    with pytest.raises(BadPhotoError) as error:
        decode_square(content, 50, max_pixels)
    return error.value.reason


def claiming(width, height):
    """Return a PNG whose header claims a size that its pixels do not have."""
    content = encoded(four_colours())
    header = b"IHDR" + struct.pack(">II", width, height) + content[24:29]
    return content[:12] + header + struct.pack(">I", zlib.crc32(header)) + content[33:]


def half_a_pixel_wide():
    return b"Image type: L image\r\nImage size (x*y): 0.5*2\r\n".ljust(511, b"\0") + b"\x1a"


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "TIFF", "WEBP", "AVIF"])
@pytest.mark.parametrize("orientation", STORED)
def test_photos_of_every_orientation_become_upright(file_format, orientation):
    upright, turn = four_colours(), STORED[orientation]
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    stored = upright if turn is None else upright.transpose(turn)
    content = encoded(stored, file_format, quality=95, exif=exif)
    square, width, height = decode_square(content, 50, MAX_PIXELS)
    assert (width, height) == upright.size
    corners = [square.getpixel(at) for at in [(10, 10), (40, 10), (10, 40), (40, 40)]]
    assert np.abs(np.subtract(corners, [RED, GREEN, BLUE, WHITE])).max() <= 12


@pytest.mark.parametrize("orientation", [0, 9])
def test_unknown_orientation_leaves_the_photo_unchanged(orientation):
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    photo = four_colours()
    assert np.array_equal(pixels(encoded(photo, exif=exif)), pixels(encoded(photo)))


@pytest.mark.parametrize("exif", [b"Exif\0\0rubbish", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0"])
def test_photo_with_damaged_exif_is_read(exif):
    assert is_coloured(encoded(one_coloured(RED), "JPEG", exif=exif), RED)


def test_longer_side_is_cropped_equally_at_both_ends():
    # Each pixel encodes its column: 75 … 174 are the middle 100 of 250, here two per pixel.
    photo = Image.fromarray(np.tile(np.arange(250, dtype=np.uint8), (100, 1)))
    middle = np.arange(75.5, 175, 2)
    assert np.abs(pixels(encoded(photo))[..., 0] - middle).max() <= 1
    assert np.abs(pixels(encoded(photo.transpose(Transpose.TRANSPOSE)))[..., 0].T - middle).max() <= 1


@pytest.mark.parametrize("size", [(1, 1), (3000, 2), (2, 3000), (249, 251)])
def test_small_and_narrow_photos_are_enlarged(size):
    square, width, height = decode_square(encoded(one_coloured(BLUE, size=size)), 250, MAX_PIXELS)
    assert (square.mode, square.size, (width, height)) == ("RGB", (250, 250), size)
    assert np.asarray(square).reshape(-1, 3).tolist() == [list(BLUE)] * 250 * 250


@pytest.mark.parametrize("options", [{"progressive": True}, {"quality": 30}, {"subsampling": 0}])
def test_jpegs_of_every_kind_are_read(options):
    assert is_coloured(encoded(one_coloured(GREEN), "JPEG", **options), GREEN)


@pytest.mark.parametrize("file_format", ["WEBP", "BMP", "TIFF", "PPM", "AVIF", "JPEG2000"])
def test_other_formats_are_read(file_format):
    assert is_coloured(encoded(one_coloured(GREEN), file_format), GREEN)


def test_greyscale_becomes_rgb():
    assert is_coloured(encoded(one_coloured(100, mode="L"), "JPEG"), (100, 100, 100), tolerance=0)


def test_cmyk_has_the_same_colours_with_and_without_adobes_marker():
    cmyk = one_coloured((0, 200, 150, 25), mode="CMYK")
    expected = np.asarray(cmyk.convert("RGB"))[0, 0]
    # Adobe stores inverted ink and marks it in a segment, which is removed here.
    inverted = encoded(cmyk, "JPEG")
    plain = encoded(cmyk.point(lambda ink: 255 - ink), "JPEG")
    mark = plain.index(b"\xff\xee")
    length = int.from_bytes(plain[mark + 2 : mark + 4], "big")
    assert b"Adobe" in inverted
    assert is_coloured(inverted, expected)
    assert is_coloured(plain[:mark] + plain[mark + 2 + length :], expected)


@pytest.mark.parametrize("mode", ["I;16", "I"])
def test_16_bit_grey_is_scaled_and_not_clipped(mode):
    levels = np.tile(np.linspace(0, 40_000, 100), (100, 1))
    deep = Image.fromarray(levels.astype(np.uint16 if mode == "I;16" else np.int32))
    shallow = Image.fromarray((levels / 257).round().astype(np.uint8))
    assert deep.mode == mode
    assert np.abs(pixels(encoded(deep, "TIFF")) - pixels(encoded(shallow))).max() <= 1


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_colours_follow_the_profile_of_the_photo(file_format):
    # In this profile, stored red is green.
    content = encoded(one_coloured((255, 0, 0)), file_format, icc_profile=display("g", "r", "b"))
    assert is_coloured(content, (0, 255, 0), tolerance=12)


def test_grey_with_a_profile_stays_grey():
    square = pixels(encoded(one_coloured(100, mode="L"), icc_profile=grey_display(1.0)))
    assert np.ptp(square, axis=2).max() == 0
    assert 165 <= square.mean() <= 171  # sRGB's level of 100/255 of the light


@pytest.mark.parametrize(
    "unused",
    [
        b"rubbish",
        display("r", "g", "b")[:300],
        grey_display(1.0),
        ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(),
    ],
    ids=["rubbish", "cut", "of grey", "sRGB"],
)
def test_broken_foreign_and_srgb_profiles_change_no_pixel(unused):
    photo = scenery(60, 60)
    assert np.array_equal(pixels(encoded(photo, icc_profile=unused)), pixels(encoded(photo)))


def test_srgb_profile_needs_no_conversion():
    same = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert colour._transform(same, "RGB") is None
    assert colour._transform(display("r", "g", "b"), "RGB") is not None


def test_wide_gamut_photo_with_transparency_lies_on_white():
    content = encoded(one_coloured((*RED, 0), mode="RGBA"), icc_profile=display("g", "r", "b"))
    assert is_coloured(content, WHITE, tolerance=1)


def test_largest_float_of_grey_is_white():
    # Nothing defines white for floats; numbers up to 1 are read as 0 to 1.
    levels = np.tile(np.linspace(0, 50, 100, dtype=np.float32), (100, 1))
    assert 250 <= pixels(encoded(Image.fromarray(levels), "TIFF")).max() <= 255
    assert 125 <= pixels(encoded(Image.fromarray(levels / 100), "TIFF")).max() <= 128


def transparent_palette():
    photo = Image.new("P", (60, 60), 0)
    photo.putpalette([*RED, *GREEN])
    return encoded(photo, transparency=0)


@pytest.mark.parametrize(
    ("content", "colour"),
    [
        (encoded(one_coloured((*RED, 0), mode="RGBA")), WHITE),
        (encoded(one_coloured((0, 0, 0, 128), mode="RGBA")), (127, 127, 127)),
        (encoded(one_coloured((0, 0), mode="LA")), WHITE),
        (encoded(one_coloured((0, 128), mode="LA")), (127, 127, 127)),
        (transparent_palette(), WHITE),
        (encoded(one_coloured(7, mode="L"), transparency=7), WHITE),
        (encoded(one_coloured(RED), transparency=RED), WHITE),
    ],
    ids=["RGBA", "half RGBA", "LA", "half LA", "palette", "grey key", "colour key"],
)
def test_transparent_pixels_lie_on_white(content, colour):
    assert is_coloured(content, colour, tolerance=1)


@pytest.mark.parametrize("file_format", ["GIF", "WEBP"])
def test_first_frame_of_an_animation_is_used(file_format):
    frames = [one_coloured(colour) for colour in (RED, BLUE)]
    content = encoded(frames[0], file_format, save_all=True, append_images=frames[1:], duration=100)
    with Image.open(io.BytesIO(content)) as animation:
        assert animation.n_frames == 2
    assert is_coloured(content, RED, tolerance=8)


def resized_whole(photo, side=250):
    """Crop and resize every pixel of a photo at once."""
    width, height = photo.size
    length = min(width, height)
    left, top = (width - length) / 2, (height - length) / 2
    box = (left, top, left + length, top + length)
    return np.asarray(photo.resize((side, side), Image.Resampling.LANCZOS, box)).astype(int)


# For odd sizes, the last row and column decoded at reduced scale lie half outside the photo.
@pytest.mark.parametrize(
    ("size", "least"), [((1300, 1000), 49), ((2000, 2100), 49), ((1177, 751), 43), ((709, 709), 43)]
)
def test_jpeg_decoded_at_reduced_scale_is_close_to_full_decoding(size, least):
    content = encoded(scenery(*size), "JPEG", quality=90)
    expected = resized_whole(Image.open(io.BytesIO(content)))
    assert psnr(pixels(content, 250), expected) > least  # dB


def on_white(rgba):
    return Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba).convert("RGB")


def with_alpha(photo):
    rgba = photo.copy()
    rgba.putalpha(Image.linear_gradient("L").resize(photo.size))
    return rgba


# One size is resized directly, the other converted in several bands and averaged down first.
@pytest.mark.parametrize("size", [(801, 640), (2001, 1904)])
@pytest.mark.parametrize(
    ("stored", "file_format"),
    [("RGBA", "PNG"), ("LA", "PNG"), ("P", "PNG"), ("CMYK", "TIFF"), ("I;16", "PNG")],
)
def test_photos_of_every_mode_and_size_are_close_to_full_conversion(stored, file_format, size):
    photo = with_alpha(scenery(*size)) if stored in {"RGBA", "LA"} else scenery(*size)
    if stored == "I;16":
        photo = Image.fromarray(np.asarray(photo.convert("L")).astype(np.uint16) * 257)
        whole = Image.fromarray((np.asarray(photo) // 257).astype(np.uint8)).convert("RGB")
    else:
        photo = photo.convert(stored)
        whole = on_white(photo.convert("RGBA")) if "A" in stored else photo.convert("RGB")
    content = encoded(photo, file_format, compress_level=1)  # of PNG, quickly
    assert psnr(pixels(content, 250), resized_whole(whole)) > 45  # dB


@pytest.mark.parametrize("size", [(1, 20_000), (20_000, 1), (30_000, 700)])
@pytest.mark.parametrize(("file_format", "mode"), [("JPEG", "RGB"), ("PNG", "RGBA")])
def test_middle_of_extremely_long_photos_is_kept(file_format, mode, size):
    assert is_coloured(encoded(one_coloured(GREEN, size=size).convert(mode), file_format), GREEN)


def test_the_same_bytes_give_the_same_pixels():
    content = encoded(scenery(700, 600), "JPEG")
    assert np.array_equal(pixels(content), pixels(content))


JPEG = encoded(four_colours(), "JPEG")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", Reason.EMPTY_FILE),
        (b"<!DOCTYPE html><title>404</title>", Reason.NOT_AN_IMAGE),
        (np.random.default_rng(0).bytes(5000), Reason.NOT_AN_IMAGE),
        (JPEG[: len(JPEG) // 2], Reason.TRUNCATED),
        (encoded(scenery(90, 90))[:-3000], Reason.TRUNCATED),
        (encoded(four_colours(), "GIF")[:-40], Reason.TRUNCATED),
        (encoded(four_colours(), "WEBP")[:-40], Reason.BROKEN_IMAGE),
        (encoded(four_colours()).replace(b"IDATx", b"IDATy"), Reason.BROKEN_IMAGE),
        (encoded(four_colours(), "AVIF")[:-60] + bytes(60), Reason.BROKEN_IMAGE),
        (half_a_pixel_wide(), Reason.BROKEN_IMAGE),
        (claiming(20_000, 20_000), Reason.TOO_MANY_PIXELS),
    ],
    ids=[
        "empty",
        "HTML",
        "noise",
        "cut JPEG",
        "cut PNG",
        "cut GIF",
        "cut WebP",
        "bad PNG",
        "bad AVIF",
        "bad IM",
        "vast",
    ],
)
def test_unusable_photo_is_rejected_with_its_reason(content, reason):
    assert reason_of(content) == reason


def test_photos_up_to_the_pixel_limit_are_read():
    content = encoded(four_colours(120, 80))
    pixels(content, max_pixels=120 * 80)
    assert reason_of(content, max_pixels=120 * 80 - 1) == Reason.TOO_MANY_PIXELS


@pytest.mark.parametrize("file_format", ["PNG", "JPEG", "GIF", "WEBP", "TIFF", "AVIF"])
def test_no_pixel_is_decoded_before_the_limit_is_checked(file_format, monkeypatch):
    def refuse(*_):
        pytest.fail("pixels were decoded")

    content = encoded(four_colours(), file_format)
    with Image.open(io.BytesIO(content)) as opened:
        monkeypatch.setattr(type(opened), "load", refuse)
    assert reason_of(content, max_pixels=100) == Reason.TOO_MANY_PIXELS


@cache
def small_photo(file_format):
    return encoded(four_colours(24, 16), file_format)


@given(st.data())
@settings(derandomize=True, max_examples=150)  # the errors found must not depend on chance
@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "GIF", "WEBP", "TIFF", "AVIF"])
def test_damaged_photos_raise_only_bad_photo_error(file_format, data):
    content = bytearray(small_photo(file_format))
    for _ in range(data.draw(st.integers(1, 5))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        kept = bytes(content[: data.draw(st.integers(1, len(content)))])
        square, _, _ = decode_square(kept, 10, MAX_PIXELS)
    except BadPhotoError:
        return
    assert (square.mode, square.size) == ("RGB", (10, 10))
