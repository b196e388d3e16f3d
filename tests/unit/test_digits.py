"""Measured values are written with the digits that it takes, so that nobody misreads them."""

import math
import re
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from landmark_lib.digits import decimal, duration, number, p_value, points, share, size
from landmark_lib.evaluation_results import Figure

WITHIN = st.floats(0, 1)
TINY = 1 / 14_951


def read(text):
    """The number in a text, whichever side of it is meant."""
    return float(re.sub(r"[<> %,]", "", text))


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0, "0.000"),
        (1, "1.000"),
        (0.5, "0.500"),
        (0.9526, "0.953"),
        (1.2479, "1.248"),
        (TINY, "0.000067"),
        (1 / 15_000, "0.000067"),
        (0.00051, "0.00051"),
        (0.0009999, "0.0010"),
        (0.001, "0.001"),
        (0.999, "0.999"),
        (0.9997, "0.99970"),
        (1 - TINY, "0.999933"),
        (1e-9, "< 0.000001"),
        (1 - 1e-9, "> 0.999999"),
        (-0.0404, "-0.040"),
        (-TINY, "-0.000067"),
        (-1e-9, "> -0.000001"),
        (-0.0, "0.000"),
        (math.inf, "inf"),
        (None, "-"),
        (math.nan, "-"),
    ],
)
def test_decimals_are_more_than_three_where_three_would_round_to_none_or_all(value, written):
    assert decimal(value) == written


@pytest.mark.parametrize(
    ("value", "written"),
    [(0.0153, "+0.015"), (-0.0404, "-0.040"), (TINY, "+0.000067"), (0.0, "0.000"), (1e-9, "< +0.000001")],
)
def test_differences_have_their_sign(value, written):
    assert decimal(value, signed=True) == written


@given(WITHIN, st.integers(1, 6))
@example(TINY, 3)
@example(1 - TINY, 3)
@example(5e-324, 3)
@example(math.nextafter(1, 0), 3)
def test_only_nothing_is_written_as_zero_and_only_all_as_one(value, places):
    text = decimal(value, places)
    assert (read(text) == 0) == (value == 0)
    assert (read(text) == 1) == (value == 1)
    assert len(text) <= places + 7


@given(st.floats(-2, 2), st.floats(-2, 2), st.integers(1, 6))
@example(0.0009996, 0.001, 3)
@example(0.999, 0.9990000001, 3)
def test_larger_decimals_are_never_written_as_smaller(one, other, places):
    small, large = sorted((one, other))
    assert read(decimal(small, places)) <= read(decimal(large, places))


@given(st.floats(-2, 2), st.integers(1, 6))
def test_decimals_are_as_close_as_their_places(value, places):
    assert read(decimal(value, places)) == pytest.approx(value, abs=0.5000001 * 10**-places)


@given(st.floats(1.1e-6, 0.000999))
def test_what_is_near_nothing_or_all_keeps_two_digits(rest):
    assert read(decimal(rest)) == pytest.approx(rest, rel=0.0501)
    assert 1 - read(decimal(1 - rest)) == pytest.approx(rest, rel=0.0501)


@pytest.mark.parametrize(
    ("part", "whole", "written"),
    [
        (0, 1, "0 %"),
        (0, 0, "0 %"),
        (1, 1, "100 %"),
        (0.9526, 1, "95.3 %"),
        (1, 15_000, "0.0067 %"),
        (14_996, 15_000, "99.973 %"),
        (4, 15_000, "0.027 %"),
        (0.001, 1, "0.1 %"),
        (1, 10**9, "< 0.0001 %"),
        (10**9 - 1, 10**9, "> 99.9999 %"),
        (None, 1, "-"),
        (math.nan, 1, "-"),
    ],
)
def test_shares_have_more_decimals_where_one_would_round_to_none_or_all(part, whole, written):
    assert share(part, whole) == written


@given(st.integers(0, 10**18), st.integers(0, 10**18))
@example(1, 10**6)
@example(10**6, 1)
@example(10**18, 1)
def test_only_nothing_is_0_per_cent_and_only_all_is_100(part, rest):
    whole = part + rest
    text = share(part, whole)
    assert (read(text) == 0) == (part == 0)
    assert (read(text) == 100) == (part == whole > 0)


@given(WITHIN, WITHIN)
def test_larger_shares_are_never_written_as_smaller(one, other):
    small, large = sorted((one, other))
    assert read(share(small)) <= read(share(large))


@pytest.mark.parametrize(
    ("difference", "written"),
    [(0.0712, "+7.1"), (-0.0404, "-4.0"), (0.0095, "+0.9"), (0.0002, "+0.020"), (0, "0.0"), (None, "-")],
)
def test_differences_of_shares_are_points_with_their_sign(difference, written):
    assert points(difference) == written


@pytest.mark.parametrize(
    ("value", "written"),
    [(0.0499, "p = 0.050"), (1.0, "p = 1.000"), (0.00001, "p < 0.001"), (0.0, "p < 0.001")],
)
def test_p_values_below_a_thousandth_are_written_as_a_bound(value, written):
    assert p_value(value) == written


def test_a_figure_is_written_with_its_interval():
    assert str(Figure(0.9526, 0.9274, 0.9741)) == "0.953 [0.927, 0.974]"
    assert str(Figure(TINY, 0.0, 0.00024)) == "0.000067 [0.000, 0.00024]"
    assert str(Figure(-0.0404, -0.101, 0.02)) == "-0.040 [-0.101, 0.020]"


@pytest.mark.parametrize(
    ("count", "written"),
    [
        (0, "0"),
        (1, "1"),
        (2.04, "2.0"),
        (34.5, "34.5"),
        (99.99, "100.0"),
        (1234567, "1,234,567"),
        (0.041, "0.041"),
        (0.0059, "0.0059"),
    ],
)
def test_large_numbers_have_commas_and_small_fractions_decimals(count, written):
    assert number(count) == written


@given(st.floats(0, 1e12))
def test_only_none_is_written_as_the_number_zero(count):
    assert (read(number(count)) == 0) == (count == 0)


@pytest.mark.parametrize(
    ("count", "written"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (123_456, "123 kB"),
        (35e9, "35.0 GB"),
        (4e18, "4,000 PB"),
    ],
)
def test_sizes_use_the_largest_unit_with_a_value_of_at_least_one(count, written):
    assert size(count) == written


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (0, "0.0 s"),
        (0.04, "0.040 s"),
        (0.00001, "< 0.0001 s"),
        (9.4, "9.4 s"),
        (42.2, "42 s"),
        (59.6, "1 min 0 s"),
        (3599.9, "1 h 0 min"),
        (7500, "2 h 5 min"),
    ],
)
def test_durations_are_written_in_the_units_of_a_clock(seconds, written):
    assert duration(seconds) == written


def test_nothing_else_fixes_the_decimals_of_a_value():
    root = Path(__file__).parents[2]
    sources = [
        *root.glob("landmark_lib/**/*.py"),
        *root.glob("jobs/*.py"),
        *root.glob("landmark_lib/**/*.html"),
    ]
    fixed = re.compile(r":[^\s{}\"]*\.([1-9]f|\d%)}|%[^\s\"]*\.[1-9]f")
    elsewhere = [p for p in sources if p.name != "digits.py"]
    assert [str(p) for p in elsewhere if fixed.search(p.read_text("utf-8"))] == []
