"""Figures are drawn alike every time, in the page's own font and colours, with axes that can be read."""

import re
from collections import Counter

import pytest

from landmark_lib.report.label_figures import balance_figure, histogram_figure, rank_figure

FIGURES = {
    "ranks": lambda: rank_figure([386, 40, 12, 12, 3, 1], {"cutoff": 120, "smallest kept": 10}),
    "one label": lambda: rank_figure([4], {}),
    "histogram": lambda: histogram_figure([(1, 1, 0), (2, 3, 12_345), (4, 7, 1)]),
    "wide histogram": lambda: histogram_figure([(1 << k, (2 << k) - 1, 10 * k) for k in range(17)]),
    "balance": lambda: balance_figure(0, [386, 40, 12], [120, 60, 60]),
    "one class": lambda: balance_figure(7, [8], [7]),
}


@pytest.fixture(params=FIGURES)
def figure(request):
    return FIGURES[request.param]


def numbers(svg):
    return re.findall(r">\s*([\d,]+)\s*</text>", svg)


def test_the_same_counts_give_the_same_drawing(figure):
    assert figure() == figure()


def test_no_colour_font_or_date_is_its_own(figure):
    svg = figure()
    assert not re.search(r"#[0-9a-fA-F]{6}", svg.replace("#000000", ""))
    assert not re.search(r"font-family|DejaVu|<style|<metadata|<!--|\d{4}-\d\d-\d\d", svg)


def test_no_axis_writes_a_number_twice(figure):
    # One on each axis, and one on a bar.
    assert max(Counter(numbers(figure())).values()) <= 3
    assert Counter(numbers(FIGURES["one class"]())).most_common(1)[0][1] <= 2


def test_marked_counts_are_named(figure):
    told = FIGURES["ranks"]()
    assert "cutoff 120<" in told
    assert "smallest kept 10<" in told


def test_bars_show_their_labels_and_empty_ones_nothing():
    told = numbers(FIGURES["histogram"]())
    assert "12,345" in told
    assert told.count("1") == 2  # the bar of one label, and where the first bin begins


def test_figures_of_several_members_have_distinct_names():
    first, second = (balance_figure(member, [9, 3], [5, 5]) for member in range(2))
    ids = [set(re.findall(r'id="([^"]+)"', svg)) for svg in (first, second)]
    assert ids[0].isdisjoint(ids[1])
    assert first.count('role="img"') == 1
    assert 'aria-label="Member 1: classes from 9 to 3 images before, from 5 to 5 rows after."' in second


@pytest.mark.filterwarnings("error")
def test_a_line_above_all_counts_is_on_the_drawing():
    drawing = rank_figure([4, 4], {"cutoff": 120})
    assert "cutoff 120" in drawing
