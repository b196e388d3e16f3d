"""Which classes a step looks at: all of its rows' classes, and a fair sample of the others."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from landmark_lib.method.class_sample import (
    DEFAULT_SHARE,
    MANY,
    default_share,
    owned_classes,
    sample_classes,
    sample_size,
)

NUMBERS = st.integers(1, 200)


@given(classes=NUMBERS, ranks=st.integers(1, 8))
def test_every_class_has_one_owner_and_owners_have_equal_numbers(classes, ranks):
    owned = [owned_classes(classes, rank, ranks) for rank in range(ranks)]
    assert [number for part in owned for number in part] == list(range(classes))
    assert max(map(len, owned)) - min(map(len, owned)) <= 1


@st.composite
def steps(draw):
    """Draw what a rank owns, the classes of a step's rows, and the size of its sample."""
    classes, ranks = draw(NUMBERS), draw(st.integers(1, 3))
    owned = owned_classes(classes, draw(st.integers(0, ranks - 1)), ranks)
    rows = draw(st.lists(st.integers(0, classes - 1), min_size=1, max_size=20))
    return owned, np.array(rows, np.int32), sample_size(len(owned), draw(st.floats(0.01, 1)), len(rows))


@given(steps(), st.integers(0, 2**64 - 1))
def test_sample_has_its_size_and_all_owned_classes_of_the_rows_at_their_positions(step, seed):
    owned, rows, size = step
    if not owned:
        return
    sample = sample_classes(owned, size, rows, seed)
    assert len(sample.classes) == size
    assert (np.diff(sample.classes) > 0).all()
    assert set(sample.classes.tolist()) <= set(owned)
    own = np.isin(rows, list(owned))
    assert (sample.positions[~own] == -1).all()
    assert (sample.classes[sample.positions[own]] == rows[own]).all()


@given(steps(), st.integers(0, 2**64 - 1))
def test_corrected_counts_add_up_to_all_owned_classes(step, seed):
    owned, rows, size = step
    if not owned:
        return
    sample = sample_classes(owned, size, rows, seed)
    present = set(rows.tolist()) & set(owned)
    # With equal logits, the sum of exponentials is that over all classes; none is drawn to stand for others
    # if the rows' classes fill the sample.
    expected = len(owned) if size > len(present) else len(present)
    assert np.exp(sample.corrections.astype(np.float64)).sum() == pytest.approx(expected, rel=1e-5)
    assert (sample.corrections[np.isin(sample.classes, list(present))] == 0).all()


def test_others_are_drawn_equally_often():
    owned, rows = range(40), np.array([3, 3, 17])
    drawn = np.zeros(40)
    for seed in range(4000):
        drawn[sample_classes(owned, 12, rows, seed).classes] += 1
    others = np.delete(drawn, [3, 17])
    assert drawn[3] == drawn[17] == 4000
    expected = 4000 * 10 / 38
    assert np.abs(others - expected).max() < 5 * math.sqrt(expected)


def test_sample_depends_on_the_seed_alone():
    arguments = (range(500, 1000), 50, np.array([3, 600, 999]))
    first, again, other = (sample_classes(*arguments, seed).classes.tolist() for seed in (1, 1, 2))
    assert first == again != other


def test_sample_of_a_seed_stays_the_same_in_later_releases():
    sample = sample_classes(range(10, 20), 4, np.array([15, 2]), seed=7)
    assert sample.classes.tolist() == [13, 14, 15, 16]
    assert sample.positions.tolist() == [2, -1]


def test_sample_has_a_place_for_the_class_of_every_row_besides_its_share():
    assert sample_size(1000, 0.1, rows=512) == 612
    assert sample_size(300, 0.1, rows=512) == 300
    assert sample_size(81_313, 0.1, rows=64) == 8_196


def test_many_classes_alone_are_sampled_by_default():
    assert default_share(MANY) == 1
    assert default_share(MANY + 1) == DEFAULT_SHARE
