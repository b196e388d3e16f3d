"""Grey of more than 8 bits is converted without clipping and never becomes almost black."""

import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from photo_files import chunk, encoded, grey_tiff, pixels, png
from PIL import Image

from landmark_lib.images.containers.pixels import Samples
from landmark_lib.images.levels import scale_of, to_grey

SIDE = 50
RAMP = np.tile(np.linspace(0, 1, SIDE), (SIDE, 1))
SHOWN = (RAMP * 255)[..., None]
UNSIGNED, SIGNED, FLOAT = 1, 2, 3
SHORT, LONG, SIGNED_SHORT, SINGLE = 3, 4, 8, 11
MAX_SAMPLE, SMIN_SAMPLE, SMAX_SAMPLE = 281, 340, 341
# Numbers of each type, from black to white: kind, numbers.
TYPES = {
    "16 bits": (UNSIGNED, (RAMP * 65535).astype(np.uint16)),
    "32 bits": (UNSIGNED, (RAMP * (2**32 - 1)).astype(np.uint32)),
    "32 bits, of which 8 are used": (UNSIGNED, (RAMP * 255).astype(np.uint32)),
    "32 bits, of which 16 are used": (UNSIGNED, (RAMP * 65535).astype(np.uint32)),
    "signed 8 bits": (SIGNED, (RAMP * 127).astype(np.int8)),
    "signed 8 bits, all used": (SIGNED, (RAMP * 255 - 128).astype(np.int8)),
    "signed 16 bits": (SIGNED, (RAMP * 32767).astype(np.int16)),
    "signed 16 bits, all used": (SIGNED, (RAMP * 65535 - 32768).astype(np.int16)),
    "signed 16 bits, of which 8 are used": (SIGNED, (RAMP * 255).astype(np.int16)),
    "signed 32 bits": (SIGNED, (RAMP * (2**31 - 1)).astype(np.int32)),
    "signed 32 bits, few used": (SIGNED, (RAMP * 1000).astype(np.int32)),
    "signed 32 bits, more than 16 used": (SIGNED, (RAMP * 100_000).astype(np.int32)),
    "floats to 1": (FLOAT, RAMP.astype(np.float32)),
    "floats to 255": (FLOAT, (RAMP * 255).astype(np.float32)),
    "floats to 65535": (FLOAT, (RAMP * 65535).astype(np.float32)),
    "tiny floats": (FLOAT, (RAMP * 1e-3).astype(np.float32)),
    "huge floats": (FLOAT, (RAMP * 1e9).astype(np.float32)),
    "floats from -1": (FLOAT, (RAMP * 2 - 1).astype(np.float32)),
}


def shows_the_ramp(content, shown=SHOWN, tolerance=2):
    return np.abs(pixels(content) - shown).max() <= tolerance


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("order", ["<", ">"], ids=["little endian", "big endian"])
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "packed"])
@pytest.mark.parametrize("white_is_zero", [False, True], ids=["black is zero", "white is zero"])
def test_every_kind_of_tiff_covers_black_to_white(kind, order, packed, white_is_zero):
    number, levels = TYPES[kind]
    content = grey_tiff(levels, number, order=order, packed=packed, white_is_zero=white_is_zero)
    assert shows_the_ramp(content, 255 - SHOWN if white_is_zero else SHOWN, tolerance=3)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("white_is_zero", [False, True])
