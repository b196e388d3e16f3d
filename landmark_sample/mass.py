"""One part of a building, as data."""

from dataclasses import dataclass

from landmark_sample.pen import Colour


@dataclass(frozen=True)
class Mass:
    """A block, tower or tier of a building. Lengths are in units; a building is about 2 wide and high.

    Attributes:
        wall, roof, trim: Colours, in plain daylight.
        texture: Texture of the wall; a name in `walls.TEXTURES`.
        window: Shape of the windows; a name in `walls.OPENINGS`.
        pane: Width of a window as a share of its bay.
        centre: x of its axis.
        foot: y of its base.
        width, height: Size of the wall, without the crown.
        depth: Distance behind the front.
        is_round: Whether it is a cylinder.
        crown: Its top; a name in `crowns.CROWNS`.
        crown_height: Height of the crown.
        storeys, bays: Rows and columns of windows.
        ground: Its ground floor; a name in `ornaments.GROUND_FLOORS`.
        ground_height: Height of that floor.
        emblem: Ornament high on the wall; a name in `ornaments.EMBLEMS`.
    """

    wall: Colour
    roof: Colour
    trim: Colour
    texture: str
    window: str
    pane: float
    centre: float = 0.0
    foot: float = 0.0
    width: float = 1.0
    height: float = 1.0
    depth: float = 0.0
    is_round: bool = False
    crown: str = "cornice"
    crown_height: float = 0.05
    storeys: int = 0
    bays: int = 1
    ground: str = "plain"
    ground_height: float = 0.0
    emblem: str = "none"

    @property
    def left(self) -> float:
        """Left edge, x."""
        return self.centre - self.width / 2

    @property
    def top(self) -> float:
        """Base of its crown, y."""
        return self.foot + self.height

    @property
    def summit(self) -> float:
        """Top of its crown, y."""
        return self.top + self.crown_height
