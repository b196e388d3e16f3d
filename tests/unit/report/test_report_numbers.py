"""Numbers and texts are set so that nobody misreads them."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from landmark_lib.digits import points, share
from landmark_lib.evaluation_results import Figure
from landmark_lib.report.page import MAX_TEXT, cell, shortened, typeset


@pytest.mark.parametrize(
    ("text", "set_in_type"),
    [
        ("0.953", "0.953"),
        ("-0.040", "\N{MINUS SIGN}0.040"),
        ("> -0.000001", "> \N{MINUS SIGN}0.000001"),
        ("-", "\N{EN DASH}"),
    ],
)
def test_numbers_have_a_minus_sign_and_nothing_is_a_dash(text, set_in_type):
    assert typeset(text) == set_in_type


@pytest.mark.parametrize(
    ("figure", "form", "written"),
    [
        (Figure(0.9526, 0.9274, 0.9741), {}, ("0.953", "0.927 to 0.974")),
        (Figure(-0.0404, -0.101, 0.02), {}, ("\N{MINUS SIGN}0.040", "\N{MINUS SIGN}0.101 to 0.020")),
        (Figure(0.25, 0.0, 1.0), {"text_of": share}, ("25.0 %", "0 to 100 %")),
        (
            Figure(-0.0404, -0.101, 0.02),
            {"text_of": points},
            ("\N{MINUS SIGN}4.0", "\N{MINUS SIGN}10.1 to +2.0"),
        ),
    ],
)
def test_a_figure_stands_above_its_interval(figure, form, written):
    assert cell(figure, **form) == written


@given(st.text(max_size=2 * MAX_TEXT))
@example("x" * MAX_TEXT)
@example("x" * (MAX_TEXT + 1))
def test_a_text_is_whole_or_says_that_it_was_cut(text):
    told = shortened(text)
    assert told == text or (len(told) == MAX_TEXT and told == text[: MAX_TEXT - 1] + "…")