def test_12_bit_grey_uses_its_12_bits(order, white_is_zero):
    levels = (RAMP[:8] * 4095).astype(np.uint16)  # one strip, which Pillow reads in either order
    content = grey_tiff(levels, UNSIGNED, order=order, bits=12, white_is_zero=white_is_zero)
    middle = slice(21, 29)  # 8 of the 50 columns of the square
    shown = np.repeat(np.repeat(RAMP[:1, middle], 50, 0), 50 / 8 + 1, 1)[:, :50, None] * 255
    assert np.abs(pixels(content) - (255 - shown if white_is_zero else shown)).max() <= 12  # enlarged


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("tag", [MAX_SAMPLE, SMAX_SAMPLE])
@pytest.mark.parametrize("bits", [10, 12, 14])
def test_16_bits_with_fewer_used_are_scaled_by_the_files_range(order, packed, tag, bits):
    levels = (RAMP * (2**bits - 1)).astype(np.uint16)
    told = grey_tiff(levels, UNSIGNED, order=order, packed=packed, extra=[(tag, SHORT, 1, 2**bits - 1)])
    assert shows_the_ramp(told)
    untold = grey_tiff(levels, UNSIGNED, order=order, packed=packed)
    assert shows_the_ramp(untold, SHOWN * (2**bits - 1) / 65535)


def test_stated_maximum_below_some_level_is_ignored():
    levels = (RAMP * 65535).astype(np.uint16)
    for tag in (MAX_SAMPLE, SMAX_SAMPLE):
        assert shows_the_ramp(grey_tiff(levels, UNSIGNED, extra=[(tag, SHORT, 1, 255)]))


def test_maximum_meant_as_a_statistic_does_not_brighten_a_photo():
    # MaxSampleValue as TIFF defines it.
    levels = (RAMP * 20_000).astype(np.uint16)
    assert shows_the_ramp(
        grey_tiff(levels, UNSIGNED, extra=[(MAX_SAMPLE, SHORT, 1, 20_000)]), SHOWN * 20_000 / 65535
    )


def test_range_stated_in_the_file_is_used():
    extra = [(SMIN_SAMPLE, SINGLE, 1, 0.25), (SMAX_SAMPLE, SINGLE, 1, 0.5)]
    shown = np.clip((RAMP * 0.5 - 0.25) / 0.25, 0, 1)[..., None] * 255
    assert shows_the_ramp(grey_tiff((RAMP * 0.5).astype(np.float32), FLOAT, extra=extra), shown)


@pytest.mark.parametrize(
    "extra", [(SMAX_SAMPLE, SHORT, 1, 0), (SMAX_SAMPLE, 2, 4, b"4095"), (SMAX_SAMPLE, 12, 1, 99_999)]
)
def test_unreadable_range_is_ignored(extra):
    assert shows_the_ramp(grey_tiff((RAMP * 65535).astype(np.uint16), UNSIGNED, extra=[extra]))


def test_a_dim_photo_stays_dim():
    assert shows_the_ramp(grey_tiff((RAMP * 0.5).astype(np.float32), FLOAT), SHOWN / 2)
    assert shows_the_ramp(grey_tiff((RAMP * 100).astype(np.int32), SIGNED), SHOWN * 100 / 255)
    assert shows_the_ramp(grey_tiff((RAMP * 20_000).astype(np.uint16), UNSIGNED), SHOWN * 20_000 / 65535)


def test_nan_is_black_and_affects_no_other_pixel():
    levels = RAMP.astype(np.float32).copy()
    levels[:, 10:20] = np.nan
    levels[0, 30], levels[0, 40] = np.inf, -np.inf
    shown = pixels(grey_tiff(levels, FLOAT))
    assert np.abs(shown[1:, 25:] - SHOWN[1:, 25:]).max() <= 2
    assert shown[:, 11:19].max() == 0
    assert (shown[0, 30].max(), shown[0, 40].max()) == (255, 0)
    assert pixels(grey_tiff(np.full((SIDE, SIDE), np.nan, np.float32), FLOAT)).max() == 0


@pytest.mark.parametrize("most", [1, 3, 15, 100, 254, 255, 256, 1023, 4095, 65534, 65535])
@pytest.mark.parametrize("is_text", [False, True])
def test_maximum_value_of_a_pgm_is_white(most, is_text):
    levels = (RAMP * most).round().astype(">u2" if most > 255 else "u1")
    header = b"P%d %d %d %d\n" % (2 if is_text else 5, SIDE, SIDE, most)
    rows = b"\n".join(b" ".join(b"%d" % level for level in row) for row in levels)
    assert shows_the_ramp(header + (rows if is_text else levels.tobytes()), levels[..., None] * (255 / most))


