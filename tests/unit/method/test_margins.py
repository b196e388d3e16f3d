"""The margin of a class falls with its rows, and with nothing else."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from landmark_lib.method.margins import FLOOR, margins_by_class

ROWS = st.lists(st.integers(1, 5_000_000), min_size=1, max_size=50)
MARGIN = st.floats(0, 1.5)


@given(ROWS, MARGIN)
def test_margins_are_between_a_tenth_and_the_whole(rows, margin):
    margins = margins_by_class(rows, margin)
    assert margins.shape == (len(rows),)
    assert ((margins >= np.float32(FLOOR * margin)) & (margins <= np.float32(margin))).all()


@given(ROWS, MARGIN)
def test_a_larger_class_never_has_a_larger_margin(rows, margin):
    margins = margins_by_class(sorted(rows), margin)
    assert (np.diff(margins) <= 0).all()


@given(ROWS, MARGIN, st.randoms())
def test_the_margin_of_a_class_does_not_depend_on_other_classes(rows, margin, random):
    of_all = dict(zip(rows, margins_by_class(rows, margin), strict=True))
    some = random.sample(rows, random.randint(1, len(rows)))
    np.testing.assert_array_equal(margins_by_class(some, margin), [of_all[count] for count in some])


@given(MARGIN)
def test_a_class_with_one_row_has_the_whole_margin_and_without_a_margin_no_class_has_one(margin):
    assert margins_by_class([1], margin) == pytest.approx([margin])
    assert margins_by_class([1, 7, 10**6], 0).tolist() == [0, 0, 0]


def test_worked_example():
    # 0.4 x (0.1 + 0.9 / the fourth root of 16, which is 2), and of 81, which is 3
    np.testing.assert_allclose(margins_by_class([16, 81], 0.4), [0.22, 0.16], rtol=1e-6)


@pytest.mark.parametrize("rows", [[], [3, 0, 2]])
def test_refuses_a_class_without_rows(rows):
    with pytest.raises(ValueError, match="at least one row per class"):
        margins_by_class(rows, 0.5)
