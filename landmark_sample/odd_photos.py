"""Odd files, as in real corpora: which photos of a sample are odd, and their encoding."""

import io
from collections.abc import Callable
from enum import Enum
from functools import partial
from itertools import cycle

from PIL import Image, ImageDraw

from landmark_sample.chance import Chance
from landmark_sample.label_counts import labels_without_pixels

MIN_PHOTOS_WITH_ODD_ONES = 100
MIN_LABEL_WITH_UNREADABLE_PHOTO = 12
TRUNCATED_SHARE = 0.6
EXIF_ORIENTATION = 0x0112


class Oddity(Enum):
    """What is odd about a photo; the value describes it."""

    CMYK = "JPEG in CMYK"
    GREYSCALE = "JPEG of one channel"
    PROGRESSIVE = "progressive JPEG"
    TURNED_RIGHT = "JPEG to be turned by EXIF orientation 6"
    UPSIDE_DOWN = "JPEG to be turned by EXIF orientation 3"
    ALPHA = "PNG with alpha"
    TRUNCATED = "JPEG cut short"
    EMPTY = "file of zero bytes"
    HTML = "HTML page named .jpg"

    @property
    def is_readable(self) -> bool:
        """Whether the file contains a complete picture."""
        return self not in UNREADABLE

    @property
    def suffix(self) -> str:
        """The suffix of the file."""
        return ".png" if self is Oddity.ALPHA else ".jpg"


UNREADABLE = (Oddity.TRUNCATED, Oddity.TRUNCATED, Oddity.EMPTY, Oddity.HTML)
READABLE = (
    *(Oddity.CMYK, Oddity.CMYK),
    *(Oddity.GREYSCALE, Oddity.GREYSCALE),
    *(Oddity.PROGRESSIVE, Oddity.PROGRESSIVE),
    *(Oddity.TURNED_RIGHT, Oddity.UPSIDE_DOWN),
    Oddity.ALPHA,
)


def odd_photos(labels: int, photos: int, seed: int) -> dict[str, Oddity]:
    """Return which photos of a sample are odd; each replaces a normal one.

    They are distributed over the labels at random. No label has more than one unreadable photo, and no label
    with fewer than 12 photos has any. So a sample with fewer than four larger labels has fewer unreadable
    photos.

    Args:
        labels: Number of landmarks.
        photos: Number of photos; with fewer than 100, none is odd.
        seed: Seed of the sample.

    Returns:
        Oddity by image id.
    """
    if photos < MIN_PHOTOS_WITH_ODD_ONES:
        return {}
    image_ids: dict[str, list[str]] = {}
    for image_id, landmark_id in labels_without_pixels(labels, photos, seed):
        image_ids.setdefault(landmark_id, []).append(image_id)
    chance = Chance(seed, ("odd photos",))
    drawn = sorted(image_ids, key=lambda label: (chance.fraction("label", label), label))
    by_label = [sorted(image_ids[label], key=lambda i: (chance.fraction("photo", i), i)) for label in drawn]
    large = [ids for ids in by_label if len(ids) >= MIN_LABEL_WITH_UNREADABLE_PHOTO]
    plan = {ids.pop(): oddity for oddity, ids in zip(UNREADABLE, large, strict=False)}
    # Cycle through the labels that have photos left.
    places = (ids for ids in cycle(by_label) if ids)
    plan.update({next(places).pop(): oddity for oddity in READABLE})
    return plan


def encode_odd_photo(oddity: Oddity, picture: Image.Image, quality: int) -> bytes:
    """Return the file of an odd photo.

    Args:
        oddity: What is odd about it.
        picture: RGB, upright.
        quality: JPEG quality, 1 … 95.
    """
    return ENCODERS[oddity](picture, quality)


def _jpeg(picture: Image.Image, quality: int, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=quality, **options)
    return buffer.getvalue()


def _turned(picture: Image.Image, quality: int, *, turn: Image.Transpose, orientation: int) -> bytes:
    exif = Image.Exif()
    exif[EXIF_ORIENTATION] = orientation
    return _jpeg(picture.transpose(turn), quality, exif=exif)


def _png_with_alpha(picture: Image.Image, _quality: int) -> bytes:
    """Return the picture with transparent, rounded corners."""
    cover = Image.new("L", picture.size, 0)
    corners = 0, 0, picture.width - 1, picture.height - 1
    ImageDraw.Draw(cover).rounded_rectangle(corners, radius=min(picture.size) // 8, fill=255)
    picture = picture.copy()
    picture.putalpha(cover)
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def _truncated(picture: Image.Image, quality: int) -> bytes:
    whole = _jpeg(picture, quality)
    return whole[: round(len(whole) * TRUNCATED_SHARE)]


NOT_FOUND = b"<!DOCTYPE html>\n<html><head><title>404 Not Found</title></head><body>Not Found</body></html>\n"
ENCODERS: dict[Oddity, Callable[[Image.Image, int], bytes]] = {
    Oddity.CMYK: lambda picture, quality: _jpeg(picture.convert("CMYK"), quality),
    Oddity.GREYSCALE: lambda picture, quality: _jpeg(picture.convert("L"), quality),
    Oddity.PROGRESSIVE: lambda picture, quality: _jpeg(picture, quality, progressive=True),
    # A viewer turns orientation 6 by a quarter clockwise, so the pixels are turned the other way.
    Oddity.TURNED_RIGHT: partial(_turned, turn=Image.Transpose.ROTATE_90, orientation=6),
    Oddity.UPSIDE_DOWN: partial(_turned, turn=Image.Transpose.ROTATE_180, orientation=3),
    Oddity.ALPHA: _png_with_alpha,
    Oddity.TRUNCATED: _truncated,
    Oddity.EMPTY: lambda _picture, _quality: b"",
    Oddity.HTML: lambda _picture, _quality: NOT_FOUND,
}
