"""Draws depend only on their arguments, distinguish them, and are uniform."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landmark_lib.draws import keyed_draw, keyed_fraction, keyed_integer

SEEDS = st.integers()


def test_draws_are_the_same_in_every_release():
    # A changed draw changes every data set: never change these lines.
    assert keyed_draw(0, "hold-out", "image0") == 18366995816253358912
    assert keyed_draw(7, "shard order", 0, 12, 345) == 506050693299631346
    assert keyed_draw(0, "hold-out", "Tour Eiffel ☂") == 13529063963701036001
    assert keyed_integer(176, 240, 0, "crop side", "image0", 1) == 223
    assert keyed_fraction(0, "group offset", 1) == 0.3391605230676795


@given(SEEDS, st.text(), st.lists(st.text() | st.integers()))
def test_same_arguments_draw_the_same_64_bits(seed, purpose, keys):
    draw = keyed_draw(seed, purpose, *keys)
    assert draw == keyed_draw(seed, purpose, *keys)
    assert 0 <= draw < 1 << 64


@given(
    st.lists(st.text(max_size=3), min_size=1, max_size=4),
    st.lists(st.text(max_size=3), min_size=1, max_size=4),
)
def test_different_keys_draw_differently(some, others):
    assert (keyed_draw(0, *some) == keyed_draw(0, *others)) == (some == others)


def test_boundaries_between_keys_matter():
    draws = {
        keyed_draw(0, *keys) for keys in (("ab", "c"), ("a", "bc"), ("abc",), ("abc", ""), ("a", "1:bc"))
    }
    assert len(draws) == 5


def test_seed_and_purpose_change_the_draw():
    assert len({keyed_draw(seed, purpose, "x") for seed in range(3) for purpose in ("a", "b")}) == 6


def test_lone_surrogates_of_file_names_are_accepted():
    assert keyed_draw(0, "hold-out", "caf\udce9.jpg") != keyed_draw(0, "hold-out", "caf\udce8.jpg")


@given(st.integers(-(10**6), 10**6), st.integers(0, 10**6), SEEDS)
def test_integers_stay_within_their_bounds(low, width, seed):
    assert low <= keyed_integer(low, low + width, seed, "test") <= low + width


def test_integers_reach_every_value_about_equally_often():
    drawn = [keyed_integer(1, 6, 0, "die", throw) for throw in range(6000)]
    # 1000 expected with a standard deviation of 29.
    assert all(880 < drawn.count(face) < 1120 for face in range(1, 7))


def test_an_empty_range_is_refused():
    with pytest.raises(ValueError, match="received 3 > 2"):
        keyed_integer(3, 2, 0, "test")


@given(SEEDS, st.integers())
def test_fractions_are_at_least_0_and_below_1(seed, key):
    assert 0 <= keyed_fraction(seed, "test", key) < 1


def test_fractions_are_uniform():
    drawn = sorted(keyed_fraction(0, "test", i) for i in range(1000))
    # Kolmogorov-Smirnov: 0.061 is exceeded once in 1000.
    assert all(abs(fraction - i / 1000) < 0.061 for i, fraction in enumerate(drawn))
