"""Recipes read back as written, and an image's recipes are different elements of the power set."""

from contextlib import contextmanager
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landmark_lib.method import recipes as recipes_module
from landmark_lib.method.recipes import (
    CENTRE,
    PIXEL_STEPS,
    PLAIN,
    WHOLE,
    CropWindow,
    Recipe,
    image_recipes,
    plain_frame,
)

WINDOWS = st.integers(1, 250).flatmap(
    lambda side: st.builds(CropWindow, st.integers(0, 250 - side), st.integers(0, 250 - side), st.just(side))
)
RECIPES = st.builds(
    Recipe,
    st.none() | WINDOWS,
    st.booleans(),
    st.booleans(),
    st.sampled_from(["same", "brighter", "darker"]),
)


@given(RECIPES)
def test_a_recipe_reads_back_as_written(recipe):
    assert Recipe.parse(str(recipe)) == recipe


@pytest.mark.parametrize(
    ("text", "recipe"),
    [
        ("plain", PLAIN),
        ("greyscale", Recipe(greyscale=True)),
        ("crop:12:3:201+mirror+darker", Recipe(CropWindow(12, 3, 201), mirror=True, brightness="darker")),
        ("mirror+greyscale+brighter", Recipe(None, mirror=True, greyscale=True, brightness="brighter")),
    ],
)
def test_worked_examples_in_both_directions(text, recipe):
    assert Recipe.parse(text) == recipe
    assert str(recipe) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sepia",
        "Mirror",
        "plain+mirror",
        "mirror+",
        "mirror+mirror",
        "mirror+crop:0:0:200",
        "darker+greyscale",
        "brighter+darker",
        "crop:1:2",
        "crop:01:2:200",
        "crop:-1:2:200",
        "crop:\N{ARABIC-INDIC DIGIT ONE}:2:200",
        "crop:0:0:200+crop:0:0:200",
    ],
)
def test_a_text_that_no_recipe_writes_is_refused(text):
    with pytest.raises(ValueError, match="expected a recipe like"):
        Recipe.parse(text)


@pytest.mark.parametrize("text", ["crop:0:0:251", "crop:50:0:201", "crop:0:50:201", "crop:9:9:0"])
def test_a_window_outside_the_corpus_image_is_refused(text):
    with pytest.raises(ValueError, match="expected a window in 250x250 pixels"):
        Recipe.parse(text)


def test_the_plain_frame_is_the_centre_or_the_whole():
    assert plain_frame(CENTRE) == CropWindow(13, 13, 224)
    assert plain_frame(WHOLE) == CropWindow(0, 0, 250)


@given(st.text(), st.integers(1, 60), st.integers())
def test_recipes_are_different_readable_and_plain_first(image_id, outputs, seed):
    recipes = image_recipes(image_id, outputs, seed)
    assert recipes[0] == "plain"
    assert len(set(recipes)) == outputs
    assert [str(Recipe.parse(text)) for text in recipes] == recipes


@given(st.text(), st.integers(1, 60), st.integers())
def test_a_shorter_list_is_the_beginning_of_a_longer_one(image_id, outputs, seed):
    assert image_recipes(image_id, 60, seed)[:outputs] == image_recipes(image_id, outputs, seed)


def others(recipe):
    return recipe.mirror, recipe.greyscale, recipe.brightness


@given(st.text(), st.integers())
def test_the_power_set_comes_first_then_whole_sets_with_further_windows(image_id, seed):
    recipes = [Recipe.parse(text) for text in image_recipes(image_id, 60, seed)]
    power_set, *further = recipes[:24], recipes[24:36], recipes[36:48], recipes[48:]
    window = next(r.crop for r in power_set if r.crop)
    combinations = {others(r) for r in power_set}
    assert len(combinations) == 12
    assert set(power_set) == {Recipe(crop, *rest) for crop in (None, window) for rest in combinations}
    windows = {window}
    for twelve in further:
        assert {others(r) for r in twelve} == combinations
        assert len({r.crop for r in twelve}) == 1
        windows.add(twelve[0].crop)
    assert len(windows) == 4


