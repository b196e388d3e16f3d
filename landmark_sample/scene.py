"""The building of a landmark, decided by keyed draws on its id."""

from dataclasses import dataclass

from landmark_sample.chance import Chance
from landmark_sample.compositions import COMPOSITIONS
from landmark_sample.mass import Mass
from landmark_sample.pen import Colour

# Few and shared, so that colours hardly identify a landmark.
WALLS: tuple[Colour, ...] = (
    (216, 203, 176),
    (203, 172, 128),
    (168, 98, 76),
    (163, 160, 154),
    (232, 226, 212),
)
ROOFS: tuple[Colour, ...] = ((92, 98, 110), (166, 92, 66), (112, 154, 138), (124, 118, 112))
TRIMS: tuple[Colour, ...] = ((238, 232, 218), (150, 138, 122))


@dataclass(frozen=True)
class Scene:
    """A landmark's building.

    Attributes:
        landmark_id: Id of the landmark.
        kind: A name in `compositions.COMPOSITIONS`.
        masses: Its parts, the furthest first.
    """

    landmark_id: str
    kind: str
    masses: tuple[Mass, ...]

    @property
    def half_width(self) -> float:
        """Maximum distance of a wall from the axis, units."""
        return max(abs(mass.centre) + mass.width / 2 for mass in self.masses)

    @property
    def height(self) -> float:
        """Height of the highest crown, units."""
        return max(mass.summit for mass in self.masses)


def design_scene(seed: int, landmark_id: str) -> Scene:
    """Return the building of a landmark.

    Args:
        seed: Seed of the sample.
        landmark_id: The landmark.

    Returns:
        The same scene for the same arguments.
    """
    chance = Chance(seed, ("scene", landmark_id))
    kind = chance.pick(sorted(COMPOSITIONS), "kind")
    # The materials that all parts of the building share.
    base = Mass(
        wall=chance.pick(WALLS, "wall"),
        roof=chance.pick(ROOFS, "roof"),
        trim=chance.pick(TRIMS, "trim"),
        texture=chance.pick(("plain", "ashlar", "brick", "bands", "rustic"), "texture"),
        window=chance.pick(("rectangle", "round", "pointed", "paired", "hooded", "shuttered"), "window"),
        pane=chance.between(0.32, 0.6, "pane"),
    )
    return Scene(landmark_id, kind, COMPOSITIONS[kind](chance, base))
