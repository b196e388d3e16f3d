"""A hash that survives what turns a photo into a near-duplicate: resizing, compression, loss of colour."""

import numpy as np
from PIL import Image

SIDE = 32  # pixels a side, from which the frequencies are computed
BITS = 64
# The lowest frequencies of the cosine transform as (down, across), without the mean, which is the brightness.
FREQUENCIES = sorted(
    ((down, across) for down in range(SIDE) for across in range(SIDE)),
    key=lambda pair: (sum(pair), max(pair), pair),
)[1 : BITS + 1]
DOWN, ACROSS = np.array(FREQUENCIES).T  # (64,) each
SCALE = 1 << 12
# (11, 32) both; whole numbers, because sums of floats differ between processors in their last bits
ANGLES = np.outer(np.arange(max(*DOWN, *ACROSS) + 1), 2 * np.arange(SIDE) + 1) * np.pi / (2 * SIDE)
COSINES = np.rint(SCALE * np.cos(ANGLES)).astype(np.int64)


def perceptual_hash(square: Image.Image) -> int:
    """Return the signs of the 64 lowest frequencies of an image's luma, as a signed integer of 64 bits.

    A plain image has the hash 0. Photos whose hashes differ in few bits look alike.
    """
    luma = np.asarray(square.convert("L").resize((SIDE, SIDE), Image.Resampling.BOX), np.int64)
    contrast = luma * luma.size - luma.sum()
    frequencies = COSINES @ contrast @ COSINES.T
    signs = frequencies[DOWN, ACROSS] > 0
    return int.from_bytes(np.packbits(signs).tobytes(), "big", signed=True)
