"""Draws the front of a landmark's building as seen from a photo's standpoint."""

from dataclasses import replace

from landmark_sample.chance import Chance
from landmark_sample.crowns import draw_crown
from landmark_sample.ornaments import draw_ornaments
from landmark_sample.pen import Elevation, Pen, Standpoint
from landmark_sample.scene import Scene
from landmark_sample.walls import draw_wall, draw_windows

MARGIN = 0.12  # around the building, for eaves, finials and visible sides, units
SIDESTEP = 0.3  # shift of a mass of depth 1 at slant 1, units


def draw_building(scene: Scene, standpoint: Standpoint, scale: float, chance: Chance) -> Elevation:
    """Return the drawing of a scene.

    Args:
        scene: The landmark's building.
        standpoint: The photo's standpoint.
        scale: Pixels per unit.
        chance: The photo's draws; they decide which windows are lit.

    Returns:
        Three layers of equal size, with the building's axis in the middle and the ground at the bottom.
    """
    half_width, height = canvas_extent(scene)
    pen = Pen(half_width, height, scale, standpoint, scene.masses[-1].wall)
    for mass in scene.masses:
        shifted = replace(mass, centre=mass.centre - standpoint.slant * SIDESTEP * mass.depth)
        draw_wall(pen, shifted)
        draw_windows(pen, shifted, chance)
        draw_ornaments(pen, shifted)
        draw_crown(pen, shifted)
    return pen.finish()


def canvas_extent(scene: Scene) -> tuple[float, float]:
    """Return half the width and the height of the drawing, in units."""
    return scene.half_width + 2 * MARGIN, scene.height + 2 * MARGIN
