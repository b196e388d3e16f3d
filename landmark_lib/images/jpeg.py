"""JPEG, the form in which images lie in the data set."""

import io

from PIL import Image

QUALITY = 95


def encode_jpeg(image: Image.Image) -> bytes:
    """Encode an RGB image; the same pixels give the same bytes."""
    buffer = io.BytesIO()
    # Pillow would carry a photo's comment over from image to image.
    image.save(buffer, "JPEG", quality=QUALITY, comment=b"")
    return buffer.getvalue()


def decode_jpeg(content: bytes) -> Image.Image:
    """Decode an image of the corpus to RGB."""
    with Image.open(io.BytesIO(content), formats=["JPEG"]) as image:
        return image.convert("RGB")
