"""Balanced weights let every class count the same, whatever its rows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from landmark_lib.method.class_weights import balanced_weights

ROWS = st.lists(st.integers(1, 50_000), min_size=1, max_size=50)


@given(ROWS)
def test_each_class_counts_the_same_and_the_mean_row_counts_1(rows):
    weights = balanced_weights(rows)
    counted = weights.astype(np.float64) * rows
    np.testing.assert_allclose(counted, counted[0], rtol=1e-6)
    assert counted.sum() / sum(rows) == pytest.approx(1, rel=1e-6)


@given(st.integers(1, 50_000), st.integers(1, 50))
def test_classes_that_are_equal_are_left_as_they_are(rows, classes):
    np.testing.assert_array_equal(balanced_weights([rows] * classes), np.ones(classes, np.float32))


def test_worked_example():
    np.testing.assert_allclose(balanced_weights([60, 30, 10]), [100 / 180, 100 / 90, 100 / 30], rtol=1e-6)


@pytest.mark.parametrize("rows", [[], [3, 0, 2]])
def test_a_class_without_rows_has_no_weight(rows):
    with pytest.raises(ValueError, match="at least a row of each class"):
        balanced_weights(rows)
