"""Draws ground floors and emblems of walls."""

import math
from collections.abc import Callable

from landmark_sample.mass import Mass
from landmark_sample.pen import Pen, Point, box, scaled
from landmark_sample.walls import BLACK, GLASS, arch

DOOR = (92, 66, 46)


def draw_ornaments(pen: Pen, mass: Mass) -> None:
    """Draw the ground floor and the emblem of a mass."""
    GROUND_FLOORS[mass.ground](pen, mass)
    EMBLEMS[mass.emblem](pen, mass)


def circle(x: float, y: float, radius: float) -> list[Point]:
    """Return the outline of a circle around (x, y)."""
    angles = [math.tau * step / 28 for step in range(28)]
    return [(x + radius * math.cos(angle), y + radius * math.sin(angle)) for angle in angles]


def portal(pen: Pen, mass: Mass) -> None:
    """Draw one deep door with a stepped arch."""
    height = mass.ground_height * 0.9
    width = min(mass.width * 0.5, height * 0.7)
    rise = 1.8 if mass.window == "pointed" else 1.0
    for step, tone in enumerate((1.0, 0.8, 0.95, 0.7)):
        size = 1 - 0.1 * step
        pen.paint(arch(mass.centre, mass.foot, width * size, height * size, rise), scaled(mass.trim, tone))
    pen.paint(arch(mass.centre, mass.foot, width * 0.58, height * 0.66, rise), DOOR)
    pen.line([(mass.centre, mass.foot), (mass.centre, mass.foot + height * 0.6)], BLACK, 0.006, 0.6)


def arcade(pen: Pen, mass: Mass) -> None:
    """Draw a row of arches below the windows, one per bay, at most nine."""
    arches = min(mass.bays, 9)
    bay, height = mass.width / arches, mass.ground_height
    rise = 1.7 if mass.window == "pointed" else 1.0
    for place in range(arches):
        x = mass.left + bay * (place + 0.5)
        pen.paint(arch(x, mass.foot, bay * 0.82, height * 0.9, rise), mass.trim)
        pen.paint(arch(x, mass.foot, bay * 0.66, height * 0.82, rise), (64, 58, 54))
    pen.paint(box(mass.left, mass.foot + height * 0.96, mass.width, 0.02), mass.trim)


def columns(pen: Pen, mass: Mass) -> None:
    """Draw a colonnade in front of a dark porch."""
    height = mass.ground_height
    pen.paint(box(mass.left + 0.02, mass.foot, mass.width - 0.04, height * 0.9), scaled(mass.wall, 0.5))
    pen.paint(box(mass.centre - 0.07, mass.foot, 0.14, height * 0.55), (50, 44, 40))
    pitch = mass.width / mass.bays
    for place in range(mass.bays):
        x = mass.left + pitch * (place + 0.5)
        width = pitch * (0.34 + mass.pane * 0.3)
        pen.revolve(x, mass.foot, [(width / 2, 0.0), (width * 0.42, height * 0.82)], mass.trim)
        for y in (mass.foot, mass.foot + height * 0.82):
            pen.paint(box(x - width * 0.65, y, width * 1.3, height * 0.05), scaled(mass.trim, 0.95))
    pen.paint(box(mass.left, mass.foot + height * 0.88, mass.width, height * 0.12), mass.trim)
    pen.paint(box(mass.left, mass.foot + height * 0.87, mass.width, 0.01), BLACK, 0.35)


def vault(pen: Pen, mass: Mass) -> None:
    """Draw open arches, one per bay."""
    bay = mass.width / mass.bays
    for place in range(mass.bays):
        x = mass.left + bay * (place + 0.5)
        width = bay * (0.5 + mass.pane * 0.4)
        pen.paint(arch(x, mass.foot, width * 1.12, mass.ground_height * 1.05), mass.trim)
        pen.paint(arch(x, mass.foot, width * 1.03, mass.ground_height), scaled(mass.wall, 0.6))
        hole = arch(x - pen.standpoint.slant * 0.05, mass.foot, width * 0.94, mass.ground_height * 0.97)
        pen.cut(hole)


def _emblem_place(mass: Mass, share: float) -> tuple[float, float, float]:
    radius = min(mass.width * share, 0.16)
    y = mass.top - radius * 1.5 if mass.crown != "gable" else mass.top - radius * 0.4
    return mass.centre, y, radius


def clock(pen: Pen, mass: Mass) -> None:
    """Draw the face of a clock."""
    x, y, radius = _emblem_place(mass, 0.3)
    pen.paint(circle(x, y, radius), scaled(mass.trim, 0.6))
    pen.paint(circle(x, y, radius * 0.85), (240, 236, 224))
    pen.line(
        [(x, y + radius * 0.6), (x, y), (x + radius * 0.4, y - radius * 0.2)], (30, 30, 30), radius * 0.1
    )


def rose(pen: Pen, mass: Mass) -> None:
    """Draw a round window with petals; their number depends on the width of the panes."""
    x, y, radius = _emblem_place(mass, 0.24)
    pen.paint(circle(x, y, radius * 1.15), mass.trim)
    pen.glass(circle(x, y, radius), GLASS[2], is_lit=pen.standpoint.lit_windows > 0.3)
    petals = 6 + round(mass.pane * 20) % 4 * 2
    for petal in range(petals):
        angle = math.tau * petal / petals
        tip = x + radius * math.cos(angle), y + radius * math.sin(angle)
        pen.line([(x, y), tip], mass.trim, radius * 0.1)
    pen.paint(circle(x, y, radius * 0.3), mass.trim)


def shield(pen: Pen, mass: Mass) -> None:
    """Draw a coat of arms."""
    x, y, radius = _emblem_place(mass, 0.2)
    outline = [
        (x - radius, y + radius),
        (x + radius, y + radius),
        (x + radius, y),
        (x, y - radius),
        (x - radius, y),
    ]
    pen.paint(outline, mass.roof)
    pen.paint([(px * 0.7 + x * 0.3, py * 0.7 + y * 0.3) for px, py in outline], mass.trim)


GROUND_FLOORS: dict[str, Callable[[Pen, Mass], None]] = {
    "arcade": arcade,
    "columns": columns,
    "plain": lambda _pen, _mass: None,
    "portal": portal,
    "vault": vault,
}

EMBLEMS: dict[str, Callable[[Pen, Mass], None]] = {
    "clock": clock,
    "none": lambda _pen, _mass: None,
    "rose": rose,
    "shield": shield,
}
