"""Numbers are written so that nobody misreads them."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from landmark_lib.report.page import LONGEST_TEXT, duration, number, share, shortened, size


@pytest.mark.parametrize(
    ("count", "written"),
    [(0, "0"), (1, "1"), (2.04, "2.0"), (34.5, "34.5"), (99.99, "100.0"), (1234567, "1,234,567")],
)
def test_numbers_have_commas_and_small_fractions_a_decimal(count, written):
    assert number(count) == written


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
def test_sizes_have_the_largest_unit_that_leaves_a_whole_one(count, written):
    assert size(count) == written


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (0.04, "0.0 s"),
        (9.4, "9.4 s"),
        (42.2, "42 s"),
        (59.6, "1 min 0 s"),
        (3599.9, "1 h 0 min"),
        (7500, "2 h 5 min"),
    ],
)
def test_durations_are_told_in_the_units_of_a_clock(seconds, written):
    assert duration(seconds) == written


@given(st.integers(0, 10**9), st.integers(0, 10**9))
@example(1, 10**6)
@example(10**6, 1)
def test_only_nothing_is_0_per_cent_and_only_all_is_100(part, rest):
    whole = part + rest
    told = share(part, whole)
    assert (told in {"0 %", "0.0 %"}) == (part == 0)
    assert (told in {"100 %", "100.0 %"}) == (part == whole > 0)


@given(st.text(max_size=2 * LONGEST_TEXT))
@example("x" * LONGEST_TEXT)
@example("x" * (LONGEST_TEXT + 1))
def test_a_text_is_whole_or_says_that_it_was_cut(text):
    told = shortened(text)
    assert told == text or (len(told) == LONGEST_TEXT and told == text[: LONGEST_TEXT - 1] + "…")
