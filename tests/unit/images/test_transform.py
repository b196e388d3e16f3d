"""Each transformation changes an image as its name states."""

import numpy as np
import pytest
from PIL import Image

from landmark_lib import dataset
from landmark_lib.images.transform import apply_recipe
from landmark_lib.method import recipes
from landmark_lib.method.recipes import WHOLE, Recipe, image_recipes

NOISE = np.random.default_rng(0).integers(0, 256, (250, 250, 3), dtype=np.uint8)
CENTRE = NOISE[13:237, 13:237].astype(int)


def applied(recipe, pixels=NOISE, framing=recipes.CENTRE):
    return np.asarray(apply_recipe(Image.fromarray(pixels), Recipe.parse(recipe), framing)).astype(int)


def test_method_and_data_set_agree_on_image_sizes():
    assert (recipes.CORPUS_SIZE, recipes.OUTPUT_SIZE) == (dataset.CORPUS_SIZE, dataset.SHARD_IMAGE_SIZE)


@pytest.mark.parametrize(("framing", "side"), [(recipes.CENTRE, 224), (WHOLE, 250)])
def test_every_output_is_a_different_rgb_image_of_the_size_of_the_plain_one(framing, side):
    image = Image.fromarray(NOISE)
    outputs = [apply_recipe(image, Recipe.parse(r), framing) for r in image_recipes("a", 60, seed=0)]
    assert {(output.mode, output.size) for output in outputs} == {("RGB", (side, side))}
    assert len({output.tobytes() for output in outputs}) == 60


def test_plain_recipe_is_exactly_the_centre_of_the_image():
    assert np.array_equal(applied("plain"), CENTRE)


def test_plain_recipe_of_whole_photos_changes_nothing():
    assert np.array_equal(applied("plain", framing=WHOLE), NOISE)
    assert np.array_equal(applied("mirror", framing=WHOLE), NOISE[:, ::-1])


def test_mirror_exchanges_left_and_right():
    assert np.array_equal(applied("mirror"), CENTRE[:, ::-1])


def test_greyscale_is_the_luma_of_bt_601_in_three_channels():
    luma = CENTRE @ [0.299, 0.587, 0.114]
    assert np.abs(applied("greyscale") - luma[..., None]).max() <= 1


@pytest.mark.parametrize(("recipe", "factor"), [("brighter", 1.4), ("darker", 0.6)])
def test_brightness_is_multiplied_and_clipped_at_white(recipe, factor):
    assert np.abs(applied(recipe) - np.minimum(CENTRE * factor, 255)).max() <= 1


@pytest.mark.parametrize(("left", "top"), [(0, 0), (26, 0), (0, 26), (26, 26)])
def test_window_of_the_output_size_is_cropped_unchanged(left, top):
    window = NOISE[top : top + 224, left : left + 224]
    assert np.array_equal(applied(f"crop:{left}:{top}:224"), window)


@pytest.mark.parametrize(("framing", "side"), [(recipes.CENTRE, 224), (WHOLE, 250)])
def test_a_smaller_window_fills_the_output(framing, side):
    # Each pixel encodes its column and its row.
    columns, rows = np.meshgrid(np.arange(250), np.arange(250))
    pixels = np.stack([columns, rows, rows], axis=-1).astype(np.uint8)
    output = applied("crop:50:30:176", pixels, framing)
    places = (np.arange(side) + 0.5) * 176 / side - 0.5
    assert np.abs(output[..., 0] - (50 + places)).max() <= 1
    assert np.abs(output[..., 1] - (30 + places)[:, None]).max() <= 1


def test_transformations_of_one_recipe_are_applied_together():
    window = applied("crop:3:20:200")
    grey = np.asarray(Image.fromarray(window.astype(np.uint8)).convert("L")).astype(int)
    expected = (grey * 0.6)[:, ::-1, None]
    assert np.abs(applied("crop:3:20:200+mirror+greyscale+darker") - expected).max() <= 1
