"""The learning rate rises evenly, and drops when the training accuracy is flat; training may end early."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from landmark_lib.method.schedule import (
    Plateau,
    PlateauState,
    Schedule,
    after_epoch,
    share_in_average,
    stops_early,
    warm_up_rate,
)

DEFAULTS = Plateau()
ACCURACIES = st.lists(st.floats(0, 1), max_size=20)
RATES = st.floats(1e-6, 10)
RANKS = st.integers(1, 64)


def states(accuracies, rate=0.1, plateau=DEFAULTS):
    """Follow a training through its epochs."""
    state = PlateauState(rate)
    for accuracy in accuracies:
        state = after_epoch(state, accuracy, plateau)
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
def test_rate_never_rises_and_stops_at_its_lower_bound(accuracies, rate):
    rates = [rate, *(s.learning_rate for s in states(accuracies, rate))]
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] >= min(rate, DEFAULTS.min_lr)


@given(st.lists(st.floats(0, 1), max_size=50), st.integers(1, 5))
def test_wait_is_shorter_than_the_patience(accuracies, patience):
    assert all(s.waited < patience for s in states(accuracies, plateau=Plateau(patience=patience)))


def test_a_growing_accuracy_keeps_the_rate():
    assert all(s.learning_rate == 0.1 for s in states([i / 100 for i in range(100)]))


def test_nan_is_refused():
    with pytest.raises(ValueError, match="received nan"):
        after_epoch(PlateauState(0.1), math.nan, DEFAULTS)


@pytest.mark.parametrize(
    "wrong",
    [{"factor": 1.0}, {"factor": 0.0}, {"patience": 0}, {"min_delta": -0.1}, {"min_lr": math.nan}],
)
def test_values_out_of_range_are_refused(wrong):
    name, value = next(iter(wrong.items()))
    with pytest.raises(ValueError, match=f"received {name}={value}"):
        Plateau(**wrong)


@pytest.mark.parametrize(
    ("accuracies", "patience", "stops"),
    [
        ([0.1, 0.2, 0.3], 1, False),
        ([0.1, 0.3, 0.2], 1, True),
        ([0.1, 0.3, 0.2], 2, False),
        ([0.1, 0.3, 0.3, 0.3], 2, True),  # equal is no better
        ([0.3, 0.1, 0.4], 2, False),
        ([], 1, False),
    ],
)
def test_epochs_since_the_best_are_counted(accuracies, patience, stops):
    assert stops_early(accuracies, patience) is stops


@given(ACCURACIES)
def test_patience_0_never_stops_early(accuracies):
    assert not stops_early(accuracies, 0)


@given(ACCURACIES, st.integers(1, 10))
def test_a_new_best_never_stops(accuracies, patience):
    assert not stops_early([*accuracies, 1.5], patience)


@given(RATES, RANKS, st.integers(1, 1000))
def test_warm_up_starts_with_the_rate_of_one_rank_and_ends_with_that_of_all(rate, ranks, steps):
    assert warm_up_rate(rate, ranks, 0, steps) == rate
    assert warm_up_rate(rate, ranks, steps, steps) == rate * ranks
    assert warm_up_rate(rate, ranks, steps + 1, steps) == rate * ranks


@given(RATES, RANKS, st.integers(2, 1000), st.data())
def test_each_step_of_the_warm_up_adds_the_same(rate, ranks, steps, data):
    step = data.draw(st.integers(0, steps - 2))
    before, now, after = (warm_up_rate(rate, ranks, step + n, steps) for n in range(3))
    assert abs((after - now) - (now - before)) <= 1e-9 * rate * ranks


@given(RATES, RANKS)
def test_without_warm_up_the_rate_is_that_of_all_ranks_from_the_first_step(rate, ranks):
    assert warm_up_rate(rate, ranks, 0, 0) == rate * ranks


def test_schedule_warms_up_over_epochs_and_keeps_the_rate_meanwhile():
    schedule = Schedule(DEFAULTS, scale=4, steps=10, warmup_epochs=2, epochs=5, early_stop_patience=0)
    state = PlateauState(0.1)
    assert [schedule.rate(state, epoch, step) for epoch, step in ((0, 0), (1, 0), (2, 0), (4, 9))] == [
        pytest.approx(rate) for rate in (0.1, 0.25, 0.4, 0.4)
    ]
    assert schedule.after_epoch(state, 1, 0.5) is state
    assert schedule.after_epoch(state, 2, 0.5) == PlateauState(0.1, 0.5)
    alone = Schedule(DEFAULTS, scale=1, steps=10, warmup_epochs=2, epochs=5, early_stop_patience=0)
    assert alone.after_epoch(state, 0, 0.5) == PlateauState(0.1, 0.5)


def test_schedule_ends_after_its_epochs_or_early():
    schedule = Schedule(DEFAULTS, scale=1, steps=10, warmup_epochs=0, epochs=4, early_stop_patience=2)
    ended = [schedule.has_ended(accuracies) for accuracies in ([], [0.3, 0.2], [0.3, 0.2, 0.1], [0.1] * 4)]
    assert ended == [False, False, True, True]


def test_backbone_waits_for_the_head_and_then_learns_at_its_share_of_the_rate():
    schedule = Schedule(
        DEFAULTS,
        scale=1,
        steps=10,
        warmup_epochs=0,
        epochs=5,
        early_stop_patience=0,
        head_epochs=2,
        backbone_lr_factor=0.1,
    )
    assert [schedule.backbone_factor(epoch) for epoch in range(4)] == [0.0, 0.0, 0.1, 0.1]


@given(st.integers(1, 60))
def test_later_epochs_count_more_in_the_average_of_weights(epochs):
    counts = np.zeros(epochs)
    for epoch in range(epochs):
        share = share_in_average(epoch)
        counts *= 1 - share
        counts[epoch] += share
    assert counts.sum() == pytest.approx(1)
    assert np.all(np.diff(counts) > 0)
    assert counts[: epochs // 2].sum() <= 0.25 + 1e-9
