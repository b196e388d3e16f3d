"""Stateless randomness: every random choice is a keyed hash.

The state of a generator depends on how work is partitioned and ordered. A keyed draw depends only on its
arguments, so partitions, retries and restarts do not change it.
"""

import hashlib

DRAW_BITS = 64


def keyed_draw(seed: int, purpose: str, *keys: str | int) -> int:
    """Return a random number that depends only on the arguments.

    Args:
        seed: Seed of the data set or training.
        purpose: What the draw decides; different purposes are independent.
        *keys: What it is about: an image id, an epoch, a position.

    Returns:
        A uniform integer in 0 … 2**64 - 1.
    """
    # The lengths distinguish ("ab", "c") from ("a", "bc").
    parts = [str(part) for part in (seed, purpose, *keys)]
    message = "".join(f"{len(part)}:{part}" for part in parts)
    digest = hashlib.blake2b(message.encode("utf-8", "surrogatepass"), digest_size=DRAW_BITS // 8)
    return int.from_bytes(digest.digest(), "big")


def keyed_integer(low: int, high: int, seed: int, purpose: str, *keys: str | int) -> int:
    """Return a uniform integer in low … high, both included, drawn by `keyed_draw`.

    Raises:
        ValueError: low is above high.
    """
    if low > high:
        raise ValueError(f"expected low <= high, received {low} > {high}")
    return low + (keyed_draw(seed, purpose, *keys) * (high - low + 1) >> DRAW_BITS)


def keyed_fraction(seed: int, purpose: str, *keys: str | int) -> float:
    """Return a uniform number in [0, 1), drawn by `keyed_draw`, with the 53 bits of a float."""
    return (keyed_draw(seed, purpose, *keys) >> (DRAW_BITS - 53)) / float(1 << 53)
