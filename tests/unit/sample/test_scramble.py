"""A scramble is a permutation, whatever its size."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from landmark_sample.scramble import Scramble


@given(st.integers(1, 3_000), st.integers())
def test_every_place_occurs_once(size, seed):
    places = Scramble(size, seed, "test").places(np.arange(size, dtype=np.uint64))
    assert sorted(places.tolist()) == list(range(size))


@given(st.integers(1, 300), st.integers(0, 299))
def test_a_place_does_not_depend_on_the_block_it_is_computed_in(size, position):
    scramble = Scramble(size, 5, "test")
    together = scramble.places(np.arange(size, dtype=np.uint64))
    alone = scramble.places(np.array([position % size], dtype=np.uint64))
    assert alone[0] == together[position % size]


def test_purposes_are_independent():
    numbers = np.arange(100, dtype=np.uint64)
    first, second = (Scramble(100, 0, purpose).places(numbers) for purpose in ("a", "b"))
    assert (first == second).sum() < 20
