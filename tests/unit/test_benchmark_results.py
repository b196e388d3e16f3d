"""A ratio in a table of benchmarks is that of the columns beside it, with how it spread over the turns."""

import importlib.util
import re
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
SPEC = importlib.util.spec_from_file_location("benchmark_results", BENCHMARKS / "results.py")
results = importlib.util.module_from_spec(SPEC)
sys.modules[SPEC.name] = results  # dataclasses look there
SPEC.loader.exec_module(results)

SECONDS = st.floats(1e-3, 1e4)
TURNS = st.lists(st.tuples(SECONDS, SECONDS), min_size=1, max_size=15)


def read(text):
    return float(text.replace(",", ""))


@pytest.mark.parametrize(
    ("value", "written"),
    [(0.2834, "0.283"), (12.345, "12.3"), (242.4, "242"), (2969.4, "2,969"), (0.99999, "1.00"), (0, "0")],
)
def test_values_have_three_digits_and_never_lose_whole_ones(value, written):
    assert results.digits(value) == written


def test_a_ratio_is_that_of_the_medians_shown_and_not_a_median_of_pairs():
    # As the first table of step.py was: the turns' own ratios had a median of 1.006.
    ours = results.Column([242.4, 180.0, 330.0])
    theirs = results.Column([319.3, 181.0, 332.0])
    assert (str(ours), str(theirs)) == ("242", "319")
    assert str(theirs.over(ours)) == "1.32 (1.01 to 1.32)"


@given(TURNS)
def test_a_reader_who_divides_the_columns_finds_the_ratio(turns):
    ours, theirs = (results.Column(column) for column in zip(*turns, strict=True))
    ratio = theirs.over(ours)
    assert ratio.value == read(str(theirs)) / read(str(ours))
    assert str(ratio).startswith(results.digits(ratio.value))


@given(TURNS)
def test_a_ratio_lies_within_those_of_the_turns(turns):
    ours, theirs = (results.Column(column) for column in zip(*turns, strict=True))
    ratio = theirs.over(ours)
    of_turns = [its / own for own, its in turns]
    assert ratio.low <= ratio.value <= ratio.high
    # Three digits are shown of each median.
    assert ratio.low == pytest.approx(min(of_turns), rel=0.011)
    assert ratio.high == pytest.approx(max(of_turns), rel=0.011)


def test_columns_of_other_turns_are_refused():
    with pytest.raises(ValueError, match="shorter"):
        results.Column([1.0, 2.0]).over(results.Column([1.0]))


def test_a_section_names_the_command_that_made_it(tmp_path, monkeypatch, capsys):
    page = tmp_path / "RESULTS.md"
    page.write_text("# Results\n\n<!-- begin step -->\nold\n<!-- end step -->\n\nrest\n")
    monkeypatch.setattr(results, "RESULTS", page)
    monkeypatch.setattr(sys, "argv", ["/somewhere/benchmarks/step.py", "--write", "--runs", "3"])
    results.publish("step", "| a |", write=True)
    text = page.read_text()
    assert "\n    python benchmarks/step.py --runs 3\n" in text
    assert "old" not in text
    assert text.endswith("<!-- end step -->\n\nrest\n")
    assert "| a |" in capsys.readouterr().out


def test_goals_are_met_only_where_none_is_missed():
    assert results.goals([]) == "All goals met."
    assert results.goals(["a", "b"]) == "Goals missed: a; b"


@pytest.mark.parametrize("script", sorted(BENCHMARKS.glob("*.py")), ids=lambda path: path.name)
def test_no_benchmark_has_a_way_of_its_own_to_ratios(script):
    assert not re.search(r"median\([^\n\"()]* / [^\n\"()]* for ", script.read_text("utf-8"))
