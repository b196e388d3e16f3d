"""Steps of a recipe that change nothing are found exactly, and outputs without them all differ."""

from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from landmark_lib.images import effects
from landmark_lib.images.effects import no_op_steps
from landmark_lib.images.jpeg import decode_jpeg, encode_jpeg
from landmark_lib.images.transform import apply_recipe
from landmark_lib.method.recipes import CENTRE, PIXEL_STEPS, WHOLE, Recipe, image_recipes

SIDE = 250
PURE = list(product((0, 255), repeat=3))  # from black to white


def fields(seed, cells=7, levels=(0, 256)):
    """Coloured fields with soft edges."""
    colours = np.random.default_rng(seed).integers(*levels, (cells, cells, 3), dtype=np.uint8)
    return Image.fromarray(colours).resize((SIDE, SIDE), Image.Resampling.BICUBIC)


def grey(image):
    return image.convert("L").convert("RGB")


def symmetric(image):
    # Symmetric beyond the edges too, where JPEG repeats the last column.
    pixels = np.asarray(image)
    return Image.fromarray(np.maximum(pixels, pixels[:, ::-1]))


def one_coloured(*colour):
    return Image.new("RGB", (SIDE, SIDE), colour)


def squares_of_black_and_white():
    blocks = np.random.default_rng(3).integers(0, 2, (32, 32), dtype=np.uint8) * 255
    pixels = blocks.repeat(8, axis=0).repeat(8, axis=1)[:SIDE, :SIDE]
    return Image.fromarray(pixels).convert("RGB")


def found(image):
    return no_op_steps(image, encode_jpeg(image))


def exactly(encoded, framing=CENTRE):
    """Return the steps without a change, found by comparing outputs."""
    image = decode_jpeg(encoded)
    outputs = {step: apply_recipe(image, Recipe.parse(step), framing).tobytes() for step in PIXEL_STEPS}
    plain = apply_recipe(image, Recipe(), framing).tobytes()
    return [step for step, pixels in outputs.items() if pixels == plain]


@pytest.mark.parametrize(
    ("image", "steps"),
    [
        (fields(0), []),
        (grey(fields(0)), ["greyscale"]),
        (one_coloured(200, 40, 90), ["mirror"]),
        (one_coloured(100, 100, 100), ["mirror", "greyscale"]),
        (one_coloured(0, 0, 0), ["mirror", "greyscale", "brighter", "darker"]),
        (one_coloured(255, 255, 255), ["mirror", "greyscale", "brighter"]),
        (squares_of_black_and_white(), ["greyscale", "brighter"]),
    ],
    ids=["coloured", "grey", "one colour", "one grey", "black", "white", "black and white"],
)
def test_steps_that_change_no_pixel_are_returned(image, steps):
    assert found(image) == steps


@pytest.mark.parametrize(("left", "right"), permutations(PURE, 2))
def test_brighter_changes_any_jpeg_with_two_saturated_colours(left, right):
    image = one_coloured(*left)
    image.paste(right, (0, 0, 112, SIDE))  # an edge between JPEG's blocks
    assert ("brighter" in exactly(encode_jpeg(image))) == ({left, right} == {PURE[0], PURE[-1]})


def test_pixels_decoded_from_the_jpeg_decide():
    faint = np.array(grey(fields(0)))
    faint[..., 2] = np.clip(faint[..., 2].astype(int) + 1, 0, 255)
    assert found(Image.fromarray(faint)) == ["greyscale"]


def test_clearly_varied_image_is_not_decoded(monkeypatch):
    monkeypatch.setattr(effects, "decode_jpeg", lambda _: pytest.fail("decoded"))
    assert found(fields(5)) == []


def test_image_with_colour_and_asymmetry_in_different_places_is_not_decoded(monkeypatch):
    monkeypatch.setattr(effects, "decode_jpeg", lambda _: pytest.fail("decoded"))
    image = one_coloured(100, 100, 100)
    image.paste((200, 40, 90), (0, 0, SIDE, 60))
    image.paste((200, 200, 200), (0, 100, 60, 200))
    assert found(image) == []


@given(
    st.integers(0, 2**32),
    st.integers(1, 40),
    st.sampled_from([(0, 256), (0, 30), (120, 136), (90, 140), (225, 256)]),
    st.sets(st.sampled_from([grey, symmetric])),
)
def test_shortcut_agrees_with_comparing_the_outputs(seed, cells, levels, changes):
    image = fields(seed, cells, levels)
    for change in changes:
        image = change(image)
    assert found(image) == exactly(encode_jpeg(image))


@pytest.mark.parametrize(
    "image",
    [
        fields(1),
        grey(fields(1)),
        symmetric(fields(1)),
        grey(symmetric(fields(1))),
        squares_of_black_and_white(),
        one_coloured(0, 0, 0),
    ],
    ids=["coloured", "grey", "symmetric", "grey and symmetric", "black and white", "black"],
)
@pytest.mark.parametrize("framing", [CENTRE, WHOLE])
def test_outputs_of_one_image_differ_if_another_recipe_is_available(image, framing):
    encoded = encode_jpeg(image)
    recipes = image_recipes("a", 30, 0, no_op_steps=no_op_steps(image, encoded))
    image = decode_jpeg(encoded)
    outputs = [apply_recipe(image, Recipe.parse(recipe), framing).tobytes() for recipe in recipes]
    assert len(recipes) == 30
    assert len(set(outputs)) == (30 if np.ptp(np.asarray(image)) else 1)
