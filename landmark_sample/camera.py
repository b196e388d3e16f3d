"""The photographer's position: the size of a photo and the projection of the building onto it."""

import math
from dataclasses import dataclass, replace

import numpy as np

from landmark_sample.building import canvas_extent
from landmark_sample.chance import Chance
from landmark_sample.pen import Point
from landmark_sample.scene import Scene

MIN_SIDE, MAX_SIDE = 300, 2000  # of a photo, pixels
EYE_HEIGHT = 0.1  # units
DISTANCE = 3.2  # from the facade, in units; nearer is more perspective


@dataclass(frozen=True)
class Shot:
    """The framing of one photo.

    Attributes:
        width, height: Size of the photo, pixels.
        scale: Pixels per unit at the building's axis.
        centre, ground: Pixel at the foot of the axis.
        yaw, pitch, roll: Rotation of the building, radians; positive: right side away, looking up,
            clockwise.
    """

    width: int
    height: int
    scale: float
    centre: float
    ground: float
    yaw: float
    pitch: float
    roll: float

    @property
    def slant(self) -> float:
        """Tangent of the angle to the facade's normal."""
        return math.tan(self.yaw)

    @property
    def horizon(self) -> float:
        """Pixel row of the horizon in the middle of the photo."""
        return self.ground - 1.25 * EYE_HEIGHT * self.scale

    def within(self, longest_side: int) -> "Shot":
        """Return the same framing with a longer side of at most this many pixels."""
        factor = min(1.0, longest_side / max(self.width, self.height))
        return replace(
            self,
            width=round(self.width * factor),
            height=round(self.height * factor),
            scale=self.scale * factor,
            centre=self.centre * factor,
            ground=self.ground * factor,
        )

    def project(self, point: Point) -> Point:
        """Return the pixel of a point of the facade, given in units."""
        x, y = point
        x, away = x * math.cos(self.yaw), x * math.sin(self.yaw)
        up = y - EYE_HEIGHT
        up, away = up * math.cos(self.pitch), away + up * math.sin(self.pitch)
        magnified = self.scale * DISTANCE / (DISTANCE + away)
        right, down = x * magnified, -up * magnified - EYE_HEIGHT * self.scale
        turn_cos, turn_sin = math.cos(self.roll), math.sin(self.roll)
        return (
            self.centre + right * turn_cos - down * turn_sin,
            self.ground + right * turn_sin + down * turn_cos,
        )


def frame_shot(scene: Scene, longest_side: int, chance: Chance) -> Shot:
    """Return the framing of one photo of a scene.

    Args:
        scene: The landmark.
        longest_side: Upper bound for the longer side, which is log-uniform from 300 pixels.
        chance: The photo's draws.
    """
    width, height = _photo_size(longest_side, chance)
    half_width, top = scene.half_width, scene.height
    fit = min(width / (2.3 * half_width), height / (1.3 * top))
    # Mostly the whole building, sometimes far away, sometimes a detail.
    zoom = 2 ** chance.pick((-0.6, -0.25, -0.1, 0.0, 0.1, 0.25, 0.7), "zoom")
    zoom *= chance.between(0.9, 1.12, "zoom jitter")
    scale = fit * zoom
    room = 0.08 + 0.3 * max(0.0, 1 - 2 * half_width * scale / width)
    room += 0.22 * max(0.0, 2 * half_width * scale / width - 1)
    lowest, highest = height * 0.92, top * scale + height * 0.08
    return Shot(
        width=width,
        height=height,
        scale=scale,
        centre=width * (0.5 + chance.between(-room, room, "place")),
        ground=lowest + (highest - lowest) * chance.fraction("ground") * 0.7,
        yaw=math.radians(chance.between(-32, 32, "yaw")),
        pitch=math.radians(chance.between(0, 9, "pitch")),
        roll=math.radians(chance.between(-1, 1, "roll") * chance.between(0, 5, "roll size")),
    )


def _photo_size(longest_side: int, chance: Chance) -> tuple[int, int]:
    longer = MIN_SIDE * (longest_side / MIN_SIDE) ** chance.fraction("size")
    ratio = chance.pick((3 / 4, 3 / 4, 2 / 3, 9 / 16, 1.0), "ratio")
    sides = round(longer), max(1, round(longer * ratio))
    if min(sides) < MIN_SIDE:
        sides = (round(MIN_SIDE / ratio), MIN_SIDE)
    is_portrait = chance.happens(0.35, "portrait")
    return (sides[1], sides[0]) if is_portrait else sides


def canvas_corners(scene: Scene) -> list[Point]:
    """Return the corners of the drawing, in units: bottom left, bottom right, top right, top left."""
    half_width, height = canvas_extent(scene)
    return [(-half_width, 0.0), (half_width, 0.0), (half_width, height), (-half_width, height)]


def covered_box(shot: Shot, scene: Scene) -> tuple[int, int, int, int]:
    """Return left, top, right and bottom pixel of the part of the photo that the drawing covers."""
    across, down = zip(*(shot.project(corner) for corner in canvas_corners(scene)), strict=True)
    left, top = max(0, math.floor(min(across))), max(0, math.floor(min(down)))
    right, bottom = min(shot.width, math.ceil(max(across))), min(shot.height, math.ceil(max(down)))
    return left, top, max(left + 1, right), max(top + 1, bottom)


def perspective_coefficients(
    shot: Shot, scene: Scene, canvas_scale: float, origin: tuple[int, int]
) -> tuple[float, ...]:
    """Return the eight coefficients of Pillow's PERSPECTIVE transform, from photo pixel to canvas pixel.

    Args:
        shot: The framing.
        scene: The drawing on the canvas.
        canvas_scale: The canvas' pixels per unit.
        origin: Left and top pixel of the covered part of the photo.
    """
    half_width, height = canvas_extent(scene)
    rows, wanted = [], []
    for corner in canvas_corners(scene):
        x, y = (place - start for place, start in zip(shot.project(corner), origin, strict=True))
        u, v = (corner[0] + half_width) * canvas_scale, (height - corner[1]) * canvas_scale
        rows.append([x, y, 1, 0, 0, 0, -u * x, -u * y])
        rows.append([0, 0, 0, x, y, 1, -v * x, -v * y])
        wanted += [u, v]
    return tuple(float(number) for number in np.linalg.solve(np.array(rows), np.array(wanted)))
