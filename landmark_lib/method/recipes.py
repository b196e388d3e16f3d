"""Which transformations make the outputs of one image (step 6 of the method).

A recipe is one element of the power set of the transformations, written as a string that leaves
nothing to draw: "plain" for the empty set, which is the plain centre crop, or steps joined by "+" in
this order, each at most once:

    crop:LEFT:TOP:SIDE      this window of the corpus image instead of the centre, resized to the output
    mirror                  left and right exchanged
    greyscale
    brighter or darker      never both

Example: "crop:12:3:201+mirror+darker".
"""

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, count, filterfalse, islice, product
from typing import Literal, Self

from landmark_lib.draws import keyed_draw, keyed_integer

CORPUS_SIZE = 250  # pixels of a side
OUTPUT_SIZE = 224
SMALLEST_SIDE, LARGEST_SIDE = 176, 240  # of random windows

# Steps beside the crop; each may change no pixel of some images.
PIXEL_STEPS = ("mirror", "greyscale", "brighter", "darker")

Brightness = Literal["same", "brighter", "darker"]


@dataclass(frozen=True)
class CropWindow:
    """A square window in a corpus image, in pixels from its left upper corner."""

    left: int
    top: int
    side: int

    def fits(self) -> bool:
        """Return whether the window has pixels and all of them lie in the corpus image."""
        nearest, furthest = min(self.left, self.top), max(self.left, self.top)
        return self.side > 0 and nearest >= 0 and furthest + self.side <= CORPUS_SIZE


@dataclass(frozen=True)
class Recipe:
    """The transformations of one output; `str` gives the text that `parse` reads.

    Attributes:
        crop: Window to cut out; None is the centre crop.
        mirror: Exchange left and right.
        greyscale: Take the colours away.
        brightness: Change of brightness.
    """

    crop: CropWindow | None = None
    mirror: bool = False
    greyscale: bool = False
    brightness: Brightness = "same"

    def __str__(self) -> str:
        steps = [
            f"crop:{self.crop.left}:{self.crop.top}:{self.crop.side}" if self.crop else "",
            "mirror" if self.mirror else "",
            "greyscale" if self.greyscale else "",
            self.brightness if self.brightness != "same" else "",
        ]
        return "+".join(filter(None, steps)) or "plain"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a recipe from its text.

        Raises:
            ValueError: An unknown or repeated step, another order, or a window that leaves the corpus image.
        """
        steps = text.split("+")
        recipe = cls(
            _parse_window(steps[0]), "mirror" in steps, "greyscale" in steps, _parse_brightness(steps)
        )
        # What is unknown, repeated or out of order does not come back.
        if str(recipe) != text:
            raise ValueError(f"expected a recipe like 'crop:12:3:201+mirror+darker', received {text!r}")
        if recipe.crop and not recipe.crop.fits():
            raise ValueError(f"expected a window in {CORPUS_SIZE}x{CORPUS_SIZE} pixels, received {text!r}")
        return recipe


PLAIN = Recipe()


def _parse_window(step: str) -> CropWindow | None:
    found = re.fullmatch(r"crop:(\d{1,9}):(\d{1,9}):(\d{1,9})", step)
    return CropWindow(*map(int, found.groups())) if found else None


def _parse_brightness(steps: list[str]) -> Brightness:
    if "brighter" in steps:
        return "brighter"
    return "darker" if "darker" in steps else "same"


def centre_window() -> CropWindow:
    """Return the window of the plain centre crop, which is not resized."""
    margin = (CORPUS_SIZE - OUTPUT_SIZE) // 2
    return CropWindow(margin, margin, OUTPUT_SIZE)


def image_recipes(image_id: str, outputs: int, seed: int, without_effect: Collection[str] = ()) -> list[str]:
    """Choose the recipes of one image, all different.

    The plain centre crop comes first, then the other 23 elements of the power set in random order, where
    crop is the image's random window number 1. When they run out, random windows number 2, 3 … come, each
    with the 12 combinations of the other transformations. A shorter list is the beginning of a longer one.
    Recipes with a step that changes nothing in this image would give the same pixels twice: they come
    last, when every window has given its others.

    Args:
        image_id: Id of the source image.
        outputs: Recipes wanted, at least 1.
        seed: Seed of the data set.
        without_effect: Steps, of "mirror", "greyscale", "brighter" and "darker", that change nothing.

    Returns:
        `outputs` recipes as text.

    Raises:
        ValueError: Fewer than 1 or more than all recipes wanted, or an unknown step.
    """
    windows = _window_count()
    if not 1 <= outputs <= 12 * windows:
        raise ValueError(f"expected 1 to {12 * windows} outputs of an image, received {outputs}")
    if not set(without_effect) <= set(PIXEL_STEPS):
        raise ValueError(f"expected steps of {', '.join(PIXEL_STEPS)}, received {sorted(without_effect)}")

    def is_idle(recipe: str) -> bool:
        return not set(without_effect).isdisjoint(recipe.split("+"))

    def candidates() -> Iterator[str]:
        return _all_recipes(image_id, seed, _random_windows(image_id, seed))

    # Windows are drawn without end, so the recipes with an effect are counted before they are used up.
    useful = windows * sum(not is_idle(recipe) for recipe in _combinations(None))
    ordered = chain(islice(filterfalse(is_idle, candidates()), useful), filter(is_idle, candidates()))
    return list(islice(ordered, outputs))


def _all_recipes(image_id: str, seed: int, windows: Iterator[CropWindow]) -> Iterator[str]:
    def shuffled(recipes: Iterable[str]) -> list[str]:
        return sorted(recipes, key=lambda r: (keyed_draw(seed, "recipe order", image_id, r), r))

    plain, *uncropped = _combinations(None)
    yield plain
    # Lazy: most images need the plain crop only, and no window is drawn for them.
    yield from shuffled(chain(uncropped, _combinations(next(windows))))
    for window in windows:
        yield from shuffled(_combinations(window))


def _combinations(crop: CropWindow | None) -> list[str]:
    """Combine a crop with the 12 elements that the other transformations make, the empty one first."""
    brightnesses: tuple[Brightness, ...] = ("same", "brighter", "darker")
    others = product((False, True), (False, True), brightnesses)
    return [str(Recipe(crop, mirror, greyscale, brightness)) for mirror, greyscale, brightness in others]


def _random_windows(image_id: str, seed: int) -> Iterator[CropWindow]:
    """Draw windows without end, distinct from each other and from the centre."""
    seen = {centre_window()}
    for attempt in count(1):
        side = keyed_integer(SMALLEST_SIDE, LARGEST_SIDE, seed, "crop side", image_id, attempt)
        left = keyed_integer(0, CORPUS_SIZE - side, seed, "crop left", image_id, attempt)
        top = keyed_integer(0, CORPUS_SIZE - side, seed, "crop top", image_id, attempt)
        window = CropWindow(left, top, side)
        if window not in seen:
            seen.add(window)
            yield window


def _window_count() -> int:
    return sum((CORPUS_SIZE - side + 1) ** 2 for side in range(SMALLEST_SIDE, LARGEST_SIDE + 1))
