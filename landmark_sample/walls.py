"""Draws the wall of a mass: its faces, texture and windows."""

import math
from collections.abc import Callable
from functools import partial
from typing import Protocol

from landmark_sample.chance import Chance
from landmark_sample.mass import Mass
from landmark_sample.pen import Colour, Pen, Point, box, mixed, scaled

GLASS: tuple[Colour, ...] = ((58, 70, 84), (78, 92, 104), (44, 50, 58))
BLACK: Colour = (0, 0, 0)
THICKNESS = 0.25  # of a mass from front to back, units


def draw_wall(pen: Pen, mass: Mass) -> None:
    """Draw the wall with its texture."""
    face = box(mass.left, mass.foot, mass.width, mass.height)
    if mass.is_round:
        radius = mass.width / 2
        pen.revolve(mass.centre, mass.foot, [(radius, 0.0), (radius, mass.height)], mass.wall)
    else:
        pen.extrude(face, min(THICKNESS, mass.width / 2), mass.wall)
        pen.fill(face, mass.wall)
    TEXTURES[mass.texture](pen, mass)
    # Rain and dust make it darker towards the ground.
    for step in range(3):
        pen.paint(box(mass.left, mass.foot, mass.width, mass.height * 0.05 * (3 - step)), BLACK, 0.05)


def draw_windows(pen: Pen, mass: Mass, chance: Chance) -> None:
    """Draw the grid of windows above the ground floor, each lit or dark by its own draw."""
    foot = mass.foot + mass.ground_height
    room = mass.top - foot - 0.03
    if mass.storeys == 0 or mass.ground == "columns" or room < 0.08:
        return
    storey, bay = room / mass.storeys, mass.width * 0.94 / mass.bays
    opening = OPENINGS[mass.window]
    width, height = bay * mass.pane, min(storey * 0.66, bay * mass.pane * 2.6)
    if mass.window == "ribbon":
        width, height = bay * 0.96, storey * mass.pane
    for row in range(mass.storeys):
        for column in range(mass.bays):
            x = mass.left + mass.width * 0.03 + bay * (column + 0.5)
            y = foot + storey * row + (storey - height) * 0.55
            is_lit = chance.happens(pen.standpoint.lit_windows, "lit", f"{mass.centre:.3f}", row, column)
            opening(pen, mass, _foreshorten(mass, x, y, width, height), is_lit=is_lit)
        if mass.storeys > 1 and row > 0 and mass.window not in ("ribbon", "fins", "slit"):
            y = foot + storey * row
            pen.paint(box(mass.left, y, mass.width, 0.012), mass.trim)
            pen.paint(box(mass.left, y - 0.008, mass.width, 0.008), BLACK, 0.25)


Slot = tuple[float, float, float, float]  # centre x, foot y, width, height


class Opening(Protocol):
    """Draws one window of a mass."""

    def __call__(self, pen: Pen, mass: Mass, slot: Slot, /, *, is_lit: bool) -> None:
        """Draw it at the slot."""


def _foreshorten(mass: Mass, x: float, y: float, width: float, height: float) -> Slot:
    """Return the visible slot of a window; on a cylinder, it is narrower towards the edges."""
    if not mass.is_round:
        return x, y, width, height
    radius = mass.width / 2
    angle = (x - mass.centre) / radius * math.pi * 0.45
    return mass.centre + math.sin(angle) * radius, y, width * max(0.3, math.cos(angle)), height


def ledge(pen: Pen, mass: Mass, height: float = 0.03) -> None:
    """Draw a cornice with its shadow on the wall."""
    overhang = 0.018
    pen.fill(box(mass.left - overhang, mass.top, mass.width + 2 * overhang, height), mass.trim)
    pen.paint(box(mass.left, mass.top - 0.022, mass.width, 0.022), BLACK, 0.28)


def arch(x: float, y: float, width: float, height: float, rise: float = 1.0) -> list[Point]:
    """Return the outline of an arched opening.

    Args:
        x: Centre of the base.
        y: The base.
        width: Total width.
        height: Total height.
        rise: Rise of the arch over half its width; 1 is round, above 1 pointed.
    """
    half = width / 2
    spring = y + max(0.0, height - half * rise)
    points = [(x - half, y), (x + half, y)]
    for step in range(13):
        across = math.cos(math.pi * step / 12)
        up = 1 - abs(across) ** 1.4 if rise > 1 else math.sin(math.pi * step / 12)
        points.append((x + half * across, spring + half * rise * up))
    return points


def _pane(pen: Pen, mass: Mass, outline: list[Point], slot: Slot, *, is_lit: bool) -> None:
    """Draw glass and, if they are visible, a cross of bars and a sill."""
    x, y, width, height = slot
    glass = GLASS[int((abs(x) * 37 + y * 53) * 10) % len(GLASS)]
    pen.glass(outline, glass, is_lit=is_lit)
    if pen.shows(width, 7):
        pen.line([(x, y), (x, y + height)], mass.trim, width * 0.07)
        pen.line(
            [(x - width / 2, y + height * 0.6), (x + width / 2, y + height * 0.6)], mass.trim, width * 0.07
        )
        pen.paint(box(x - width / 2, y - 0.012, width, 0.012), scaled(mass.trim, 0.9))


