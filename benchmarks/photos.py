"""Synthetic photos for the benchmarks: the spectrum of photographs, busy and calm areas, noise."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

CONTRAST, TINGE = 52, 12  # standard deviation of luma and of both chroma channels, levels of 256
FALL = 1.15  # amplitude falls with this power of the frequency, as in photographs of landscapes and buildings
BLUR = 0.7  # by lens and sensor: standard deviation in pixels
# How much the local contrast of details smaller than a patch varies (standard deviation of its logarithm), as
# between sky and foliage. Files then have 1.5 to 1.8 bits per pixel at quality 90, slightly more than real
# photos: the median of large ones is 1.3, and Google Landmarks has 280 kB per photo.
UNEVENNESS = 1.2
PATCH = 32  # pixels

Plane = NDArray[np.float64]


def made_up_photo(
    width: int, height: int, seed: int, noise: float = 1.0, blur: float = BLUR, unevenness: float = UNEVENNESS
) -> Image.Image:
    """Make one photo.

    Args:
        width: In pixels.
        height: In pixels.
        seed: Determines every pixel.
        noise: Standard deviation of the sensor noise, levels of 256.
        blur: By lens and sensor, standard deviation in pixels.
        unevenness: Standard deviation of the logarithm of the local contrast.

    Returns:
        RGB image.
    """
    random = np.random.default_rng(seed)
    contrast = np.exp(unevenness * _clouds(width, height, random, 1.6))
    contrast /= np.sqrt(np.mean(contrast**2))
    brightness, blue, red = (_uneven(_clouds(width, height, random, FALL, blur), contrast) for _ in range(3))
    luma, cb, cr = 128 + CONTRAST * brightness, TINGE * blue, TINGE * red
    # (height, width, 3), by JPEG's own equations
    pixels = np.stack([luma + 1.402 * cr, luma - 0.344 * cb - 0.714 * cr, luma + 1.772 * cb], axis=-1)
    pixels += random.normal(0, noise, pixels.shape)
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def _frequencies(width: int, height: int) -> Plane:
    return np.hypot(np.fft.fftfreq(height)[:, np.newaxis], np.fft.rfftfreq(width))


def _clouds(width: int, height: int, random: np.random.Generator, fall: float, blur: float = 0) -> Plane:
    """Make a plane with mean 0 and standard deviation 1 whose amplitudes fall with the frequency."""
    frequency = _frequencies(width, height)
    frequency[0, 0] = np.inf
    amplitude = 1 / frequency**fall
    frequency[0, 0] = 0
    amplitude *= np.exp(-2 * (np.pi * blur * frequency) ** 2)
    phase = random.uniform(0, 2 * np.pi, frequency.shape)
    plane = np.fft.irfft2(amplitude * np.exp(1j * phase), (height, width))
    return plane / plane.std()


def _uneven(plane: Plane, contrast: Plane) -> Plane:
    """Multiply details smaller than a patch by the local contrast."""
    height, width = plane.shape
    coarse = np.exp(-((PATCH * _frequencies(width, height)) ** 2))
    broad = np.fft.irfft2(np.fft.rfft2(plane) * coarse, plane.shape)
    return broad + (plane - broad) * contrast


def encoded(image: Image.Image, file_format: str, **options: object) -> bytes:
    """Return the encoded bytes of an image."""
    buffer = io.BytesIO()
    image.save(buffer, file_format, **options)
    return buffer.getvalue()
