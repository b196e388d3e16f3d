"""A pen that draws a building's elevation in building units."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from PIL import Image, ImageDraw

Colour = tuple[int, int, int]
Point = tuple[float, float]

SLICES = 14  # of a body of revolution; more make no difference at 1,000 pixels


@dataclass(frozen=True)
class Elevation:
    """The drawing of a building's front.

    Attributes:
        colour: RGB, in plain daylight.
        cover: L, 255 on the building.
        glow: L, 255 on lit windows.
    """

    colour: Image.Image
    cover: Image.Image
    glow: Image.Image


@dataclass(frozen=True)
class Standpoint:
    """The properties of a photo that affect the drawing of a building.

    Attributes:
        slant: Tangent of the angle to the facade's normal; positive from the left.
        sun: Direction of the sun, from -1, left, to 1, right.
        sun_strength: From 0, no shadows, to 1, hard shadows.
        lit_windows: Share of the windows that are lit.
    """

    slant: float = 0.0
    sun: float = 0.5
    sun_strength: float = 0.6
    lit_windows: float = 0.0


def scaled(colour: Colour, factor: float) -> Colour:
    """Return a darker (factor below 1) or brighter (above 1) colour."""
    red, green, blue = (min(255, round(part * factor)) for part in colour)
    return red, green, blue


def mixed(first: Colour, second: Colour, share: float) -> Colour:
    """Return a mix of two colours with this share of the second."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


def box(left: float, foot: float, width: float, height: float) -> list[Point]:
    """Return the corners of an upright rectangle."""
    return [(left, foot), (left + width, foot), (left + width, foot + height), (left, foot + height)]


class Pen:
    """Draws polygons in building units: x to the right, y up from the ground at 0.

    Args:
        half_width: The canvas extends from -half_width to half_width, units.
        height: It extends from the ground to this height, units.
        scale: Pixels per unit.
        standpoint: Slant, sun and lit windows.
        backdrop: Colour around the building, with which its edges blend when resampled.
    """

    def __init__(
        self, half_width: float, height: float, scale: float, standpoint: Standpoint, backdrop: Colour
    ) -> None:
        size = max(1, round(2 * half_width * scale)), max(1, round(height * scale))
        self.half_width, self.height, self.scale, self.standpoint = half_width, height, scale, standpoint
        self._layers = Elevation(
            Image.new("RGB", size, backdrop), Image.new("L", size, 0), Image.new("L", size, 0)
        )
        self._colour = ImageDraw.Draw(self._layers.colour, "RGBA")
        self._cover = ImageDraw.Draw(self._layers.cover)
        self._glow = ImageDraw.Draw(self._layers.glow)

    def finish(self) -> Elevation:
        """Return the drawing."""
        return self._layers

    def shows(self, length: float, pixels: float = 3.0) -> bool:
        """Return whether a length in units covers at least this many pixels."""
        return length * self.scale >= pixels

    def fill(self, points: Sequence[Point], colour: Colour) -> None:
        """Draw a part of the building, which hides everything behind it."""
        corners = self._pixels(points)
        self._colour.polygon(corners, fill=colour)
        self._cover.polygon(corners, fill=255)
        self._glow.polygon(corners, fill=0)

    def paint(self, points: Sequence[Point], colour: Colour, opacity: float = 1.0) -> None:
        """Draw colour or shade on an existing part."""
        self._colour.polygon(self._pixels(points), fill=(*colour, round(255 * opacity)))

    def glass(self, points: Sequence[Point], colour: Colour, *, is_lit: bool) -> None:
        """Draw the pane of a window."""
        corners = self._pixels(points)
        self._colour.polygon(corners, fill=colour)
        if is_lit:
            self._glow.polygon(corners, fill=255)

    def cut(self, points: Sequence[Point]) -> None:
        """Cut a hole into the building."""
        self._cover.polygon(self._pixels(points), fill=0)

    def line(self, points: Sequence[Point], colour: Colour, width: float, opacity: float = 1.0) -> None:
        """Draw a line on an existing part, `width` units and at least one pixel wide."""
        thickness = max(1, round(width * self.scale))
        self._colour.line(self._pixels(points), fill=(*colour, round(255 * opacity)), width=thickness)

    def extrude(self, points: Sequence[Point], thickness: float, colour: Colour) -> None:
        """Draw the visible side of a prism whose front has this outline."""
        shift = -self.standpoint.slant * thickness
        # From the left (shift below 0), the left side is visible.
        away = self.standpoint.sun * shift * self.standpoint.sun_strength
        shade = scaled(colour, 0.72 + (0.2 if away > 0 else -0.2) * self.standpoint.sun_strength)
        for (x, y), (next_x, next_y) in zip(points, [*points[1:], points[0]], strict=True):
            self.fill([(x, y), (next_x, next_y), (next_x + shift, next_y), (x + shift, y)], shade)

    def revolve(self, centre: float, foot: float, profile: Sequence[Point], colour: Colour) -> None:
        """Draw a round body: a tower, a dome, a spire.

        Args:
            centre: x of its axis.
            foot: y of the base of the profile.
            profile: (radius, height) from the bottom up.
            colour: Colour in full light.
        """
        edges = [math.sin(math.pi * (step / SLICES - 0.5)) for step in range(SLICES + 1)]
        for left, right in pairwise(edges):
            outline = [(centre + left * radius, foot + y) for radius, y in profile]
            outline += [(centre + right * radius, foot + y) for radius, y in reversed(profile)]
            across = (left + right) / 2
            towards_sun = across * self.standpoint.sun + math.sqrt(1 - across * across) * 0.6
            shade = 1.0 + self.standpoint.sun_strength * 0.5 * (towards_sun - 0.75) - 0.12 * abs(across)
            self.fill(outline, scaled(colour, shade))

    def _pixels(self, points: Sequence[Point]) -> list[Point]:
        return [((x + self.half_width) * self.scale, (self.height - y) * self.scale) for x, y in points]
