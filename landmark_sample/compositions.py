"""How the parts of a building are put together, by kind of landmark.

Each function takes the draws about the landmark and a plain mass with its materials, and gives the
masses from the furthest to the nearest. What differs within a kind is what tells two landmarks apart:
numbers, proportions, crowns and openings.
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
