"""Draws round crowns: domes, helms, cones and spires."""

import math
from collections.abc import Sequence

from landmark_sample.mass import Mass
from landmark_sample.pen import Colour, Pen, Point, box, mixed
from landmark_sample.walls import ledge


def _revolve(pen: Pen, mass: Mass, profile: Sequence[Point], colour: Colour) -> None:
    """Draw a round crown from a profile in shares of half the width and of the height."""
    half, height = mass.width / 2, mass.crown_height
    pen.revolve(mass.centre, mass.top, [(half * across, height * up) for across, up in profile], colour)


def finial(pen: Pen, mass: Mass) -> None:
    """Draw a small gilt cross at the top."""
    top = [(mass.centre, mass.summit - 0.01), (mass.centre, mass.summit + 0.07)]
    pen.fill(box(mass.centre - 0.006, mass.summit - 0.01, 0.012, 0.09), mixed(mass.trim, (190, 150, 60), 0.6))
    if pen.shows(0.02, 2):
        pen.fill(
            box(mass.centre - 0.02, top[1][1] - 0.02, 0.04, 0.012), mixed(mass.trim, (190, 150, 60), 0.6)
        )


HALF_ROUND = [(math.cos(math.pi / 2 * step / 10), math.sin(math.pi / 2 * step / 10)) for step in range(11)]
ONION = [
    (0.75, 0),
    (0.98, 0.12),
    (1.08, 0.26),
    (0.98, 0.42),
    (0.68, 0.56),
    (0.34, 0.68),
    (0.14, 0.82),
    (0.0, 1.0),
]
BELL = [
    (1.05, 0),
    (0.95, 0.08),
    (0.62, 0.2),
    (0.52, 0.36),
    (0.46, 0.5),
    (0.26, 0.62),
    (0.08, 0.78),
    (0.0, 1.0),
]
CONE = [(1.12, 0.0), (0.0, 1.0)]


def dome(pen: Pen, mass: Mass) -> None:
    """Draw a hemisphere."""
    ledge(pen, mass)
    _revolve(pen, mass, HALF_ROUND, mass.roof)
    finial(pen, mass)


def ribbed_dome(pen: Pen, mass: Mass) -> None:
    """Draw a dome with five ribs."""
    dome(pen, mass)
    for across in (-0.85, -0.5, 0.0, 0.5, 0.85):
        half, height = mass.width / 2 * across, mass.crown_height
        rib = [(mass.centre + half * x, mass.top + height * up) for x, up in HALF_ROUND]
        pen.line(rib, mass.trim, 0.014)


def onion(pen: Pen, mass: Mass) -> None:
    """Draw a pointed bulb."""
    ledge(pen, mass)
    _revolve(pen, mass, ONION, mass.roof)
    finial(pen, mass)


def bell(pen: Pen, mass: Mass) -> None:
    """Draw a helm that curves inwards."""
    ledge(pen, mass)
    _revolve(pen, mass, BELL, mass.roof)
    finial(pen, mass)


def cone(pen: Pen, mass: Mass) -> None:
    """Draw a cone."""
    _revolve(pen, mass, CONE, mass.roof)
    finial(pen, mass)


def lantern(pen: Pen, mass: Mass) -> None:
    """Draw a dome with a small temple on top."""
    ledge(pen, mass)
    height = mass.crown_height
    _revolve(pen, mass, [(across, up * 0.62) for across, up in HALF_ROUND], mass.roof)
    foot, half = mass.top + height * 0.58, mass.width * 0.11
    pen.revolve(mass.centre, foot, [(half, 0.0), (half, height * 0.24)], mass.trim)
    pen.revolve(mass.centre, foot + height * 0.24, [(half * 1.3, 0.0), (0.0, height * 0.18)], mass.roof)
    for side in (-0.5, 0.3):
        pen.paint(
            box(mass.centre + side * half, foot + height * 0.04, half * 0.4, height * 0.16), (52, 52, 56)
        )


def spire(pen: Pen, mass: Mass) -> None:
    """Draw a tall octagonal spire between small pinnacles."""
    ledge(pen, mass)
    _revolve(pen, mass, [(0.86, 0.0), (0.0, 1.0)], mass.roof)
    for side in (-1, 1):
        x = mass.centre + side * mass.width * 0.43
        pen.revolve(x, mass.top, [(0.025, 0.0), (0.025, 0.08), (0.0, 0.2)], mass.trim)
    finial(pen, mass)