@given(st.text(), st.integers())
def test_random_windows_zoom_within_bounds_and_are_never_the_centre(image_id, seed):
    windows = {Recipe.parse(text).crop for text in image_recipes(image_id, 120, seed)} - {None}
    assert len(windows) == 9
    assert all(176 <= w.side <= 240 and w.fits() for w in windows)
    assert plain_frame(CENTRE) not in windows


@contextmanager
def images_of(corpus_size, output_size, smallest_side, largest_side):
    """Few windows fit into small images, so that all of them can be drawn."""
    sizes = (corpus_size, output_size, smallest_side, largest_side)
    with pytest.MonkeyPatch.context() as patch:
        for name, size in zip(("CORPUS_SIZE", "OUTPUT_SIZE", "MIN_SIDE", "MAX_SIDE"), sizes, strict=True):
            patch.setattr(recipes_module, name, size)
        yield


def test_windows_stay_distinct_where_few_exist():
    # Sides 5 … 7 of 8 pixels: 16 + 9 + 4 windows, of which one is the centre.
    with images_of(8, 6, 5, 7):
        recipes = image_recipes("image0", 12 * 29, seed=0)
        assert len(set(recipes)) == 12 * 29
        assert "crop:1:1:6" not in recipes
        with pytest.raises(ValueError, match="expected 1 to 348 outputs of an image, received 349"):
            image_recipes("image0", 349, seed=0)


def has_a_step_of(steps, recipe):
    return not set(steps).isdisjoint(recipe.split("+"))


NO_OPS = st.sets(st.sampled_from(PIXEL_STEPS))


@given(st.text(), st.integers(1, 60), st.integers(), NO_OPS)
def test_no_op_steps_are_omitted_and_number_and_order_of_the_others_stay(image_id, outputs, seed, no_ops):
    recipes = image_recipes(image_id, outputs, seed, no_op_steps=no_ops)
    assert recipes[0] == "plain"
    assert len(set(recipes)) == outputs
    assert not any(has_a_step_of(no_ops, recipe) for recipe in recipes)
    # 60 windows hold 60 recipes of any steps.
    all_of_them = image_recipes(image_id, 12 * 60, seed)
    assert recipes == [r for r in all_of_them if not has_a_step_of(no_ops, r)][:outputs]


@given(st.text(), st.integers(1, 60), st.integers(), NO_OPS)
def test_shorter_list_without_no_op_steps_is_a_prefix_of_a_longer_one(image_id, outputs, seed, no_ops):
    longer = image_recipes(image_id, 60, seed, no_op_steps=no_ops)
    assert longer[:outputs] == image_recipes(image_id, outputs, seed, no_op_steps=no_ops)


@given(NO_OPS)
def test_no_op_steps_are_used_only_after_every_window_is_used_up(no_ops):
    # 4 pixels a side have windows of side 2 and 3: 9 + 4.
    with images_of(4, 2, 2, 3):
        recipes = image_recipes("image0", 12 * 13, 0, no_op_steps=no_ops)
    useful = 13 * sum(not has_a_step_of(no_ops, str(r)) for r in combinations())
    assert len(set(recipes)) == 12 * 13
    assert [has_a_step_of(no_ops, recipe) for recipe in recipes] == [False] * useful + [True] * (156 - useful)


def combinations():
    brightnesses = ("same", "brighter", "darker")
    return [Recipe(None, *flags) for flags in product((False, True), (False, True), brightnesses)]


def test_refuses_unknown_no_op_steps():
    with pytest.raises(ValueError, match=r"expected steps of mirror, .* received \['crop'\]"):
        image_recipes("image0", 1, 0, no_op_steps={"crop"})


def test_draw_is_the_same_in_every_release():
    # A changed draw changes every data set: never change these lines.
    recipes = image_recipes("image0", 30, seed=0)
    assert recipes[:4] == [
        "plain",
        "crop:18:18:223+mirror+greyscale+brighter",
        "crop:18:18:223+brighter",
        "crop:18:18:223+mirror+greyscale+darker",
    ]
    assert recipes[24:26] == ["crop:57:8:192+mirror", "crop:57:8:192+greyscale"]


def test_no_outputs_are_refused():
    with pytest.raises(ValueError, match="received 0"):
        image_recipes("image0", 0, seed=0)
