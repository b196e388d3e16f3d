"""Images are stored as JPEGs that depend only on their pixels."""

import numpy as np
from PIL import Image

from landmark_lib.images.jpeg import decode_jpeg, encode_jpeg

# Grey noise, which is the hardest to compress.
NOISE = np.repeat(np.random.default_rng(0).integers(0, 256, (64, 48, 1), dtype=np.uint8), 3, axis=2)


def test_same_pixels_give_the_same_bytes_whatever_the_metadata():
    image, talkative = Image.fromarray(NOISE), Image.fromarray(NOISE)
    talkative.info.update(
        comment=b"taken by", exif=b"Exif\0\0II*\0", dpi=(300, 300), icc_profile=b"sRGB", progressive=1
    )
    assert encode_jpeg(talkative) == encode_jpeg(image)


def test_decoding_returns_even_noise_within_8_of_256_levels():
    decoded = decode_jpeg(encode_jpeg(Image.fromarray(NOISE)))
    assert (decoded.mode, decoded.size) == ("RGB", (48, 64))
    assert np.abs(np.asarray(decoded).astype(int) - NOISE).max() <= 8
