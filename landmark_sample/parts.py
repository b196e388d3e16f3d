"""Parts of several kinds of buildings."""

from dataclasses import replace

from landmark_sample.chance import Chance
from landmark_sample.mass import Mass

Masses = tuple[Mass, ...]

TOWER_CROWNS = ("spire", "pyramid", "battlements", "bell", "onion", "balustrade", "lantern", "cone")
DOMES = ("dome", "ribbed dome", "onion", "lantern", "bell")
LONG_ROOFS = ("hip", "mansard", "balustrade", "battlements", "cornice")
GABLES = ("gable", "stepped gable", "scrolled gable", "pediment")


def twins(mass: Mass, offset: float) -> Masses:
    """Return a mass on both sides of the axis."""
    return replace(mass, centre=-offset), replace(mass, centre=offset)


def tower(chance: Chance, base: Mass, height: float, name: str) -> Mass:
    """Return a tower of this height; `name` distinguishes its draws from those of other parts."""
    width = chance.between(0.2, 0.34, name, "width")
    return replace(
        base,
        width=width,
        height=height,
        is_round=chance.happens(0.25, name, "round"),
        crown=chance.pick(TOWER_CROWNS, name, "crown"),
        crown_height=width * chance.between(0.6, 1.9, name, "crown height"),
        storeys=chance.integer(2, 6, name, "storeys"),
        bays=chance.integer(1, 2, name, "bays"),
        emblem=chance.pick(("none", "none", "clock"), name, "emblem"),
    )


def hall(chance: Chance, base: Mass, width: float, height: float, name: str) -> Mass:
    """Return a long block with rows of windows."""
    return replace(
        base,
        width=width,
        height=height,
        storeys=chance.integer(1, 3, name, "storeys"),
        bays=max(2, round(width / chance.between(0.11, 0.24, name, "bay"))),
        crown=chance.pick(LONG_ROOFS, name, "crown"),
        crown_height=height * chance.between(0.2, 0.5, name, "crown height"),
        ground=chance.pick(("plain", "arcade", "arcade", "portal"), name, "ground"),
        ground_height=height * chance.between(0.28, 0.42, name, "ground height"),
    )


def drum(chance: Chance, base: Mass, foot: float, width: float, name: str) -> Mass:
    """Return a dome on a drum, behind a roof at `foot`."""
    return replace(
        base,
        foot=foot * 0.9,
        width=width,
        height=foot * 0.1 + width * chance.between(0.25, 0.7, name, "height"),
        depth=0.5,
        is_round=True,
        crown=chance.pick(DOMES, name, "crown"),
        crown_height=width * chance.between(0.5, 1.05, name, "crown height"),
        storeys=1,
        bays=chance.integer(4, 7, name, "bays"),
    )
