"""Palaces, castles, gates and towers: one function per kind."""

from dataclasses import replace

from landmark_sample.chance import Chance
from landmark_sample.mass import Mass
from landmark_sample.parts import GABLES, Masses, hall, tower, twins


def palace(chance: Chance, base: Mass) -> Masses:
    """Return long wings with pavilions."""
    height = chance.between(0.5, 0.85, "height")
    wing = hall(chance, base, chance.between(1.7, 2.3, "width"), height, "wing")
    pavilion = replace(
        hall(chance, base, chance.between(0.32, 0.55, "pavilion"), height * 1.08, "pavilion"),
        storeys=wing.storeys,
        ground=wing.ground,
        ground_height=wing.ground_height,
        crown=chance.pick(("mansard", "pediment", "dome", "hip", "stepped gable", "lantern"), "pavilion"),
        crown_height=height * chance.between(0.3, 0.6, "pavilion crown"),
    )
    ends = twins(pavilion, (wing.width - pavilion.width) / 2)
    centre = replace(
        pavilion,
        width=pavilion.width * 1.3,
        crown=chance.pick(("pediment", "dome", "bell", "mansard", "scrolled gable"), "centre crown"),
        crown_height=height * chance.between(0.35, 0.7, "centre crown height"),
        emblem=chance.pick(("clock", "none", "shield"), "centre emblem"),
    )
    shown = chance.pick(("ends", "centre", "all"), "pavilions")
    return (wing, *(ends if shown != "centre" else ()), *((centre,) if shown != "ends" else ()))


def castle(chance: Chance, base: Mass) -> Masses:
    """Return walls and round towers around a keep."""
    wall_height = chance.between(0.4, 0.65, "wall height")
    span = chance.between(1.5, 2.0, "span")
    stone = replace(base, window="slit", pane=0.2)
    curtain = replace(
        stone, width=span, height=wall_height, crown="battlements", crown_height=0.07, storeys=1, bays=6
    )
    keep = replace(
        tower(chance, base, wall_height * chance.between(1.6, 2.4, "keep height"), "keep"),
        width=chance.between(0.4, 0.7, "keep width"),
        is_round=False,
        centre=chance.between(-0.4, 0.4, "keep place"),
        depth=0.8,
        crown=chance.pick(("battlements", "hip", "stepped gable", "mansard"), "keep crown"),
        crown_height=0.2,
        bays=3,
    )
    count = chance.integer(2, 5, "towers")
    towers = _round_towers(chance, replace(stone, height=wall_height), count, span)
    gate = replace(stone, width=0.36, height=wall_height * 1.15, crown="battlements", crown_height=0.07)
    gate = replace(gate, ground="portal", ground_height=wall_height * 0.7, centre=0.5 * span / (count - 1))
    return (keep, curtain, *towers, replace(gate, centre=0.0 if count % 2 == 0 else gate.centre))


def _round_towers(chance: Chance, stone: Mass, count: int, span: float) -> Masses:
    """Return evenly spaced towers; `stone` has the height of the wall."""
    crown = chance.pick(("cone", "battlements", "bell"), "crown")
    return tuple(
        replace(
            stone,
            centre=span * (place / (count - 1) - 0.5),
            width=chance.between(0.2, 0.36, "tower width", place),
            height=stone.height * chance.between(1.1, 1.9, "tower height", place),
            is_round=True,
            crown=crown,
            crown_height=0.09 if crown == "battlements" else chance.between(0.25, 0.45, "roof", place),
            storeys=3,
            bays=2,
        )
        for place in range(count)
    )


def campanile(chance: Chance, base: Mass) -> Masses:
    """Return a hall with one tall tower."""
    block = hall(chance, base, chance.between(1.0, 1.7, "width"), chance.between(0.45, 0.7, "height"), "hall")
    shaft = tower(chance, base, block.height * chance.between(1.9, 2.8, "tower height"), "tower")
    place = chance.pick((-0.5, -0.3, 0.0, 0.3, 0.5), "place") * block.width
    belfry = replace(shaft, ground="plain", emblem="clock", centre=place, storeys=shaft.storeys + 1)
    gabled = replace(block, crown=chance.pick(("hip", "battlements", "gable", "mansard"), "hall crown"))
    return (gabled, belfry) if chance.happens(0.5, "in front") else (replace(belfry, depth=0.5), gabled)


def skyscraper(chance: Chance, base: Mass) -> Masses:
    """Return glass blocks, each set back from the one below."""
    setbacks = chance.integer(1, 4, "setbacks")
    glass = replace(base, window=chance.pick(("ribbon", "rectangle", "fins"), "glazing"), texture="plain")
    width, foot, masses = chance.between(0.6, 1.2, "width"), 0.0, []
    for step in range(setbacks):
        height = chance.between(0.5, 1.0, "height", step) * (1.5 if setbacks == 1 else 1.7 / setbacks)
        is_last = step == setbacks - 1
        mass = replace(
            glass,
            centre=chance.pick((0.0, 0.0, 0.08, -0.08), "shift", step),
            width=width,
            foot=foot,
            height=height,
            pane=chance.between(0.5, 0.8, "pane"),
            storeys=max(2, round(height / chance.between(0.07, 0.13, "storey"))),
            bays=max(2, round(width / chance.between(0.07, 0.16, "bay"))),
            crown=chance.pick(("antenna", "slope", "pyramid", "balustrade", "dome"), "top")
            if is_last
            else "cornice",
            crown_height=chance.between(0.15, 0.45, "top height") if is_last else 0.03,
        )
        masses.append(mass)
        width, foot = width * chance.between(0.6, 0.88, "setback", step), mass.top
    return tuple(masses)