def _rectangle(pen: Pen, mass: Mass, slot: Slot, *, is_lit: bool) -> None:
    x, y, width, height = slot
    pen.paint(box(x - width * 0.6, y - width * 0.1, width * 1.2, height + width * 0.2), mass.trim)
    _pane(pen, mass, box(x - width / 2, y, width, height), slot, is_lit=is_lit)


def _arched(
    pen: Pen, mass: Mass, slot: Slot, *, is_lit: bool, frame: float, frame_rise: float, rise: float
) -> None:
    x, y, width, height = slot
    pen.paint(arch(x, y - width * 0.05, width * 1.3, height + width * frame, frame_rise), mass.trim)
    _pane(pen, mass, arch(x, y, width, height, rise), slot, is_lit=is_lit)


def _paired(pen: Pen, mass: Mass, slot: Slot, *, is_lit: bool) -> None:
    x, y, width, height = slot
    pen.paint(arch(x, y, width * 1.25, height * 1.1), mass.trim)
    pen.paint(arch(x, y, width * 1.1, height * 1.03), scaled(mass.wall, 0.8))
    for side in (-0.26, 0.26):
        half = x + side * width, y, width * 0.42, height * 0.82
        _pane(pen, mass, arch(*half), half, is_lit=is_lit)


def _hooded(pen: Pen, mass: Mass, slot: Slot, *, is_lit: bool) -> None:
    x, y, width, height = slot
    _rectangle(pen, mass, (x, y, width, height * 0.8), is_lit=is_lit)
    foot = y + height * 0.86
    hood = [(x - width * 0.75, foot), (x + width * 0.75, foot), (x, foot + height * 0.2)]
    pen.paint(hood, mass.trim)
    pen.paint(box(x - width * 0.7, foot - 0.008, width * 1.4, 0.008), BLACK, 0.3)


def _shuttered(pen: Pen, mass: Mass, slot: Slot, *, is_lit: bool) -> None:
    x, y, width, height = slot
    for left in (x - width * 0.95, x + width * 0.55):
        pen.paint(box(left, y, width * 0.4, height), mass.roof)
    _pane(pen, mass, box(x - width / 2, y, width, height), slot, is_lit=is_lit)


def _slit(pen: Pen, mass: Mass, slot: Slot, *, is_lit: bool) -> None:
    x, y, width, height = slot
    narrow = min(width, 0.03)
    pen.paint(box(x - narrow, y, narrow * 2, min(height, 0.13) + narrow), scaled(mass.wall, 0.85))
    pen.glass(box(x - narrow / 2, y, narrow, min(height, 0.13)), GLASS[2], is_lit=is_lit)


def _ribbon(pen: Pen, _mass: Mass, slot: Slot, *, is_lit: bool) -> None:
    x, y, width, height = slot
    pen.glass(box(x - width / 2, y, width, height), GLASS[round(x * 10) % 2], is_lit=is_lit)


def _fins(pen: Pen, mass: Mass, slot: Slot, *, is_lit: bool) -> None:
    x, y, width, height = slot
    pen.glass(
        box(x - width / 2, y - height * 0.3, width, height * 1.5), GLASS[round(y * 10) % 2], is_lit=is_lit
    )
    pen.paint(box(x + width * 0.5, y - height * 0.4, width * 0.2, height * 1.8), mass.trim)


def _courses(pen: Pen, mass: Mass, spacing: float, opacity: float) -> list[float]:
    """Draw horizontal joints if they are visible; return their heights."""
    if not pen.shows(spacing):
        return []
    heights = [mass.foot + spacing * row for row in range(1, int(mass.height / spacing) + 1)]
    for y in heights:
        pen.line([(mass.left, y), (mass.left + mass.width, y)], BLACK, 0.003, opacity)
    return heights


def _ashlar(pen: Pen, mass: Mass, spacing: float = 0.05, opacity: float = 0.16) -> None:
    for row, y in enumerate(_courses(pen, mass, spacing, opacity)):
        for joint in range(int(mass.width / (spacing * 2))):
            x = mass.left + spacing * (2 * joint + 1 + row % 2)
            pen.line([(x, y - spacing), (x, y)], BLACK, 0.003, opacity)


def _bands(pen: Pen, mass: Mass) -> None:
    for row in range(0, int(mass.height / 0.06), 2):
        band = box(mass.left, mass.foot + row * 0.06, mass.width, 0.06)
        pen.paint(band, mixed(mass.wall, mass.roof, 0.6), 0.8)


TEXTURES: dict[str, Callable[[Pen, Mass], object]] = {
    "ashlar": _ashlar,
    "bands": _bands,
    "brick": partial(_courses, spacing=0.018, opacity=0.2),
    "plain": lambda _pen, _mass: None,
    "rustic": partial(_ashlar, spacing=0.085, opacity=0.3),
}

OPENINGS: dict[str, Opening] = {
    "shuttered": _shuttered,
    "fins": _fins,
    "hooded": _hooded,
    "paired": _paired,
    "pointed": partial(_arched, frame=0.25, frame_rise=1.9, rise=1.8),
    "rectangle": _rectangle,
    "ribbon": _ribbon,
    "round": partial(_arched, frame=0.15, frame_rise=1.0, rise=1.0),
    "slit": _slit,
}
