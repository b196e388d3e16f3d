"""Which transformations make the outputs of one image (step 6 of the method).

A recipe is an element of the power set of the transformations, written as a string that leaves nothing to
draw: "plain" for the empty set, which is the plain frame, or steps joined by "+" in this order, each at most
once:

    crop:LEFT:TOP:SIDE      this window of the corpus image instead of the plain frame, resized to the output
    mirror                  flipped horizontally
    greyscale
    brighter or darker      never both

Example: "crop:12:3:201+mirror+darker".

The plain frame is what a data set's framing makes of a corpus image: its centre, as in the paper, or the
whole.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, count, filterfalse, islice, product
from typing import Literal, Self

from landmark_lib.draws import keyed_draw, keyed_integer

CORPUS_SIZE = 250  # pixels of a side
OUTPUT_SIZE = 224  # of the centre
Framing = Literal["centre", "whole"]
CENTRE: Framing = "centre"
WHOLE: Framing = "whole"
MIN_SIDE, MAX_SIDE = 176, 240  # of random windows

# Steps other than the crop; each may be a no-op for some images.
PIXEL_STEPS = ("mirror", "greyscale", "brighter", "darker")

Brightness = Literal["same", "brighter", "darker"]


@dataclass(frozen=True)
class CropWindow:
    """A square window in a corpus image, in pixels from its upper left corner."""

    left: int
    top: int
    side: int

    def fits(self) -> bool:
        """Return whether the window is not empty and lies in the corpus image."""
        nearest, furthest = min(self.left, self.top), max(self.left, self.top)
        return self.side > 0 and nearest >= 0 and furthest + self.side <= CORPUS_SIZE


@dataclass(frozen=True)
class Recipe:
    """The transformations of one output; `parse` reads what `str` returns.

    Attributes:
        crop: Window to cut out; None for the plain frame.
        mirror: Flip horizontally.
        greyscale: Remove the colours.
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
            ValueError: An unknown or repeated step, another order, or a window outside the corpus image.
        """
        steps = text.split("+")
        window = re.fullmatch(r"crop:(\d{1,9}):(\d{1,9}):(\d{1,9})", steps[0])
        brightness: Brightness = "darker" if "darker" in steps else "same"
        recipe = cls(
            CropWindow(*map(int, window.groups())) if window else None,
            "mirror" in steps,
            "greyscale" in steps,
            "brighter" if "brighter" in steps else brightness,
        )
        # Steps that are unknown, repeated or out of order are lost, so the text differs.
        if str(recipe) != text:
            raise ValueError(f"expected a recipe like 'crop:12:3:201+mirror+darker', received {text!r}")
        if recipe.crop and not recipe.crop.fits():
            raise ValueError(f"expected a window in {CORPUS_SIZE}x{CORPUS_SIZE} pixels, received {text!r}")
        return recipe


PLAIN = Recipe()


def plain_frame(framing: Framing) -> CropWindow:
    """Return the window of an output without a crop, which is not resized; other windows get its size."""
    side = CORPUS_SIZE if framing == WHOLE else OUTPUT_SIZE
    margin = (CORPUS_SIZE - side) // 2
    return CropWindow(margin, margin, side)


def image_recipes(image_id: str, outputs: int, seed: int, no_op_steps: Collection[str] = ()) -> list[str]:
    """Choose the recipes of one image, all different.

    The plain frame comes first, then the other 23 elements of the power set in random order, where the
    crop is the image's random window number 1. After them come random windows number 2, 3 …, each with the 12
    combinations of the other transformations. A shorter list is a prefix of a longer one. Recipes with a step
    that is a no-op for this image would produce the same pixels twice, so they come last, when all others of
    every window are used up.

    >>> image_recipes("a", outputs=3, seed=0)
    ['plain', 'mirror+brighter', 'greyscale']

    Args:
        image_id: Id of the source image.
        outputs: Number of recipes, at least 1.
        seed: Seed of the data set.
        no_op_steps: Steps out of "mirror", "greyscale", "brighter" and "darker" that change no pixel.

    Returns:
        `outputs` recipes as text.

    Raises:
        ValueError: Fewer than 1 output or more than there are recipes, or an unknown step.
    """
    windows = sum((CORPUS_SIZE - side + 1) ** 2 for side in range(MIN_SIDE, MAX_SIDE + 1))
    if not 1 <= outputs <= 12 * windows:
        raise ValueError(f"expected 1 to {12 * windows} outputs of an image, received {outputs}")
    if not set(no_op_steps) <= set(PIXEL_STEPS):
        raise ValueError(f"expected steps of {', '.join(PIXEL_STEPS)}, received {sorted(no_op_steps)}")

    def is_no_op(recipe: str) -> bool:
        return not set(no_op_steps).isdisjoint(recipe.split("+"))

    # Windows are drawn endlessly, so the other recipes are counted to know when they are used up.
    others = windows * sum(not is_no_op(recipe) for recipe in _combinations(None))
    first = islice(filterfalse(is_no_op, _all_recipes(image_id, seed)), others)
    return list(islice(chain(first, filter(is_no_op, _all_recipes(image_id, seed))), outputs))


def _all_recipes(image_id: str, seed: int) -> Iterator[str]:
    windows = _random_windows(image_id, seed)

    def shuffled(recipes: Iterable[str]) -> list[str]:
        return sorted(recipes, key=lambda r: (keyed_draw(seed, "recipe order", image_id, r), r))

    plain, *uncropped = _combinations(None)
    yield plain
    # Lazy, because most images need only the plain frame and no window.
    yield from shuffled(chain(uncropped, _combinations(next(windows))))
    for window in windows:
        yield from shuffled(_combinations(window))


def _combinations(crop: CropWindow | None) -> list[str]:
    """Combine a crop with the 12 subsets of the other transformations, the empty one first."""
    brightnesses: tuple[Brightness, ...] = ("same", "brighter", "darker")
    others = product((False, True), (False, True), brightnesses)
    return [str(Recipe(crop, mirror, greyscale, brightness)) for mirror, greyscale, brightness in others]


def _random_windows(image_id: str, seed: int) -> Iterator[CropWindow]:
    """Yield random windows endlessly, distinct from each other and from the centre."""
    seen = {plain_frame(CENTRE)}
    for attempt in count(1):
        side = keyed_integer(MIN_SIDE, MAX_SIDE, seed, "crop side", image_id, attempt)
        left = keyed_integer(0, CORPUS_SIZE - side, seed, "crop left", image_id, attempt)
        top = keyed_integer(0, CORPUS_SIZE - side, seed, "crop top", image_id, attempt)
        window = CropWindow(left, top, side)
        if window not in seen:
            seen.add(window)
            yield window
