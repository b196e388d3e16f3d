"""Squares are close to full decoding and Lanczos resizing, for each photo."""

import io
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from landmark_lib.images.colour import to_srgb
from landmark_lib.images.decode import decode_square
from landmark_sample import design_scene, photo_chance, render_photo
from landmark_sample.view import encode_jpeg

REAL_DATA = os.environ.get("LANDMARK_REAL_DATA")
SIDE = 250


def reference(content):
    photo = Image.open(io.BytesIO(content))
    profile = photo.info.get("icc_profile")
    photo = ImageOps.exif_transpose(photo)
    photo = photo if photo.mode in {"RGB", "L", "CMYK"} else photo.convert("RGB")
    length = min(photo.size)
    left, top = (photo.width - length) / 2, (photo.height - length) / 2
    box = (left, top, left + length, top + length)
    return to_srgb(photo.resize((SIDE, SIDE), Image.Resampling.LANCZOS, box), profile)


def psnr(content):
    """Return the PSNR in dB, 99 for equal pixels, and the shorter side of the photo."""
    square, *size = decode_square(content, SIDE, max_pixels=200_000_000)
    error = np.asarray(square).astype(float) - np.asarray(reference(content)).astype(float)
    return min(99.0, 10 * np.log10(255**2 / max(np.mean(error**2), 1e-9))), min(size)


def check(ratios, name):
    ratios = np.sort(ratios)
    print(
        f"{len(ratios)} {name} photos: median {np.median(ratios):.1f} dB, 99 of 100 from"
        f" {np.quantile(ratios, 0.01):.1f} dB, least {ratios[0]:.1f} dB"
    )
    assert np.median(ratios) >= 42
    assert np.mean(ratios >= 36) >= 0.99


def test_sample_photos_are_close_to_full_decoding():
    ratios = []
    for number in range(16):
        photo = render_photo(design_scene(0, f"place {number}"), 2000, photo_chance(0, f"photo {number}"))
        ratios.append(psnr(encode_jpeg(photo, quality=90))[0])
    check(ratios, "sample")


@pytest.mark.skipif(not REAL_DATA, reason="LANDMARK_REAL_DATA names no folder of real photos")
def test_real_photos_are_close_to_full_decoding():
    paths = sorted(Path(REAL_DATA).glob("photos/*/*.jpg"))
    # All photos, and the large ones separately: small ones are always decoded fully.
    measured = [psnr(path.read_bytes()) for path in paths]
    check([ratio for ratio, _ in measured], "real")
    check([ratio for ratio, shorter_side in measured if shorter_side >= 700], "large real")
