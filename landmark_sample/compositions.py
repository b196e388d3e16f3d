"""The composition of buildings, by kind of landmark.

Each function takes the draws about the landmark and a plain mass with its materials, and returns the masses,
the furthest first. Landmarks of one kind differ in numbers, proportions, crowns and openings.
"""

from collections.abc import Callable

from landmark_sample import sacred, secular
from landmark_sample.chance import Chance
from landmark_sample.mass import Mass
from landmark_sample.parts import Masses

COMPOSITIONS: dict[str, Callable[[Chance, Mass], Masses]] = {
    "aqueduct": secular.aqueduct,
    "campanile": secular.campanile,
    "castle": secular.castle,
    "cathedral": sacred.cathedral,
    "domed hall": sacred.domed_hall,
    "gabled row": secular.gabled_row,
    "lighthouse": secular.lighthouse,
    "mosque": sacred.mosque,
    "pagoda": sacred.pagoda,
    "palace": secular.palace,
    "skyscraper": secular.skyscraper,
    "temple": sacred.temple,
    "triumphal arch": secular.triumphal_arch,
}
