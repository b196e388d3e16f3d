"""Photos for the benchmarks, made up: the spectrum of natural photographs, with noise."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

CONTRAST, TINGE = 52, 12  # standard deviation of brightness and of both colour differences, levels of 256
FALL = 1.15  # amplitude falls with the frequency to this power, as in photographs of landscapes and buildings


def made_up_photo(width: int, height: int, seed: int, noise: float = 2.0) -> Image.Image:
    """Make one photo.

    Args:
        width: In pixels.
        height: In pixels.
        seed: Decides every pixel.
        noise: Standard deviation of the sensor's noise, levels of 256.

    Returns:
        RGB image.
    """
    random = np.random.default_rng(seed)
    brightness, blue, red = (_clouds(width, height, random) for _ in range(3))
    luma, cb, cr = 128 + CONTRAST * brightness, TINGE * blue, TINGE * red
    # (height, width, 3), by JPEG's own equations
    pixels = np.stack([luma + 1.402 * cr, luma - 0.344 * cb - 0.714 * cr, luma + 1.772 * cb], axis=-1)
    pixels += random.normal(0, noise, pixels.shape)
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def _clouds(width: int, height: int, random: np.random.Generator) -> NDArray[np.float64]:
    """Make a plane of mean 0 and standard deviation 1 whose amplitudes fall with the frequency."""
    frequency = np.hypot(np.fft.fftfreq(height)[:, np.newaxis], np.fft.rfftfreq(width))
    frequency[0, 0] = np.inf
    phase = random.uniform(0, 2 * np.pi, frequency.shape)
    plane = np.fft.irfft2(np.exp(1j * phase) / frequency**FALL, (height, width))
    return plane / plane.std()


def encoded(image: Image.Image, file_format: str, **options: object) -> bytes:
    """Give the file of an image."""
    buffer = io.BytesIO()
    image.save(buffer, file_format, **options)
    return buffer.getvalue()
