"""Keyed draws about one thing, such as a landmark or a photo."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from landmark_lib.draws import keyed_draw, keyed_fraction, keyed_integer

Option = TypeVar("Option")
Key = str | int


@dataclass(frozen=True)
class Chance:
    """Draws that depend only on the seed, the thing they are about and their purpose.

    Attributes:
        seed: Seed of the sample.
        about: Keys of the thing, such as ("view", image id).
    """

    seed: int
    about: tuple[Key, ...]

    def fraction(self, purpose: str, *keys: Key) -> float:
        """Return a uniform number in [0, 1)."""
        return keyed_fraction(self.seed, f"sample {purpose}", *self.about, *keys)

    def between(self, low: float, high: float, purpose: str, *keys: Key) -> float:
        """Return a uniform number in [low, high)."""
        return low + (high - low) * self.fraction(purpose, *keys)

    def integer(self, low: int, high: int, purpose: str, *keys: Key) -> int:
        """Return a uniform integer in low … high, both included."""
        return keyed_integer(low, high, self.seed, f"sample {purpose}", *self.about, *keys)

    def pick(self, options: Sequence[Option], purpose: str, *keys: Key) -> Option:
        """Return one of the options, all equally likely."""
        return options[self.integer(0, len(options) - 1, purpose, *keys)]

    def happens(self, probability: float, purpose: str, *keys: Key) -> bool:
        """Return True with this probability."""
        return self.fraction(purpose, *keys) < probability

    def generator(self, purpose: str) -> np.random.Generator:
        """Return a generator for one array of noise; use it only once, so that its state does not matter."""
        return np.random.Generator(np.random.PCG64(keyed_draw(self.seed, f"sample {purpose}", *self.about)))
