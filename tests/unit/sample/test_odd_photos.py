"""Odd photos are planned exactly and encoded as stated."""

import io
from collections import Counter

import numpy as np
import pytest
from PIL import Image, ImageOps, UnidentifiedImageError

from landmark_sample.label_counts import labels_without_pixels
from landmark_sample.odd_photos import READABLE, UNREADABLE, Oddity, encode_odd_photo, odd_photos


@pytest.fixture(scope="module")
def picture():
    across, down = np.meshgrid(np.linspace(0, 255, 90), np.linspace(0, 255, 60))
    return Image.fromarray(np.stack([across, down, across[:, ::-1]], axis=2).astype(np.uint8))


def opened(oddity, picture):
    return Image.open(io.BytesIO(encode_odd_photo(oddity, picture, 90)))


def test_a_sample_has_exactly_the_13_odd_photos():
    for labels, photos in ((10, 400), (20, 1_000)):
        assert Counter(odd_photos(labels, photos, 0).values()) == Counter(READABLE + UNREADABLE)


def test_a_sample_of_fewer_than_100_photos_has_none():
    assert odd_photos(5, 99, seed=0) == {}


@pytest.mark.parametrize("seed", range(5))
def test_no_label_loses_more_than_one_photo_and_no_small_label_any(seed):
    owners = dict(labels_without_pixels(20, 1_000, seed))
    counts = Counter(owners.values())
    odd = odd_photos(20, 1_000, seed)
    losers = [owners[image_id] for image_id, oddity in odd.items() if not oddity.is_readable]
    assert len(set(losers)) == len(losers) == 4
    assert min(counts[label] for label in losers) >= 12


def test_a_sample_without_large_labels_has_only_readable_odd_photos():
    odd = odd_photos(60, 120, seed=0)
    assert all(oddity.is_readable for oddity in odd.values())
    assert len(odd) == len(READABLE)


def test_odd_photos_are_distributed_over_the_labels():
    owners = dict(labels_without_pixels(20, 1_000, seed=0))
    assert len({owners[image_id] for image_id in odd_photos(20, 1_000, seed=0)}) >= 8


@pytest.mark.parametrize(
    ("oddity", "mode"), [(Oddity.CMYK, "CMYK"), (Oddity.GREYSCALE, "L"), (Oddity.ALPHA, "RGBA")]
)
def test_odd_photos_have_the_stated_modes(oddity, mode, picture):
    assert opened(oddity, picture).mode == mode


def test_progressive_jpeg_is_progressive(picture):
    assert opened(Oddity.PROGRESSIVE, picture).info["progressive"]


def test_png_is_partly_transparent(picture):
    image = opened(Oddity.ALPHA, picture)
    assert image.format == "PNG"
    assert image.getchannel("A").getextrema() == (0, 255)


@pytest.mark.parametrize(("oddity", "orientation"), [(Oddity.TURNED_RIGHT, 6), (Oddity.UPSIDE_DOWN, 3)])
def test_turned_photos_are_upright_by_their_exif(oddity, orientation, picture):
    image = opened(oddity, picture)
    assert image.getexif()[0x0112] == orientation
    upright = np.asarray(ImageOps.exif_transpose(image), np.int16)
    assert np.abs(upright - np.asarray(picture, np.int16)).mean() < 3
    assert image.size != picture.size or orientation == 3


def test_truncated_jpeg_opens_and_does_not_load(picture):
    image = opened(Oddity.TRUNCATED, picture)
    with pytest.raises(OSError, match="truncated"):
        image.load()


@pytest.mark.parametrize("oddity", [Oddity.EMPTY, Oddity.HTML])
def test_files_that_are_no_photos_do_not_open(oddity, picture):
    with pytest.raises(UnidentifiedImageError):
        opened(oddity, picture)
