"""The odd files that real corpora have: which photos of a sample are odd, and how they are made."""

import io
from collections.abc import Callable, Iterable
from enum import Enum
from itertools import cycle

from PIL import Image, ImageDraw

from landmark_sample.chance import Chance
from landmark_sample.label_counts import labels_without_pixels

SMALLEST_SAMPLE_WITH_ODD_PHOTOS = 100
SMALLEST_LABEL_LOSING_A_PHOTO = 12
TRUNCATED_SHARE = 0.6
EXIF_ORIENTATION = 0x0112


class Oddity(Enum):
    """What is odd about a photo; the value says it in words."""

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
        """Whether the file holds a whole picture."""
        return self not in UNREADABLE

    @property
    def suffix(self) -> str:
        """How the file's name ends."""
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
    """Plan the odd photos of a sample; each replaces a normal one.

    They are spread over the labels by draw. No label loses more than one photo to an unreadable file,
    and none with fewer than 12 photos loses any, so a sample with fewer than four larger labels has
    fewer unreadable files.

    Args:
        labels: Number of landmarks.
        photos: Number of photos; a sample of fewer than 100 has no odd ones.
        seed: Seed of the sample.

    Returns:
        Oddity by image id.
    """
    if photos < SMALLEST_SAMPLE_WITH_ODD_PHOTOS:
        return {}
    by_label = _photos_by_label(labels_without_pixels(labels, photos, seed), seed)
    large = [ids for ids in by_label if len(ids) >= SMALLEST_LABEL_LOSING_A_PHOTO]
    plan = {ids.pop(): oddity for oddity, ids in zip(UNREADABLE, large, strict=False)}
    # Around the labels, passing over those that have no photo left.
    places = (ids for ids in cycle(by_label) if ids)
    plan.update({next(places).pop(): oddity for oddity in READABLE})
    return plan


def _photos_by_label(rows: Iterable[tuple[str, str]], seed: int) -> list[list[str]]:
    """Image ids of each label; labels and ids in drawn order."""
    chance = Chance(seed, ("odd photos",))
    by_label: dict[str, list[str]] = {}
    for image_id, landmark_id in rows:
        by_label.setdefault(landmark_id, []).append(image_id)
    drawn = sorted(by_label, key=lambda label: (chance.fraction("label", label), label))
    return [sorted(by_label[label], key=lambda i: (chance.fraction("photo", i), i)) for label in drawn]


def encode_odd_photo(oddity: Oddity, picture: Image.Image, quality: int) -> bytes:
    """The file of an odd photo.

    Args:
        oddity: What is odd.
        picture: RGB, upright.
        quality: Of JPEG, 1 … 95.
    """
    return ENCODERS[oddity](picture, quality)


def _jpeg(picture: Image.Image, quality: int, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=quality, **options)
    return buffer.getvalue()


def _cmyk(picture: Image.Image, quality: int) -> bytes:
    return _jpeg(picture.convert("CMYK"), quality)


def _greyscale(picture: Image.Image, quality: int) -> bytes:
    return _jpeg(picture.convert("L"), quality)


def _progressive(picture: Image.Image, quality: int) -> bytes:
    return _jpeg(picture, quality, progressive=True)


def _with_orientation(picture: Image.Image, quality: int, orientation: int) -> bytes:
    exif = Image.Exif()
    exif[EXIF_ORIENTATION] = orientation
    return _jpeg(picture, quality, exif=exif)


def _turned_right(picture: Image.Image, quality: int) -> bytes:
    # Orientation 6 asks the viewer for a quarter turn clockwise, so the pixels lie the other way.
    return _with_orientation(picture.transpose(Image.Transpose.ROTATE_90), quality, 6)


def _upside_down(picture: Image.Image, quality: int) -> bytes:
    return _with_orientation(picture.transpose(Image.Transpose.ROTATE_180), quality, 3)


def _png_with_alpha(picture: Image.Image, _quality: int) -> bytes:
    """The picture with its corners rounded off to nothing."""
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


def _empty(_picture: Image.Image, _quality: int) -> bytes:
    return b""


def _html(_picture: Image.Image, _quality: int) -> bytes:
    return b"<!DOCTYPE html>\n<html><head><title>404 Not Found</title></head><body>Not Found</body></html>\n"


ENCODERS: dict[Oddity, Callable[[Image.Image, int], bytes]] = {
    Oddity.CMYK: _cmyk,
    Oddity.GREYSCALE: _greyscale,
    Oddity.PROGRESSIVE: _progressive,
    Oddity.TURNED_RIGHT: _turned_right,
    Oddity.UPSIDE_DOWN: _upside_down,
    Oddity.ALPHA: _png_with_alpha,
    Oddity.TRUNCATED: _truncated,
    Oddity.EMPTY: _empty,
    Oddity.HTML: _html,
}
