"""Balanced weights give every class the same total weight."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from landmark_lib.method.class_weights import balanced_weights

ROWS = st.lists(st.integers(1, 50_000), min_size=1, max_size=50)


@given(ROWS)
def test_classes_have_equal_total_weight_and_rows_mean_weight_1(rows):
    weights = balanced_weights(rows)
    counted = weights.astype(np.float64) * rows
    np.testing.assert_allclose(counted, counted[0], rtol=1e-6)
    assert counted.sum() / sum(rows) == pytest.approx(1, rel=1e-6)


@given(st.integers(1, 50_000), st.integers(1, 50))
def test_equal_classes_have_weight_1(rows, classes):
    np.testing.assert_array_equal(balanced_weights([rows] * classes), np.ones(classes, np.float32))


def test_worked_example():
    np.testing.assert_allclose(balanced_weights([60, 30, 10]), [100 / 180, 100 / 90, 100 / 30], rtol=1e-6)


@pytest.mark.parametrize("rows", [[], [3, 0, 2]])
def test_refuses_a_class_without_rows(rows):
    with pytest.raises(ValueError, match="at least one row per class"):
        balanced_weights(rows)