def test_floats_of_a_pfm_are_scaled():
    assert shows_the_ramp(b"Pf\n%d %d\n-1.0\n" % (SIDE, SIDE) + RAMP.astype("<f4").tobytes())


@pytest.mark.parametrize("file_format", ["PNG", "TIFF", "JPEG2000", "IM"])
def test_16_bits_of_every_format_are_scaled(file_format):
    deep = Image.fromarray((RAMP * 65535).astype(np.uint16))
    assert shows_the_ramp(encoded(deep, file_format))


DEEP = (RAMP * 65535).astype(np.uint16)
OPAQUE = np.full_like(DEEP, 65535)
COLOURS = {
    "grey and alpha": (4, [DEEP, OPAQUE]),
    "RGB": (2, [DEEP, DEEP, DEEP]),
    "RGB and alpha": (6, [DEEP, DEEP, DEEP, OPAQUE]),
}


@pytest.mark.parametrize("kind", COLOURS)
def test_16_bits_of_every_kind_of_png_are_scaled(kind):
    colours, channels = COLOURS[kind]
    rows = np.stack(channels, axis=2).astype(">u2")
    assert shows_the_ramp(png([row.tobytes() for row in rows], colours, 16))


@pytest.mark.parametrize(
    ("colours", "depth", "key", "level"),
    [
        (0, 16, (0x1234,), 0x1234),
        (2, 16, (0x1234,) * 3, 0x1234),
        (0, 8, (77,), 77),
        (0, 4, (5,), 5),
        (0, 2, (1,), 1),
    ],
)
def test_transparent_level_lies_on_white_at_every_depth(colours, depth, key, level):
    levels = (RAMP * (2**depth - 1)).astype(int)
    levels[:, :10] = level
    if depth < 8:
        levels = np.pad(levels, ((0, 0), (0, -SIDE % (8 // depth))))
        bits = (levels[..., None] >> np.arange(depth)[::-1]) & 1
        rows = [np.packbits(row.ravel()).tobytes() for row in bits]
    else:
        stored = np.repeat(levels[..., None], 3 if colours == 2 else 1, axis=2)
        rows = [row.astype(">u2" if depth == 16 else "u1").tobytes() for row in stored]
    content = png(rows, colours, depth, chunk(b"tRNS", struct.pack(f">{len(key)}H", *key)))
    assert pixels(content)[:, :8].min() == 255
    assert pixels(content)[:, 40:46].max() < 255


NUMBERS = st.floats(-1e6, 1e6, width=32) | st.just(np.nan)


@given(arrays.arrays(np.float32, (8, 8), elements=NUMBERS))
@settings(derandomize=True, max_examples=200)
def test_brightest_float_is_bright_and_levels_keep_their_order(levels):
    image = Image.fromarray(levels)
    samples = Samples(32, FLOAT, is_grey=True, is_inverted=False, named=None, largest=0)
    grey = np.asarray(to_grey(image, scale_of(image, samples, [image]))).astype(int).ravel()
    numbers = levels.ravel()
    finite = np.isfinite(numbers)
    order = np.argsort(numbers[finite], kind="stable")
    assert (np.diff(grey[finite][order]) >= 0).all()
    if finite.any() and numbers[finite].max() > 0:
        assert grey[finite].max() >= 63


@given(st.integers(9, 16), st.integers(0, 2**16 - 1))
@settings(derandomize=True, max_examples=100)
def test_unsigned_levels_are_scaled_by_their_bits_unseen(bits, level):
    level %= 2**bits
    image = Image.fromarray(np.full((2, 2), level, np.uint16))
    samples = Samples(bits, UNSIGNED, is_grey=True, is_inverted=False, named=None, largest=0)
    scale = scale_of(image, samples, iter(()))
    assert abs(to_grey(image, scale).getpixel((0, 0)) - 255 * level / (2**bits - 1)) <= 0.5
