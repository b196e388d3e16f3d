"""Which photos are near-duplicates: pairs of similar hashes, found without comparing all pairs.

Hashes that differ in at most t bits agree in one of t + 1 bands of bits (pigeonhole principle), so only
hashes that agree in a band are compared. Where many agree, they are split by further bands in the same way.
The paper has no such step: it holds out photos whatever they resemble.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

# Bits. With 6, no two different photos of 2,260 real ones count as near-duplicates; the first that do differ
# in 10 (benchmarks/near_duplicates.py).
MAX_DISTANCE = 6
BITS = 64
# Hashes that agree in a band are compared pair by pair up to this number, and also where bands do not help.
MAX_RUN = 32
MAX_PAIRS = 1_000_000  # then as many pairs as hashes replace them

Hashes = NDArray[np.uint64]
Pairs = NDArray[np.uint64]
Flags = NDArray[np.bool_]


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


def near_pairs(hashes: Hashes, shared: int) -> Pairs:
    """Find near-duplicates among hashes that agree in some bits.

    Args:
        hashes: Distinct hashes, (hashes,).
        shared: Mask of the bits in which the two hashes of a pair agree.

    Returns:
        Pairs of hashes, (pairs, 2), that connect all hashes that such pairs connect, directly or through
        others.
    """
    keys = hashes & np.uint64(shared)
    order = np.argsort(keys)
    hashes, keys = hashes[order], keys[order]
    # A run is the hashes with one key; (hashes,) the number of each hash's run, (runs,) their lengths
    _, run, lengths = np.unique(keys, return_inverse=True, return_counts=True)
    splits = _splits_pay(hashes, shared, run, lengths)[run]
    found = [_compare_runs(hashes[~splits], keys[~splits])]
    if splits.any():
        found += [near_pairs(hashes[splits], shared | band) for band in bands_of(ALL_BITS & ~shared)]
    return np.concatenate(found)


def _splits_pay(hashes: Hashes, shared: int, run: NDArray[np.intp], lengths: NDArray[np.intp]) -> Flags:
    """Return for which runs further bands leave less than half of the comparisons, (runs,)."""
    splits: Flags = lengths > MAX_RUN
    if not splits.any():
        return splits
    run, hashes = run[splits[run]], hashes[splits[run]]
    after = np.zeros(len(lengths))
    for band in bands_of(ALL_BITS & ~shared):
        _, firsts, counts = np.unique(
            hashes & np.uint64(shared | band), return_index=True, return_counts=True
        )
        after += np.bincount(run[firsts], counts.astype(float) ** 2, len(lengths))
    return splits & (2 * after < lengths.astype(float) ** 2)


def _compare_runs(hashes: Hashes, keys: Hashes) -> Pairs:
    """Compare all pairs of hashes that have the same key; the keys are in order."""
    found = [np.empty((0, 2), np.uint64)]
    places, step = np.arange(len(keys)), 0
    while len(places):
        step += 1
        places = places[places + step < len(keys)]
        places = places[keys[places] == keys[places + step]]
        one, other = hashes[places], hashes[places + step]
        near = distances(one, other) <= MAX_DISTANCE
        found.append(np.stack([one[near], other[near]], axis=1))
        if sum(map(len, found)) > MAX_PAIRS + len(keys):
            found = [np.stack(connect(found), axis=1)]
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
    counts: Hashes = (bits * np.uint64(0x0101010101010101)) >> np.uint64(56)
    return counts


def connect(pairs: Sequence[Pairs]) -> tuple[Hashes, Hashes]:
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
