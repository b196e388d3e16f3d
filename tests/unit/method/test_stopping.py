"""Training ends early when it has not become better for long enough."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landmark_lib.method.stopping import stops_early

ACCURACIES = st.lists(st.floats(0, 1), max_size=20)


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
def test_without_patience_training_continues(accuracies):
    assert not stops_early(accuracies, 0)


@given(ACCURACIES, st.integers(1, 10))
def test_a_new_best_never_stops(accuracies, patience):
    assert not stops_early([*accuracies, 1.5], patience)
