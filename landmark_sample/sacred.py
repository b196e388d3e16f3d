"""Temples, churches and mosques: one function per kind."""

from dataclasses import replace

from landmark_sample.chance import Chance
from landmark_sample.mass import Mass
from landmark_sample.parts import DOMES, GABLES, Masses, drum, hall, tower, twins


def cathedral(chance: Chance, base: Mass) -> Masses:
    """Return a nave between towers, with aisles and sometimes a crossing."""
    width, height = chance.between(0.5, 0.85, "nave width"), chance.between(0.7, 1.0, "nave height")
    nave = replace(
        hall(chance, base, width, height, "nave"),
        crown=chance.pick(GABLES, "nave crown"),
        crown_height=chance.between(0.22, 0.5, "nave crown height"),
        emblem=chance.pick(("rose", "rose", "clock"), "nave emblem"),
        ground="portal",
        storeys=chance.integer(1, 2, "nave storeys"),
    )
    spire = tower(chance, base, height * chance.between(1.05, 1.6, "tower height"), "tower")
    towers = twins(spire, (width + spire.width) / 2 - 0.02)
    arrangement = chance.pick(("both", "both", "left", "right", "unequal"), "arrangement")
    if arrangement == "unequal":
        towers = towers[0], replace(towers[1], height=height * 0.95, crown="pyramid")
    kept = {"left": towers[:1], "right": towers[1:]}.get(arrangement, towers)
    aisle = replace(
        base, width=0.3, height=height * 0.55, bays=2, storeys=1, crown="cornice", crown_height=0.05
    )
    aisles = twins(aisle, width / 2 + 0.14)
    crossing = replace(
        tower(chance, base, height * 1.35, "crossing"), depth=0.8, crown=chance.pick(DOMES, "dome")
    )
    behind = (crossing,) if chance.happens(0.45, "crossing") else ()
    return (*behind, *aisles, nave, *kept)


def domed_hall(chance: Chance, base: Mass) -> Masses:
    """Return a domed centre with a portico and wings."""
    height = chance.between(0.45, 0.7, "height")
    wings = hall(chance, base, chance.between(1.5, 2.2, "width"), height, "wings")
    wings = replace(wings, ground="plain", crown=chance.pick(("balustrade", "cornice", "hip"), "roof"))
    front = replace(
        base,
        width=chance.between(0.55, 0.9, "front"),
        height=height * chance.between(1.0, 1.2, "front height"),
        ground="columns",
        bays=chance.integer(4, 8, "columns"),
        crown=chance.pick(("pediment", "pediment", "balustrade"), "front crown"),
        crown_height=chance.between(0.14, 0.26, "pediment"),
    )
    front = replace(front, ground_height=front.height)
    dome = drum(chance, base, height, chance.between(0.4, 0.75, "drum"), "drum")
    small = drum(chance, base, height, dome.width * 0.45, "small")
    sides = twins(small, wings.width * chance.between(0.3, 0.42, "sides"))
    return (dome, *(sides if chance.happens(0.5, "small domes") else ()), wings, front)


def temple(chance: Chance, base: Mass) -> Masses:
    """Return a colonnade on steps."""
    width, height = chance.between(1.2, 2.2, "width"), chance.between(0.5, 0.9, "height")
    steps = chance.integer(2, 5, "steps")
    stairs = tuple(
        replace(base, texture="plain", width=width + 0.09 * (steps - step), foot=0.05 * step, height=0.05)
        for step in range(steps)
    )
    stairs = tuple(replace(stair, crown="none", crown_height=0.0) for stair in stairs)
    cella = replace(
        base,
        width=width,
        height=height,
        foot=0.05 * steps,
        ground="columns",
        ground_height=height,
        bays=chance.integer(4, 11, "columns"),
        crown=chance.pick(("pediment", "pediment", "balustrade", "cornice"), "crown"),
        crown_height=chance.between(0.16, 0.4, "crown height"),
    )
    attic = drum(chance, base, cella.top, width * chance.between(0.3, 0.5, "attic"), "attic")
    behind = (replace(attic, foot=cella.top - 0.02),) if chance.happens(0.4, "has attic") else ()
    return (*behind, *stairs, cella)


def pagoda(chance: Chance, base: Mass) -> Masses:
    """Return tiers of decreasing width, each with eaves."""
    tiers = chance.integer(3, 8, "tiers")
    width, shrink = chance.between(0.6, 1.3, "width"), chance.between(0.78, 0.93, "shrink")
    height = chance.between(0.9, 1.3, "height") / max(tiers, 5)
    masses, foot = [], 0.0
    for tier in range(tiers):
        is_last = tier == tiers - 1
        mass = replace(
            base,
            width=width * shrink**tier,
            foot=foot,
            height=height,
            storeys=1,
            bays=chance.pick((3, 4, 5, 7), "bays"),
            crown="finial roof" if is_last else "eaves",
            crown_height=height * (1.1 if is_last else chance.between(0.55, 0.85, "roof")),
        )
        masses.append(mass)
        foot = mass.summit - height * 0.25
    return tuple(masses)


def mosque(chance: Chance, base: Mass) -> Masses:
    """Return a large dome behind a gate, between minarets."""
    height, width = chance.between(0.4, 0.6, "height"), chance.between(1.0, 1.6, "width")
    block = replace(hall(chance, base, width, height, "block"), crown="cornice", crown_height=0.05)
    gate = replace(
        base,
        width=width * chance.between(0.22, 0.36, "gate"),
        height=height * chance.between(1.1, 1.5, "gate height"),
        ground="portal",
        ground_height=height * 0.95,
    )
    dome = drum(chance, base, height, width * chance.between(0.4, 0.7, "dome"), "dome")
    small = twins(drum(chance, base, height, width * 0.22, "small"), width * 0.36)
    minaret = replace(
        base,
        width=chance.between(0.08, 0.13, "minaret"),
        height=height * chance.between(2.2, 3.2, "minaret height"),
        is_round=True,
        crown=chance.pick(("cone", "onion", "lantern"), "minaret crown"),
        crown_height=chance.between(0.16, 0.3, "minaret crown height"),
        storeys=chance.integer(2, 5, "minaret storeys"),
    )
    minarets = twins(minaret, width / 2 + chance.between(0.0, 0.12, "apart"))
    outer = twins(replace(minaret, height=minaret.height * 0.75), width / 2 + 0.35)
    return (
        dome,
        *(small if chance.happens(0.6, "small domes") else ()),
        *(outer if chance.happens(0.4, "outer") else ()),
        block,
        gate,
        *minarets[: chance.pick((1, 2, 2), "minarets")],
    )
