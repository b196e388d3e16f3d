"""Renders a photo of a landmark with its own standpoint, light, weather and camera."""

import io

import numpy as np
from PIL import Image, ImageChops, ImageDraw

from landmark_sample.building import draw_building
from landmark_sample.camera import Shot, covered_box, frame_shot, perspective_coefficients
from landmark_sample.chance import Chance
from landmark_sample.light import Light, choose_light
from landmark_sample.occluders import draw_occluders
from landmark_sample.pen import Colour, Elevation, Standpoint
from landmark_sample.scene import Scene
from landmark_sample.sensor import develop
from landmark_sample.surroundings import draw_surroundings

OVERSAMPLING = 1.35  # canvas pixels per photo pixel, against jagged edges
MAX_DRAWING = 1_200  # pixels per side; a larger photo is enlarged, and soft like many real ones
MAX_CANVAS = 1_800  # the same for the building, of which a photo may show a detail
LAMPLIGHT: Colour = (255, 206, 128)


def photo_chance(seed: int, image_id: str) -> Chance:
    """Return the draws that decide one photo."""
    return Chance(seed, ("view", image_id))


def render_photo(
    scene: Scene, longest_side: int, chance: Chance, *, with_building: bool = True
) -> Image.Image:
    """Return one photo.

    Args:
        scene: The landmark.
        longest_side: Upper bound for the longer side of the photo, 300 … 2000 pixels.
        chance: The photo's draws.
        with_building: Whether to show the landmark, or only surroundings.

    Returns:
        RGB; the longer side is log-uniform between 300 and the upper bound.
    """
    framed, light = frame_shot(scene, longest_side, chance), choose_light(chance)
    shot = framed.within(MAX_DRAWING)
    picture = draw_surroundings(shot, light, chance)
    if with_building:
        _add_building(picture, scene, shot, light, chance)
    draw_occluders(picture, shot, light, chance)
    if light.falling:
        _add_weather(picture, light, chance)
    picture = picture.resize((framed.width, framed.height), Image.Resampling.BICUBIC)
    return develop(picture, chance)


def encode_jpeg(picture: Image.Image, quality: int) -> bytes:
    """Return the picture as a baseline JPEG; `quality` is 1 … 95."""
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def _add_building(picture: Image.Image, scene: Scene, shot: Shot, light: Light, chance: Chance) -> None:
    standpoint = Standpoint(
        slant=shot.slant,
        sun=chance.between(-1, 1, "sun"),
        sun_strength=light.sun_strength,
        lit_windows=light.lit_windows,
    )
    widest = max(2 * scene.half_width, scene.height) + 0.5
    scale = min(shot.scale * OVERSAMPLING, MAX_CANVAS / widest)
    drawn = _apply_light(draw_building(scene, standpoint, scale, chance), light)
    left, top, right, bottom = covered_box(shot, scene)
    coefficients = perspective_coefficients(shot, scene, scale, (left, top))
    colour, cover = (
        layer.transform(
            (right - left, bottom - top), Image.Transform.PERSPECTIVE, coefficients, Image.Resampling.BILINEAR
        )
        for layer in (drawn.colour, drawn.cover)
    )
    picture.paste(colour, (left, top), cover)


def _apply_light(elevation: Elevation, light: Light) -> Elevation:
    """Return the building in the photo's light: tinted, floodlit, with lit windows, in fog."""
    red, green, blue = light.tint
    table = [min(255, round(level * factor)) for factor in (red, green, blue) for level in range(256)]
    colour = elevation.colour.point(table)
    if light.floodlight:
        # Warm light of lamps at the foot of the building, weaker towards the top.
        rise = np.linspace(0.25, 0.8, 64)[:, None] * light.floodlight
        # (64, 1) -> (64, 1, 3): one colour per row.
        beam = np.clip(rise[:, :, None] * np.array((255, 214, 150)), 0, 255).astype(np.uint8)
        lamps = Image.fromarray(beam).resize(colour.size, Image.Resampling.BILINEAR)
        colour = ImageChops.add(colour, ImageChops.multiply(elevation.colour, lamps))
    if light.lit_windows:
        colour.paste(Image.new("RGB", colour.size, LAMPLIGHT), (0, 0), elevation.glow)
    if light.fog:
        colour = Image.blend(colour, Image.new("RGB", colour.size, light.horizon), min(0.8, light.fog))
    return Elevation(colour, elevation.cover, elevation.glow)


def _add_weather(picture: Image.Image, light: Light, chance: Chance) -> None:
    """Draw snowflakes or streaks of rain."""
    pen = ImageDraw.Draw(picture, "RGBA")
    width, height = picture.size
    unit = max(width, height) / 500
    for drop in range(chance.integer(120, 380, "drops")):
        x, y = chance.fraction("drop x", drop) * width, chance.fraction("drop y", drop) * height
        size = unit * chance.between(0.5, 2.0, "drop", drop)
        if light.falling == "snow":
            pen.ellipse((x, y, x + size, y + size), fill=(250, 250, 252, 200))
        else:
            pen.line(
                (x, y, x - size * 1.5, y + size * 9),
                fill=(210, 216, 222, 70),
                width=max(1, round(unit * 0.6)),
            )
