"""Things between the photographer and the building: trees, people, lamp posts, a bus.

Each is a sprite drawn at twice its size and reduced, which smooths its edges.
"""

from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image, ImageDraw

from landmark_sample.camera import Shot
from landmark_sample.chance import Chance
from landmark_sample.light import Light
from landmark_sample.pen import Colour, scaled

LEAVES: tuple[Colour, ...] = ((72, 104, 56), (96, 122, 64), (58, 88, 62), (168, 110, 50), (146, 132, 62))
CLOTHES: tuple[Colour, ...] = (
    (178, 52, 48),
    (52, 74, 128),
    (226, 214, 196),
    (48, 50, 54),
    (206, 160, 60),
    (96, 124, 104),
)
SKIN: tuple[Colour, ...] = ((232, 192, 164), (190, 142, 110), (120, 82, 62))
BUSES: tuple[Colour, ...] = ((190, 44, 40), (232, 196, 60), (60, 108, 168), (226, 226, 222))
MAX_SPRITE = 1600  # pixels


def draw_occluders(picture: Image.Image, shot: Shot, light: Light, chance: Chance) -> None:
    """Draw the things in front of the building onto a picture, the furthest first."""
    for crowd in CROWDS:
        if chance.happens(crowd.probability, "has", crowd.kind):
            for number in range(chance.integer(1, crowd.most, "number", crowd.kind)):
                _place(picture, shot, light, chance, crowd, f"{crowd.kind} {number}")


Drawer = Callable[[ImageDraw.ImageDraw, int, int, Light, Chance, str], None]


@dataclass(frozen=True)
class Crowd:
    """One kind of thing in front of the building: how often it appears, and its size.

    Attributes:
        kind: Its name.
        drawer: Draws one.
        probability: Share of photos with any.
        most: Maximum number in one photo.
        heights: Minimum and maximum height at the building, units.
        ratio: Width over height.
        is_close: Whether it stands close to the camera, cut off by the lower edge of the photo.
    """

    kind: str
    drawer: Drawer
    probability: float
    most: int
    heights: tuple[float, float]
    ratio: float
    is_close: bool = False


def _place(picture: Image.Image, shot: Shot, light: Light, chance: Chance, crowd: Crowd, key: str) -> None:
    """Draw one thing; a nearer one is larger and lower in the photo."""
    nearness = chance.fraction(key, "near")
    wanted = shot.scale * chance.between(*crowd.heights, key, "height") * (1 + 1.3 * nearness)
    height = round(min(MAX_SPRITE, max(6.0, wanted)))
    width = max(4, round(height * crowd.ratio))
    sprite = Image.new("RGBA", (2 * width, 2 * height), (*light.on((90, 94, 80)), 0))
    crowd.drawer(ImageDraw.Draw(sprite), 2 * width, 2 * height, light, chance, key)
    sprite = sprite.reduce(2)
    below = max(0.0, shot.height - shot.ground) * 0.9
    foot = shot.height * 1.1 if crowd.is_close else shot.ground + shot.scale * 0.03 + below * nearness
    x = round(shot.width * chance.between(-0.05, 1.05, key, "x") - width / 2)
    picture.paste(sprite, (x, round(foot) - height), sprite)


def _tree(pen: ImageDraw.ImageDraw, width: int, height: int, light: Light, chance: Chance, key: str) -> None:
    leaf = (240, 242, 246) if light.falling == "snow" else chance.pick(LEAVES, key, "leaf")
    trunk = light.on((84, 66, 52))
    pen.polygon(
        [
            (width * 0.47, height * 0.5),
            (width * 0.53, height * 0.5),
            (width * 0.56, height),
            (width * 0.44, height),
        ],
        fill=trunk,
    )
    if chance.happens(0.3, key, "fir"):
        for tier in range(5):
            half, top = width * (0.14 + 0.065 * tier), height * 0.15 * tier
            corners = [
                (width / 2, top),
                (width / 2 + half, top + height * 0.28),
                (width / 2 - half, top + height * 0.28),
            ]
            pen.polygon(corners, fill=light.on(scaled(leaf, 0.65 + 0.05 * tier)))
        return
    for blob in range(34):
        x = width * (0.5 + chance.between(-0.3, 0.3, key, "x", blob))
        y = height * (0.36 + chance.between(-0.22, 0.22, key, "y", blob))
        radius = width * chance.between(0.08, 0.18, key, "radius", blob)
        shade = 0.72 + 0.4 * (0.6 - y / height) + chance.between(-0.12, 0.12, key, "shade", blob)
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=light.on(scaled(leaf, shade)))


