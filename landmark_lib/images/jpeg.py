"""JPEG, the format of the images in a data set."""

import io

from PIL import Image

QUALITY = 95


def encode_jpeg(image: Image.Image) -> bytes:
    """Return an RGB image as a JPEG; the same pixels give the same bytes."""
    buffer = io.BytesIO()
    # Pillow would keep the comment of a photo.
    image.save(buffer, "JPEG", quality=QUALITY, comment=b"")
    return buffer.getvalue()


def decode_jpeg(content: bytes) -> Image.Image:
    """Return an image of the corpus in RGB."""
    with Image.open(io.BytesIO(content), formats=["JPEG"]) as image:
        return image.convert("RGB")
