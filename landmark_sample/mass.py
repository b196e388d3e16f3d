"""One part of a building, as data."""

from dataclasses import dataclass

from landmark_sample.pen import Colour


@dataclass(frozen=True)
class Mass:
    """One block, tower or tier of a building. Lengths are in units; a building is about 2 wide and high.

    Attributes:
        wall, roof, trim: Colours, in plain daylight.
        texture: Of the wall; a name in `walls.TEXTURES`.
        window: Shape of the windows; a name in `walls.OPENINGS`.
        pane: Share of a bay's width that its window takes.
        centre: x of its axis.
        foot: y where it starts.
        width, height: Of the wall, without the crown.
        depth: How far it stands behind the front.
        is_round: Whether it is a cylinder.
        crown: What it carries; a name in `crowns.CROWNS`.
        crown_height: Of that.
        storeys, bays: Rows and columns of windows.
        ground: What its ground floor is; a name in `ornaments.GROUND_FLOORS`.
        ground_height: Height of that floor.
        emblem: What sits high on the wall; a name in `ornaments.EMBLEMS`.
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
        """Where its left edge is, x."""
        return self.centre - self.width / 2

    @property
    def top(self) -> float:
        """Where its crown starts, y."""
        return self.foot + self.height

    @property
    def summit(self) -> float:
        """Where its crown ends, y."""
        return self.top + self.crown_height
