"""Near-duplicates of a photo have nearly its hash; other photos have others."""

import io

import numpy as np
import pytest
from PIL import Image

from landmark_lib.images.perceptual_hash import BITS, FREQUENCIES, perceptual_hash
from landmark_lib.method.near_duplicates import MAX_DISTANCE


def photo(number):
    fields = np.random.default_rng(number).integers(0, 256, (9, 9, 3), dtype=np.uint8)
    return Image.fromarray(fields).resize((250, 250), Image.Resampling.BICUBIC)


def compressed(image, quality):
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return Image.open(buffer).convert("RGB")


CHANGES = {
    "smaller": lambda image: image.resize((80, 80)).resize((250, 250)),
    "compressed": lambda image: compressed(image, 30),
    "grey": lambda image: image.convert("L").convert("RGB"),
    "cropped": lambda image: image.crop((2, 1, 248, 247)).resize((250, 250)),
    "brighter": lambda image: image.point(lambda level: level * 9 // 10 + 20),
}


def differing(one, other):
    return ((perceptual_hash(one) ^ perceptual_hash(other)) & (1 << BITS) - 1).bit_count()


@pytest.mark.parametrize("change", CHANGES)
def test_a_near_duplicate_has_nearly_the_same_hash(change):
    assert all(differing(photo(n), CHANGES[change](photo(n))) <= MAX_DISTANCE for n in range(10))


def test_photos_that_do_not_look_alike_have_other_hashes():
    assert min(differing(photo(n), photo(m)) for n in range(20) for m in range(n)) > MAX_DISTANCE
    assert differing(photo(0), photo(0).transpose(Image.Transpose.FLIP_LEFT_RIGHT)) > MAX_DISTANCE


@pytest.mark.parametrize("colour", ["black", "white", "#a05a2c"])
def test_plain_images_are_all_alike(colour):
    assert perceptual_hash(Image.new("RGB", (250, 250), colour)) == 0


def test_the_hash_is_the_same_in_every_release():
    # A changed hash makes old corpora and new ones differ: never change these lines.
    assert perceptual_hash(photo(0)) == 5356994018111987196
    assert FREQUENCIES[:4] == [(0, 1), (1, 0), (1, 1), (0, 2)]
