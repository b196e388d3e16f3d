"""The views of a photo that networks see: an option of every job that predicts."""

from typing import Any, Literal

from landmark_lib.settings.declare import setting

Views = Literal["plain", "flip", "scales"]
PLAIN: Views = "plain"
FLIP: Views = "flip"
SCALES: Views = "scales"


def views_setting() -> Any:
    """Declare the field `views`."""
    return setting(
        PLAIN,
        "Views of each photo over which features are averaged: 'plain' (the photo alone), 'flip' (also its"
        " mirror image, about 2 x the time) or 'scales' (both also enlarged by 10/7, about 6 x the time).",
    )