def triumphal_arch(chance: Chance, base: Mass) -> Masses:
    """Return a block with open arches and an attic."""
    width, height = chance.between(0.9, 1.5, "width"), chance.between(0.6, 0.95, "height")
    gate = replace(
        base,
        width=width,
        height=height,
        bays=chance.pick((1, 2, 3, 3, 5), "openings"),
        ground="vault",
        ground_height=height * chance.between(0.6, 0.85, "opening"),
    )
    attic = replace(
        base,
        width=width * chance.between(0.7, 1.0, "attic width"),
        foot=height + 0.05,
        height=chance.between(0.14, 0.4, "attic height"),
        storeys=1,
        bays=chance.integer(3, 7, "attic windows"),
        crown=chance.pick(("balustrade", "pediment", "battlements", "hip", "stepped gable"), "crown"),
        crown_height=chance.between(0.1, 0.25, "crown height"),
        emblem=chance.pick(("none", "shield", "clock"), "emblem"),
    )
    statue = replace(base, width=0.16, foot=attic.summit - 0.02, height=0.08, crown="cone", crown_height=0.14)
    return (gate, attic, statue) if chance.happens(0.5, "statue") else (gate, attic)


def aqueduct(chance: Chance, base: Mass) -> Masses:
    """Return tiers of arches, sometimes with a tower at one end."""
    tiers, width = chance.integer(1, 3, "tiers"), chance.between(1.9, 2.4, "width")
    arches, foot, masses = chance.integer(4, 7, "arches"), 0.0, []
    for tier in range(tiers):
        height = chance.between(0.55, 0.8, "height") * (1.5 if tiers == 1 else 0.75**tier)
        mass = replace(
            base,
            width=width,
            foot=foot,
            height=height,
            bays=arches * (2 if tier == 2 else 1),
            ground="vault",
            ground_height=height * 0.86,
        )
        masses.append(mass)
        foot = mass.summit
    watch = tower(chance, base, foot * chance.between(1.1, 1.5, "watch height"), "watch")
    place = chance.pick((-0.5, 0.5), "watch place") * width
    return (*masses, replace(watch, centre=place)) if chance.happens(0.5, "has watch") else tuple(masses)


def gabled_row(chance: Chance, base: Mass) -> Masses:
    """Return merchants' houses side by side, with different gables."""
    count = chance.integer(3, 6, "houses")
    houses, left = [], -1.1
    for place in range(count):
        width = 2.2 / count * chance.between(0.85, 1.15, "width", place)
        house = replace(
            base,
            centre=left + width / 2,
            width=width,
            height=chance.between(0.7, 1.15, "height", place),
            wall=chance.pick((base.wall, base.roof, base.trim), "paint", place),
            storeys=chance.integer(2, 5, "storeys", place),
            bays=chance.integer(2, 4, "bays", place),
            ground=chance.pick(("arcade", "portal"), "ground", place),
            ground_height=0.22,
            crown=chance.pick((*GABLES, "mansard"), "gable", place),
            crown_height=width * chance.between(0.5, 0.95, "gable height", place),
        )
        houses.append(house)
        left += width
    return tuple(houses)


def lighthouse(chance: Chance, base: Mass) -> Masses:
    """Return a round tower that narrows in tiers, with a keeper's house."""
    tiers, width = chance.integer(2, 4, "tiers"), chance.between(0.36, 0.56, "width")
    masses, foot = [], 0.0
    for tier in range(tiers):
        mass = replace(
            base,
            width=width * chance.between(0.72, 0.88, "narrower") ** tier,
            foot=foot,
            height=chance.between(1.2, 1.7, "height") / tiers,
            is_round=chance.happens(0.7, "round"),
            storeys=chance.integer(1, 3, "storeys"),
            bays=chance.integer(1, 3, "bays"),
            crown="balustrade" if tier == tiers - 1 else "cornice",
            crown_height=0.08 if tier == tiers - 1 else 0.04,
        )
        masses.append(mass)
        foot = mass.summit
    lamp = replace(masses[-1], width=masses[-1].width * 0.6, foot=foot, height=0.14, storeys=1, bays=3)
    lamp = replace(lamp, crown=chance.pick(("dome", "cone", "onion", "bell"), "lamp"), crown_height=0.2)
    house = hall(chance, base, chance.between(0.6, 1.1, "house"), chance.between(0.3, 0.45, "low"), "house")
    side = chance.pick((-1, 1), "side") * (house.width + width) / 2
    return (replace(house, centre=side), *masses, lamp)
