"""Draws a landmark's building, straight on, as a photo's standpoint shows it."""

from dataclasses import replace

from landmark_sample.chance import Chance
from landmark_sample.crowns import draw_crown
from landmark_sample.mass import Mass
from landmark_sample.ornaments import draw_ornaments
from landmark_sample.pen import Elevation, Pen, Standpoint
from landmark_sample.scene import Scene
from landmark_sample.walls import draw_wall, draw_windows

MARGIN = 0.12  # around the building: eaves, finials and the sides that a slant shows, units
SIDESTEP = 0.3  # how far a mass of depth 1 moves at slant 1, units


def draw_building(scene: Scene, standpoint: Standpoint, scale: float, chance: Chance) -> Elevation:
    """Draw a scene.

    Args:
        scene: The landmark's building.
        standpoint: Of the photo.
        scale: Pixels per unit.
        chance: The photo's draws; they decide which windows are lit.

    Returns:
        Three layers of one size, the building's axis in the middle, the ground at the bottom.
    """
    half_width, height = canvas_extent(scene)
    pen = Pen(half_width, height, scale, standpoint, scene.masses[-1].wall)
    for mass in scene.masses:
        _draw_mass(pen, replace(mass, centre=mass.centre - standpoint.slant * SIDESTEP * mass.depth), chance)
    return pen.finish()


def canvas_extent(scene: Scene) -> tuple[float, float]:
    """Half width and height of the drawing, units."""
    return scene.half_width + 2 * MARGIN, scene.height + 2 * MARGIN


def _draw_mass(pen: Pen, mass: Mass, chance: Chance) -> None:
    draw_wall(pen, mass)
    draw_windows(pen, mass, chance)
    draw_ornaments(pen, mass)
    draw_crown(pen, mass)
