"""Greedy selection chooses one model per member: those that vote best together, not the best alone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from landmark_lib.method.ensemble_selection import select_ensemble, vote_score

MEMBERS = 3


@st.composite
def candidates(draw):
    """Return members, classes, confidences and truth, at least one candidate per member."""
    photos, extra = draw(st.integers(1, 12)), draw(st.lists(st.integers(0, MEMBERS - 1), max_size=5))
    members = draw(st.permutations([*range(MEMBERS), *extra]))
    generator = np.random.default_rng(draw(st.integers(0, 2**32)))
    classes = generator.integers(0, 3, (len(members), photos))
    confidences = generator.uniform(0.3, 1.0, classes.shape)
    return members, classes, confidences, generator.integers(0, 3, photos)


@given(candidates())
def test_each_member_has_one_candidate(given_candidates):
    members = given_candidates[0]
    chosen = select_ensemble(*given_candidates)
    assert sorted(members[place] for place in chosen) == list(range(MEMBERS))


@given(candidates())
def test_each_choice_votes_at_least_as_well_as_any_other(given_candidates):
    members, classes, confidences, truth = given_candidates
    chosen = select_ensemble(*given_candidates)
    for count, choice in enumerate(chosen):
        before = chosen[:count]
        taken = {members[place] for place in before}

        def score(place, before=before):
            return vote_score(classes[[*before, place]], confidences[[*before, place]], truth)

        others = [place for place in range(len(members)) if members[place] not in taken]
        assert score(choice) == max(map(score, others))


@given(candidates(), st.randoms())
def test_order_of_candidates_changes_no_score(given_candidates, random):
    members, classes, confidences, truth = given_candidates
    order = list(range(len(members)))
    random.shuffle(order)
    first = select_ensemble(*given_candidates)[0]
    other = order[select_ensemble([members[k] for k in order], classes[order], confidences[order], truth)[0]]
    # Only candidates with equal predictions may swap places.
    assert vote_score(classes[[first]], confidences[[first]], truth) == vote_score(
        classes[[other]], confidences[[other]], truth
    )


@given(candidates())
def test_perfect_candidate_is_chosen_first(given_candidates):
    members, classes, confidences, truth = given_candidates
    wrong = (classes == truth).mean(axis=1) < 1
    classes = np.concatenate([classes[wrong], truth[np.newaxis]])
    confidences = np.concatenate([confidences[wrong], np.ones((1, len(truth)))])
    members = [member for member, is_wrong in zip(members, wrong, strict=True) if is_wrong] + [0]
    assert select_ensemble(members, classes, confidences, truth)[0] == len(members) - 1


def test_complementary_model_beats_more_accurate_one():
    truth = np.zeros(8, np.int64)
    classes = np.array(
        [
            [0, 0, 0, 0, 0, 0, 1, 1],  # the best
            [0, 0, 0, 0, 0, 2, 1, 1],  # the next best, wrong where the best is
            [1, 1, 1, 1, 0, 0, 0, 0],  # half right, and confident where the best is wrong
        ]
    )
    confidences = np.array([[0.6] * 8, [0.5] * 8, [0.4] * 4 + [0.9] * 4])
    assert select_ensemble([0, 1, 1], classes, confidences, truth) == [0, 2]
    assert select_ensemble([0, 1, 1], classes[[0, 1, 1]], confidences[[0, 1, 1]], truth) == [0, 1]


def test_equal_candidates_are_chosen_in_order():
    classes = np.zeros((4, 3), np.int64)
    assert select_ensemble([1, 0, 1, 0], classes, np.ones(classes.shape), np.zeros(3, np.int64)) == [0, 1]


@pytest.mark.parametrize(
    ("members", "shape", "photos"), [([], (0, 3), 3), ([0], (1, 0), 0), ([0], (2, 3), 3), ([0], (1, 3), 2)]
)
def test_refuses_no_candidates_and_other_shapes(members, shape, photos):
    with pytest.raises(ValueError, match="expected classes and confidences"):
        select_ensemble(members, np.zeros(shape, np.int64), np.zeros(shape), np.zeros(photos, np.int64))
