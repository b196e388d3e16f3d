"""The light and weather of one photo; both vary far more within a landmark than between landmarks."""

from dataclasses import dataclass, replace

from landmark_sample.chance import Chance
from landmark_sample.pen import Colour


@dataclass(frozen=True)
class Light:
    """The light and weather of a photo.

    Attributes:
        zenith, horizon: Colours of the sky, top and bottom.
        tint: Factors for red, green and blue of lit surfaces.
        sun_strength: From 0, no shadows, to 1, hard shadows.
        clouds: Share of the sky under clouds.
        cloud: Colour of the clouds.
        fog: Opacity of fog, in the horizon's colour, before the building.
        lit_windows: Share of the windows that are lit.
        floodlight: Strength of lamps at the foot of the building, 0 … 1.
        falling: "", "snow" or "rain".
        stars: Whether stars are visible.
    """

    zenith: Colour
    horizon: Colour
    tint: tuple[float, float, float] = (1.0, 1.0, 1.0)
    sun_strength: float = 0.6
    clouds: float = 0.4
    cloud: Colour = (245, 245, 248)
    fog: float = 0.0
    lit_windows: float = 0.0
    floodlight: float = 0.0
    falling: str = ""
    stars: bool = False

    def on(self, colour: Colour) -> Colour:
        """Return a colour in this light."""
        red, green, blue = (
            min(255, round(part * factor)) for part, factor in zip(colour, self.tint, strict=True)
        )
        return red, green, blue


LIGHTS = (
    Light((64, 120, 196), (178, 208, 236), (1.06, 1.03, 0.98), 0.9, 0.25),
    Light((92, 150, 210), (214, 226, 236), (1.0, 1.0, 1.0), 0.7, 0.5),
    Light((148, 158, 170), (206, 210, 214), (0.84, 0.86, 0.9), 0.15, 0.9, (188, 192, 198)),
    Light((176, 176, 172), (222, 220, 214), (0.92, 0.91, 0.88), 0.1, 0.8, (210, 208, 204)),
    Light((84, 96, 150), (252, 190, 120), (1.15, 0.9, 0.66), 1.0, 0.45, (250, 190, 150)),
    Light((70, 62, 110), (232, 130, 110), (0.74, 0.56, 0.6), 0.5, 0.5, (180, 110, 120), 0.1, 0.35),
    Light((24, 34, 78), (80, 96, 150), (0.34, 0.38, 0.56), 0.1, 0.3, (60, 72, 112), 0.0, 0.6, 0.8),
    Light((6, 8, 22), (28, 30, 52), (0.2, 0.22, 0.32), 0.0, 0.2, (30, 32, 46), 0.0, 0.5, 1.0, "", stars=True),
    Light((190, 194, 198), (206, 208, 210), (0.86, 0.88, 0.9), 0.0, 0.2, (210, 212, 214), 0.45, 0.1),
    Light(
        (170, 178, 190),
        (220, 224, 230),
        (0.88, 0.91, 0.98),
        0.1,
        0.7,
        (214, 218, 224),
        0.25,
        0.2,
        0.0,
        "snow",
    ),
    Light(
        (104, 112, 124),
        (160, 166, 172),
        (0.66, 0.69, 0.74),
        0.0,
        0.95,
        (130, 136, 144),
        0.2,
        0.3,
        0.0,
        "rain",
    ),
)


DAYLIGHTS = 5  # the first five are twice as frequent


def choose_light(chance: Chance) -> Light:
    """Return one of the lights with small changes of colours and strengths."""
    light = chance.pick((*LIGHTS, *LIGHTS[:DAYLIGHTS]), "light")
    strength = chance.between(0.85, 1.12, "light strength")
    red, green, blue = (
        part * strength * chance.between(0.93, 1.07, "tint", i) for i, part in enumerate(light.tint)
    )
    return replace(
        light,
        tint=(red, green, blue),
        zenith=_shift(light.zenith, chance, "zenith"),
        horizon=_shift(light.horizon, chance, "horizon"),
        clouds=min(1.0, light.clouds * chance.between(0.3, 1.5, "clouds")),
        fog=light.fog * chance.between(0.6, 1.25, "fog"),
        lit_windows=light.lit_windows * chance.between(0.5, 1.5, "lit windows"),
    )


def _shift(colour: Colour, chance: Chance, name: str) -> Colour:
    red, green, blue = (
        max(0, min(255, part + chance.integer(-18, 18, name, i))) for i, part in enumerate(colour)
    )
    return red, green, blue
