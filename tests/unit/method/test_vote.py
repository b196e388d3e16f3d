"""The majority wins, ties go by confidence, and scores rank as votes do."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from landmark_lib.method.vote import rank_classes, vote

SHAPES = st.tuples(st.integers(1, 5), st.integers(0, 8))
BALLOTS = SHAPES.flatmap(
    lambda shape: st.tuples(
        hnp.arrays(np.int64, shape, elements=st.integers(0, 3)),
        hnp.arrays(np.float64, shape, elements=st.floats(1e-6, 1)),
    )
)


def one_photo(classes, confidences):
    result = vote(np.array(classes)[:, np.newaxis], np.array(confidences)[:, np.newaxis])
    return result.classes[0], result.votes[0], result.scores[0]


@pytest.mark.parametrize(
    ("classes", "confidences", "winner", "votes", "score"),
    [
        ([4, 4, 9], [0.1, 0.2, 1.0], 4, 2, (1 + 0.15) / 3),
        ([1, 2, 3], [0.5, 0.6, 0.4], 2, 1, 0.6 / 3),
        ([2, 1, 3], [0.5, 0.5, 0.4], 1, 1, 0.5 / 3),
        ([7, 7, 7], [0.3, 0.6, 0.9], 7, 3, (2 + 0.6) / 3),
        ([5, 5, 6, 6], [0.4, 0.4, 0.1, 0.8], 6, 2, (1 + 0.45) / 4),
    ],
)
def test_worked_examples(classes, confidences, winner, votes, score):
    assert one_photo(classes, confidences) == (winner, votes, pytest.approx(score))


@given(BALLOTS)
def test_winner_equals_a_count_by_hand(ballots):
    result = vote(*ballots)
    for photo, (classes, confidences) in enumerate(zip(ballots[0].T, ballots[1].T, strict=True)):
        tally = {}
        for candidate, confidence in sorted(zip(classes.tolist(), confidences.tolist(), strict=True)):
            votes, total, _ = tally.get(candidate, (0, 0.0, 0))
            tally[candidate] = (votes + 1, total + confidence, -candidate)
        votes, total, minus_candidate = max(tally.values())
        assert (result.votes[photo], result.classes[photo]) == (votes, -minus_candidate)
        assert result.scores[photo] == pytest.approx((votes - 1 + total / votes) / len(classes))


@given(BALLOTS)
def test_order_of_members_changes_no_bit(ballots):
    classes, confidences = ballots
    expected = vote(classes, confidences)
    for order in list(permutations(range(len(classes))))[:24]:
        result = vote(classes[list(order)], confidences[list(order)])
        assert np.array_equal(result.classes, expected.classes)
        assert np.array_equal(result.votes, expected.votes)
        assert result.scores.tobytes() == expected.scores.tobytes()


def test_many_members_with_equal_confidences_tie_exactly():
    confidences = np.random.default_rng(0).random(20)
    classes = np.array([1, 2] * 20)
    both = np.repeat(confidences, 2)
    assert one_photo(classes, both)[0] == 1
    assert one_photo(classes[::-1], both)[0] == 1


@given(BALLOTS)
def test_more_votes_rank_above_fewer_and_scores_stay_in_0_to_1(ballots):
    result = vote(*ballots)
    assert ((result.scores > 0) & (result.scores <= 1)).all()
    for votes in range(1, len(ballots[0])):
        fewer, more = result.scores[result.votes == votes], result.scores[result.votes == votes + 1]
        assert fewer.max(initial=0) < more.min(initial=2)


@given(BALLOTS)
def test_single_member_is_returned_unchanged(ballots):
    classes, confidences = ballots[0][:1], ballots[1][:1]
    result = vote(classes, confidences)
    assert np.array_equal(result.classes, classes[0])
    assert np.array_equal(result.scores, confidences[0])


def test_small_dtypes_are_widened():
    result = vote(np.array([[3], [3]], np.int32), np.array([[0.5], [0.25]], np.float32))
    assert (result.classes.dtype, result.scores.dtype, result.votes.dtype) == (np.int64, np.float64, np.int64)
    assert result.scores.tolist() == [0.6875]


@pytest.mark.parametrize(
    ("classes", "confidences", "why"),
    [
        (np.zeros((0, 3), int), np.zeros((0, 3)), "at least one member"),
        (np.zeros(3, int), np.zeros(3), "at least one member"),
        (np.zeros((2, 3), int), np.zeros((3, 2)), r"received \(2, 3\) and \(3, 2\)"),
        (np.zeros((1, 1)), np.zeros((1, 1)), "integer classes, received float64"),
        (np.zeros((1, 1), int), np.full((1, 1), 1.5), "received 1.5 to 1.5"),
        (np.zeros((1, 1), int), np.full((1, 1), -0.5), "received -0.5 to -0.5"),
        (np.zeros((1, 1), int), np.full((1, 1), np.nan), "received nan to nan"),
    ],
)
def test_refuses_invalid_ballots(classes, confidences, why):
    with pytest.raises(ValueError, match=why):
        vote(classes, confidences)


@st.composite
def top_lists(draw):
    """Return each member's k distinct classes with falling confidences, (members, photos, k)."""
    members, photos, k = draw(st.integers(1, 4)), draw(st.integers(0, 4)), draw(st.integers(1, 3))
    lists = [[draw(st.permutations(range(5)))[:k] for _ in range(photos)] for _ in range(members)]
    softmax = hnp.arrays(np.float64, (members, photos, k), elements=st.floats(1e-6, 1))
    confidences = -np.sort(-draw(softmax), axis=2)
    return np.array(lists, np.int64).reshape(members, photos, k), confidences


@given(top_lists())
def test_first_ranked_class_is_the_one_voted_for(lists):
    classes, confidences = lists
    voted = vote(classes[:, :, 0], confidences[:, :, 0]).classes
    assert rank_classes(classes, confidences)[:, 0].tolist() == voted.tolist()


@given(top_lists(), st.randoms())
def test_ranked_classes_are_distinct_considered_and_independent_of_member_order(lists, random):
    classes, confidences = lists
    ranked = rank_classes(classes, confidences)
    assert ranked.shape == classes.shape[1:]
    for photo, row in enumerate(ranked.tolist()):
        assert len(set(row)) == len(row)
        assert set(row) <= set(classes[:, photo].ravel().tolist())
    order = random.sample(range(len(classes)), len(classes))
    assert rank_classes(classes[order], confidences[order]).tolist() == ranked.tolist()


def test_classes_rank_by_votes_then_confidence():
    classes = np.array([[[1, 2, 9]], [[3, 2, 8]], [[3, 1, 7]]])
    confidences = np.array([[[0.9, 0.1, 0.0]], [[0.4, 0.3, 0.2]], [[0.3, 0.2, 0.1]]])
    # 3 has two votes, 1 has one; 2, 8, 9 none, of which 2 is considered with 0.4.
    assert rank_classes(classes, confidences).tolist() == [[3, 1, 2]]


def test_single_member_keeps_its_order():
    classes = np.array([[[4, 0, 2]]])
    assert rank_classes(classes, np.array([[[0.5, 0.3, 0.2]]])).tolist() == [[4, 0, 2]]


def test_refuses_rankings_of_other_shapes():
    with pytest.raises(ValueError, match="members, photos, k"):
        rank_classes(np.zeros((2, 3), np.int64), np.zeros((2, 3)))
