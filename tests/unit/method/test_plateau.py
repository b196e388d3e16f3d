"""The learning rate falls when the training accuracy stands still, and only then."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landmark_lib.method.plateau import PlateauSettings, PlateauState, after_epoch

DEFAULTS = PlateauSettings()


def states(accuracies, rate=0.1, settings=DEFAULTS):
    """Follow a training through its epochs."""
    state = PlateauState(rate)
    for accuracy in accuracies:
        state = after_epoch(state, accuracy, settings)
        yield state


def test_worked_example():
    followed = list(states([0.5, 0.6, 0.6, 0.6005, 0.7, 0.7, 0.7]))
    assert [s.waited for s in followed] == [0, 0, 1, 0, 0, 1, 0]
    assert [s.learning_rate for s in followed] == pytest.approx([0.1, 0.1, 0.1, 0.02, 0.02, 0.02, 0.004])
    assert [s.best for s in followed] == [0.5, 0.6, 0.6, 0.6, 0.7, 0.7, 0.7]


def test_small_gains_add_up_to_an_improvement():
    followed = list(states([0.5, 0.5009, 0.5018]))
    assert [s.waited for s in followed] == [0, 1, 0]
    assert [s.learning_rate for s in followed] == [0.1] * 3


@given(st.lists(st.floats(0, 1), max_size=50), st.floats(1e-9, 1))
def test_rate_never_rises_and_stops_at_the_floor(accuracies, rate):
    rates = [rate, *(s.learning_rate for s in states(accuracies, rate))]
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] >= min(rate, DEFAULTS.floor)


@given(st.lists(st.floats(0, 1), max_size=50), st.integers(1, 5))
def test_waiting_ends_before_patience_is_used_up(accuracies, patience):
    assert all(s.waited < patience for s in states(accuracies, settings=PlateauSettings(patience=patience)))


def test_a_growing_accuracy_keeps_the_rate():
    assert all(s.learning_rate == 0.1 for s in states([i / 100 for i in range(100)]))


def test_nan_is_refused():
    with pytest.raises(ValueError, match="received nan"):
        after_epoch(PlateauState(0.1), math.nan, DEFAULTS)


@pytest.mark.parametrize(
    "wrong",
    [{"factor": 1.0}, {"factor": 0.0}, {"patience": 0}, {"min_delta": -0.1}, {"floor": math.nan}],
)
def test_settings_out_of_range_are_refused_with_what_was_received(wrong):
    name, value = next(iter(wrong.items()))
    with pytest.raises(ValueError, match=f"received {name}={value}"):
        PlateauSettings(**wrong)