def _person(
    pen: ImageDraw.ImageDraw, width: int, height: int, light: Light, chance: Chance, key: str
) -> None:
    coat, legs = chance.pick(CLOTHES, key, "coat"), chance.pick(CLOTHES, key, "legs")
    skin, hair = (
        chance.pick(SKIN, key, "skin"),
        chance.pick(((40, 32, 28), (120, 88, 52), (200, 176, 120)), key, "hair"),
    )
    stride = width * chance.between(0.04, 0.2, key, "stride")
    middle = width / 2
    for side in (-1, 1):
        leg = [(middle, height * 0.5), (middle + side * width * 0.2, height * 0.5)]
        leg += [(middle + side * (stride + width * 0.14), height), (middle + side * stride * 0.7, height)]
        pen.polygon(leg, fill=light.on(scaled(legs, 0.8)))
    body = (width * 0.22, height * 0.19, width * 0.78, height * 0.58)
    pen.rounded_rectangle(body, radius=max(1, width // 6), fill=light.on(coat))
    head = height * 0.075
    pen.ellipse((middle - head, height * 0.03, middle + head, height * 0.2), fill=light.on(skin))
    pen.pieslice(
        (middle - head * 1.1, height * 0.01, middle + head * 1.1, height * 0.19),
        180,
        360,
        fill=light.on(hair),
    )


def _lamp(
    pen: ImageDraw.ImageDraw, width: int, height: int, light: Light, _chance: Chance, _key: str
) -> None:
    iron, middle = light.on((52, 56, 56)), width / 2
    pen.rectangle((middle - width * 0.035, height * 0.1, middle + width * 0.035, height), fill=iron)
    pen.rectangle((middle - width * 0.1, height * 0.93, middle + width * 0.1, height), fill=iron)
    globe: Colour = (255, 226, 160) if light.lit_windows > 0.25 else light.on((226, 224, 214))
    pen.ellipse(
        (middle - width * 0.17, height * 0.02, middle + width * 0.17, height * 0.02 + width * 0.36),
        fill=globe,
    )


def _bus(pen: ImageDraw.ImageDraw, width: int, height: int, light: Light, chance: Chance, key: str) -> None:
    paint = light.on(chance.pick(BUSES, key, "paint"))
    pen.rounded_rectangle((0, 0, width - 1, height * 0.88), radius=max(1, height // 8), fill=paint)
    glass: Colour = (240, 214, 150) if light.lit_windows > 0.25 else light.on((66, 80, 94))
    for pane in range(7):
        left = width * (0.03 + pane * 0.137)
        pen.rectangle((left, height * 0.14, left + width * 0.115, height * 0.46), fill=glass)
    for wheel in (0.2, 0.78):
        x, radius = width * wheel, height * 0.15
        pen.ellipse((x - radius, height - 2 * radius, x + radius, height - 1), fill=light.on((34, 34, 36)))


CROWDS = (
    Crowd("tree", _tree, 0.4, 3, (0.3, 0.6), 0.8),
    Crowd("bus", _bus, 0.12, 1, (0.22, 0.3), 2.6),
    Crowd("lamp", _lamp, 0.25, 3, (0.4, 0.6), 0.3),
    Crowd("person", _person, 0.65, 14, (0.1, 0.14), 0.42),
    Crowd("visitor", _person, 0.07, 1, (0.4, 0.6), 0.42, is_close=True),
)
