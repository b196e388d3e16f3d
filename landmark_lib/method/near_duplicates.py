"""Which photos are near-duplicates: pairs of similar hashes, found without comparing all pairs.

Hashes that differ in at most t bits agree in one of t + 1 bands of bits (pigeonhole principle), so only
hashes that agree in a band are compared. Where many agree, they are split by further bands in the same way.
The paper has no such step: it holds out photos whatever they resemble.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

# Bits. With 6, no two different photos of 2,260 real ones count as near-duplicates (benchmarks/RESULTS.md,
# near_duplicates); the first that do differ in 10.
MAX_DISTANCE = 6
BITS = 64
# Hashes that agree in a band are compared pair by pair up to this number.
MAX_RUN = 32

Hashes = NDArray[np.uint64]


def bands_of(bits: int) -> list[int]:
    """Split bits into `MAX_DISTANCE` + 1 bands, each as a mask, from all over the hash.

    >>> [f"{band:b}" for band in bands_of(0b11111111)]
    ['10000001', '10', '100', '1000', '10000', '100000', '1000000']
    """
    positions = [position for position in range(BITS) if bits >> position & 1]
    bands = MAX_DISTANCE + 1
    return [sum(1 << position for position in positions[band::bands]) for band in range(bands)]


ALL_BITS = (1 << BITS) - 1
BANDS = bands_of(ALL_BITS)


def near_pairs(hashes: Hashes, shared: int) -> NDArray[np.uint64]:
    """Find near-duplicates among hashes that agree in some bits.

    Args:
        hashes: Distinct hashes, (hashes,).
        shared: Mask of the bits in which the two hashes of a pair agree.

    Returns:
        Pairs of hashes, (pairs, 2), that differ in at most `MAX_DISTANCE` bits; all such pairs that agree in
        the shared bits are connected by these, directly or through others.
    """
    keys = hashes & np.uint64(shared)
    order = np.argsort(keys, kind="stable")
    hashes, keys = hashes[order], keys[order]
    # (hashes,): how many hashes have the same key
    _, run, lengths = np.unique(keys, return_inverse=True, return_counts=True)
    is_long = lengths[run] > MAX_RUN
    found = [_compare_neighbours(hashes[~is_long], keys[~is_long])]
    if is_long.any():
        hashes, keys = hashes[is_long], keys[is_long]
        firsts = np.flatnonzero(np.append(True, keys[1:] != keys[:-1]))
        of_runs = np.repeat(hashes[firsts], np.diff(np.append(firsts, len(hashes))))
        # Bits in which nothing differs would split nothing.
        varying = int(np.bitwise_or.reduce(hashes ^ of_runs))
        if varying.bit_count() <= MAX_DISTANCE:
            found.append(np.stack([of_runs, hashes], axis=1)[of_runs != hashes])
        else:
            found += [near_pairs(hashes, shared | band) for band in bands_of(varying)]
    return np.concatenate(found)


def _compare_neighbours(hashes: Hashes, keys: Hashes) -> NDArray[np.uint64]:
    """Compare all pairs of hashes that have the same key; the keys are in order."""
    found = [np.empty((0, 2), np.uint64)]
    places = np.arange(len(keys))
    for step in range(1, MAX_RUN):
        places = places[places + step < len(keys)]
        places = places[keys[places] == keys[places + step]]
        if not len(places):
            break
        one, other = hashes[places], hashes[places + step]
        near = distances(one, other) <= MAX_DISTANCE
        found.append(np.stack([one[near], other[near]], axis=1))
    return np.concatenate(found)


def distances(one: Hashes, other: Hashes) -> NDArray[np.uint64]:
    """Return the number of bits in which hashes differ.

    >>> distances(np.array([0b1011], np.uint64), np.array([0b0001], np.uint64))
    array([2], dtype=uint64)
    """
    bits = one ^ other
    # Sums of 1, 2, 4 and then all 8 bytes' bits, side by side in each number.
    bits = bits - ((bits >> np.uint64(1)) & np.uint64(0x5555555555555555))
    bits = (bits & np.uint64(0x3333333333333333)) + ((bits >> np.uint64(2)) & np.uint64(0x3333333333333333))
    bits = (bits + (bits >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return (bits * np.uint64(0x0101010101010101)) >> np.uint64(56)


def connect(pairs: Sequence[NDArray[np.uint64]]) -> tuple[Hashes, Hashes]:
    """Find which hashes are connected by pairs, directly or through others.

    >>> hashes, roots = connect([np.array([[1, 5], [5, 9], [2, 3]], np.uint64)])
    >>> hashes.tolist(), roots.tolist()
    ([1, 2, 3, 5, 9], [1, 2, 2, 1, 1])

    Args:
        pairs: Arrays of pairs, (pairs, 2), in any order.

    Returns:
        Each hash of a pair once, ascending, and the smallest hash that it is connected with.
    """
    nodes, numbers = np.unique(np.concatenate(pairs), return_inverse=True)
    one, other = numbers.reshape(-1, 2).T
    roots = np.arange(len(nodes))
    while True:
        # Each root joins the smallest root that a pair connects it with; then paths are shortened.
        smaller = np.minimum(roots[one], roots[other])
        joined = roots.copy()
        np.minimum.at(joined, roots[one], smaller)
        np.minimum.at(joined, roots[other], smaller)
        joined = joined[joined]
        if (joined == roots).all():
            return nodes, nodes[roots]
        roots = joined
