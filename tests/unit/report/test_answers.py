"""Which photos a page shows depends on the answers alone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from landmark_lib.report.answers import HoldOutAnswers, drawn_by_chance, surest_of_pairs, surest_wrong


def answers(truth, said, scores, image_ids=None):
    return HoldOutAnswers(
        image_ids or [f"photo {number}" for number in range(len(truth))],
        np.array(truth, np.int64),
        np.array(said, np.int64).reshape(-1, 1),
        np.array(scores, np.float64).reshape(-1, 1),
    )


some_answers = st.integers(1, 12).flatmap(
    lambda count: st.builds(
        answers,
        st.lists(st.integers(0, 2), min_size=count, max_size=count),
        st.lists(st.integers(0, 2), min_size=count, max_size=count),
        # few different scores, so that many are equal
        st.lists(st.sampled_from([0.25, 0.5, 1.0]), min_size=count, max_size=count),
    )
)


def in_other_order(given_answers, order):
    return HoldOutAnswers(
        [given_answers.image_ids[row] for row in order],
        given_answers.truth[order],
        given_answers.ranked[order],
        given_answers.scores[order],
    )


def ids(given_answers, rows):
    return [given_answers.image_ids[row] for row in rows]


@given(some_answers, st.integers(1, 5), st.randoms(use_true_random=False))
def test_the_order_of_the_photos_changes_nothing(some, most, random):
    order = list(range(len(some.image_ids)))
    random.shuffle(order)
    other = in_other_order(some, order)
    assert ids(some, surest_wrong(some, most)) == ids(other, surest_wrong(other, most))
    everyone = range(len(order))
    assert ids(some, drawn_by_chance(some, everyone, most)) == ids(
        other, drawn_by_chance(other, everyone, most)
    )
    pairs = [(0, 1), (1, 1)]
    found, again = surest_of_pairs(some, pairs), surest_of_pairs(other, pairs)
    assert {pair: some.image_ids[row] for pair, row in found.items()} == {
        pair: other.image_ids[row] for pair, row in again.items()
    }


@given(some_answers, st.integers(1, 5))
def test_the_surest_wrong_answers_are_wrong_and_of_distinct_pairs(some, most):
    rows = surest_wrong(some, most)
    pairs = [some.pair(row) for row in rows]
    assert len(pairs) == len(set(pairs)) <= most
    assert all(true != said for true, said in pairs)
    scores = some.scores[rows, 0].tolist()
    assert scores == sorted(scores, reverse=True)


def test_equal_scores_go_by_image_id():
    some = answers([0, 0], [1, 1], [0.5, 0.5], ["b", "a"])
    assert ids(some, surest_wrong(some, 1)) == ["a"]
    assert surest_of_pairs(some, [(0, 1), (1, 0)]) == {(0, 1): 1}


@pytest.mark.parametrize("labels_of_scores", [0, 2])
def test_as_many_scores_as_labels_at_most_and_one_at_least(labels_of_scores):
    with pytest.raises(ValueError, match="n up to k"):
        HoldOutAnswers(
            ["a"], np.zeros(1, np.int64), np.zeros((1, 1), np.int64), np.ones((1, labels_of_scores))
        )
