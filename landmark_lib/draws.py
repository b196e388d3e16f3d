"""Chance without state: every random choice is a keyed hash.

A generator's state depends on how the work was cut up and in which order it was done; a keyed draw
depends on nothing but its arguments, so any partitioning, retry or restart draws the same.
"""

import hashlib

DRAW_BITS = 64


def keyed_draw(seed: int, purpose: str, *keys: str | int) -> int:
    """Draw a number that the arguments alone decide.

    Args:
        seed: Seed of the data set or training.
        purpose: What the draw is for; different purposes give independent draws.
        *keys: What is drawn for: an image id, an epoch, a position.

    Returns:
        A uniform integer in 0 … 2**64 - 1.
    """
    # Lengths in front keep ("ab", "c") and ("a", "bc") apart.
    parts = [str(part) for part in (seed, purpose, *keys)]
    message = "".join(f"{len(part)}:{part}" for part in parts)
    digest = hashlib.blake2b(message.encode("utf-8", "surrogatepass"), digest_size=DRAW_BITS // 8)
    return int.from_bytes(digest.digest(), "big")


def keyed_integer(low: int, high: int, seed: int, purpose: str, *keys: str | int) -> int:
    """Draw a uniform integer in low … high, both included, as `keyed_draw` does.

    Raises:
        ValueError: low is above high.
    """
    if low > high:
        raise ValueError(f"expected low <= high, got {low} > {high}")
    return low + (keyed_draw(seed, purpose, *keys) * (high - low + 1) >> DRAW_BITS)


def keyed_fraction(seed: int, purpose: str, *keys: str | int) -> float:
    """Draw a uniform number in [0, 1) as `keyed_draw` does, with the 53 bits a float holds."""
    return (keyed_draw(seed, purpose, *keys) >> (DRAW_BITS - 53)) / float(1 << 53)
