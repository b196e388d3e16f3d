"""The surroundings of a building: sky, skyline and ground.

They differ in every photo, so they do not identify the landmark.
"""

import math

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from landmark_sample.camera import Shot
from landmark_sample.chance import Chance
from landmark_sample.light import Light
from landmark_sample.pen import Colour, mixed, scaled

SKY_SHRINK = 6  # the sky is smooth, so it is drawn at a sixth of the size
GROUNDS: tuple[Colour, ...] = (
    (112, 138, 76),
    (150, 146, 140),
    (120, 120, 122),
    (196, 178, 142),
    (146, 120, 92),
    (84, 112, 128),
)
HILLS: tuple[Colour, ...] = ((96, 120, 84), (110, 118, 124), (140, 124, 104), (70, 96, 78))
SNOW: Colour = (236, 240, 246)


def draw_surroundings(shot: Shot, light: Light, chance: Chance) -> Image.Image:
    """Return sky, skyline and ground in RGB, of the photo's size and in its light."""
    picture = _sky(shot, light, chance)
    pen = ImageDraw.Draw(picture, "RGBA")
    skyline = chance.pick(("none", "hills", "mountains", "houses", "houses", "woods"), "skyline")
    if skyline in ("hills", "mountains"):
        _hills(pen, shot, light, chance, 0.5 if skyline == "hills" else 1.6)
    elif skyline in ("houses", "woods"):
        _row(pen, shot, light, chance, skyline)
    _ground(pen, shot, light, chance)
    return picture


def soft_noise(
    generator: np.random.Generator, shape: tuple[int, int], octaves: int
) -> npt.NDArray[np.float32]:
    """Return smooth noise of a shape (rows, columns), float32, 0 … 1, with 2 … 2**octaves cells per side."""
    total = np.zeros(shape, np.float32)
    for octave in range(1, octaves + 1):
        cells = generator.random((2**octave + 1, 2**octave + 1), dtype=np.float32)
        layer = Image.fromarray(cells).resize((shape[1], shape[0]), Image.Resampling.BICUBIC)
        total += np.asarray(layer, np.float32) / 2**octave
    spread = np.float32(max(float(np.ptp(total)), 1e-6))
    scaled_up: npt.NDArray[np.float32] = (total - total.min()) / spread
    return scaled_up


def _sky(shot: Shot, light: Light, chance: Chance) -> Image.Image:
    rows, columns = max(2, shot.height // SKY_SHRINK), max(2, shot.width // SKY_SHRINK)
    down = np.clip(np.arange(rows) * SKY_SHRINK / max(shot.horizon, 1.0), 0, 1) ** 0.8
    # (rows,) -> (rows, 1, 1): one share per row, for every column and colour.
    down = down[:, None, None]
    sky = np.array(light.zenith) * (1 - down) + np.array(light.horizon) * down
    puffs = soft_noise(chance.generator("clouds"), (rows, columns), 6)
    # (rows, columns) -> (rows, columns, 1): the same cover for every colour.
    cover = np.clip((puffs - 1 + light.clouds) * 3, 0, 0.9)[:, :, None]
    sky = sky * (1 - cover) + np.array(light.cloud) * (0.75 + 0.25 * puffs[:, :, None]) * cover
    picture = Image.fromarray(np.clip(sky, 0, 255).astype(np.uint8))
    picture = picture.resize((shot.width, shot.height), Image.Resampling.BILINEAR)
    pen = ImageDraw.Draw(picture)
    size = max(1, shot.width // 700)
    for star in range(60 if light.stars else 0):
        x, y = chance.integer(0, shot.width, "star x", star), chance.integer(0, shot.height, "star y", star)
        shine = chance.integer(90, 230, "star", star)
        pen.rectangle((x, y, x + size - 1, y + size - 1), fill=(shine, shine, shine))
    return picture


def _far(colour: Colour, light: Light, share: float) -> Colour:
    """Return a colour in the photo's light behind `share` of haze."""
    return mixed(light.on(colour), light.horizon, min(1.0, share + light.fog))


def _hills(pen: ImageDraw.ImageDraw, shot: Shot, light: Light, chance: Chance, size: float) -> None:
    colour = chance.pick(HILLS, "hills")
    for ridge, haze in enumerate((0.65, 0.4)):
        waves = [
            (chance.between(0.6, 3.5, "wave", ridge, i), chance.between(0, 6.3, "phase", ridge, i))
            for i in range(4)
        ]
        points = []
        for step in range(41):
            turn = [
                math.sin(often * step / 40 * math.tau + phase) / (i + 1)
                for i, (often, phase) in enumerate(waves)
            ]
            rise = (1.4 + sum(turn)) * size * (0.07 - 0.03 * ridge) * shot.height
            points.append((shot.width * step / 40, shot.horizon - max(0.0, rise)))
        corners = [*points, (shot.width, shot.height), (0, shot.height)]
        pen.polygon(corners, fill=_far(colour, light, haze))


def _row(pen: ImageDraw.ImageDraw, shot: Shot, light: Light, chance: Chance, kind: str) -> None:
    """Draw a row of distant houses or trees along the horizon."""
    x, place = 0.0, 0
    while x < shot.width:
        width = shot.width * chance.between(0.03, 0.12, "row width", place)
        height = shot.scale * chance.between(0.15, 0.5, "row height", place)
        top, foot = shot.horizon - height, shot.horizon + shot.height * 0.05
        if kind == "houses":
            colour = _far(
                chance.pick(((176, 160, 140), (150, 120, 104), (190, 186, 180)), "row", place), light, 0.4
            )
            pen.rectangle((x, top, x + width, foot), fill=colour)
            roof = [
                (x, top),
                (x + width, top),
                (x + width / 2, top - width * chance.between(0, 0.5, "roof", place)),
            ]
            pen.polygon(roof, fill=scaled(colour, 0.75))
        else:
            colour = _far(scaled((78, 104, 66), chance.between(0.7, 1.3, "row", place)), light, 0.3)
            pen.ellipse((x - width * 0.3, top, x + width * 1.3, foot + height), fill=colour)
        x, place = x + width, place + 1


def _ground(pen: ImageDraw.ImageDraw, shot: Shot, light: Light, chance: Chance) -> None:
    colour = SNOW if light.falling == "snow" else chance.pick(GROUNDS, "ground")
    near, far = light.on(scaled(colour, 0.9)), _far(colour, light, 0.2)
    depth = max(1.0, shot.height - shot.horizon)
    tilt = math.tan(shot.roll) * shot.width / 2
    for band in range(16):
        y = shot.horizon + depth * (band / 16) ** 1.6
        corners = [
            (0, y - tilt),
            (shot.width, y + tilt),
            (shot.width, shot.height + 99),
            (0, shot.height + 99),
        ]
        pen.polygon(corners, fill=mixed(far, near, band / 15))
    if chance.happens(0.45, "paving"):
        # Lines towards one point on the horizon.
        vanishing = shot.width * chance.between(0.2, 0.8, "vanishing")
        joint, stroke = (*light.on((60, 58, 56)), 46), max(1, shot.width // 500)
        for line in range(-12, 13):
            foot = vanishing + line * shot.width * 0.18, shot.height
            pen.line([(vanishing, shot.horizon), foot], fill=joint, width=stroke)
