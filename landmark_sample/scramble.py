"""Permutations that are too large to store: each place is computed."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from landmark_lib.draws import keyed_draw

Integers = npt.NDArray[np.uint64]

ROUNDS = 6
MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)  # 2**64 / golden ratio, odd


@dataclass(frozen=True)
class Scramble:
    """A permutation of 0 … size - 1, decided by the seed and the purpose.

    A Feistel network permutes the next even power of two. A place beyond the size is permuted again until it
    falls inside, which keeps it a permutation.

    Attributes:
        size: Number of positions, at most 2**64.
        seed: Seed of the sample.
        purpose: What is permuted.
    """

    size: int
    seed: int
    purpose: str

    def places(self, positions: Integers) -> Integers:
        """Return the place of each position; distinct positions have distinct places."""
        places = self._permute(positions)
        if self.size < 1 << (2 * self._half_bits):
            while (outside := places >= np.uint64(self.size)).any():
                places[outside] = self._permute(places[outside])
        return places

    @property
    def _half_bits(self) -> int:
        return max(1, ((self.size - 1).bit_length() + 1) // 2)

    def _permute(self, numbers: Integers) -> Integers:
        shift = np.uint64(self._half_bits)
        mask = np.uint64((1 << self._half_bits) - 1)
        left, right = numbers >> shift, numbers & mask
        for turn in range(ROUNDS):
            key = np.uint64(keyed_draw(self.seed, f"sample {self.purpose}", turn))
            # Wraps around at 64 bits; the high bits of the product are well mixed.
            mixed = (right ^ key) * MULTIPLIER
            mixed = (mixed ^ (mixed >> np.uint64(29))) * MULTIPLIER
            left, right = right, left ^ ((mixed >> np.uint64(32)) & mask)
        return (left << shift) | right
