"""The learning rate climbs evenly from that of one rank to that of all."""

from hypothesis import given
from hypothesis import strategies as st

from landmark_lib.method.warm_up import warmed_up

RATES = st.floats(1e-6, 10)
RANKS = st.integers(1, 64)


@given(RATES, RANKS, st.integers(1, 1000))
def test_rate_rises_from_that_of_one_rank_to_that_of_all(rate, ranks, steps):
    assert warmed_up(rate, ranks, 0, steps) == rate
    assert warmed_up(rate, ranks, steps, steps) == rate * ranks
    assert warmed_up(rate, ranks, steps + 1, steps) == rate * ranks


@given(RATES, RANKS, st.integers(2, 1000), st.data())
def test_each_step_adds_the_same(rate, ranks, steps, data):
    step = data.draw(st.integers(0, steps - 2))
    before, now, after = (warmed_up(rate, ranks, step + n, steps) for n in range(3))
    assert abs((after - now) - (now - before)) <= 1e-9 * rate * ranks


@given(RATES, RANKS)
def test_without_warm_up_the_rate_is_that_of_all_from_the_first_step(rate, ranks):
    assert warmed_up(rate, ranks, 0, 0) == rate * ranks
