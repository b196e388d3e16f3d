"""Greedy selection takes one model a member: those that vote best together, not those best alone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from landmark_lib.method.ensemble_selection import select_ensemble, vote_score

MEMBERS = 3


@st.composite
def candidates(draw):
    """Give members, labels, confidences and truth, at least one candidate a member."""
    photos, extra = draw(st.integers(1, 12)), draw(st.lists(st.integers(0, MEMBERS - 1), max_size=5))
    members = draw(st.permutations([*range(MEMBERS), *extra]))
    generator = np.random.default_rng(draw(st.integers(0, 2**32)))
    labels = generator.integers(0, 3, (len(members), photos))
    confidences = generator.uniform(0.3, 1.0, labels.shape)
    return members, labels, confidences, generator.integers(0, 3, photos)


@given(candidates())
def test_each_member_has_one_trial_of_its_own(given_candidates):
    members = given_candidates[0]
    chosen = select_ensemble(*given_candidates)
    assert sorted(members[place] for place in chosen) == list(range(MEMBERS))


@given(candidates())
def test_each_choice_votes_at_least_as_well_as_any_other_would_have(given_candidates):
    members, labels, confidences, truth = given_candidates
    chosen = select_ensemble(*given_candidates)
    for count, choice in enumerate(chosen):
        before = chosen[:count]
        taken = {members[place] for place in before}

        def score(place, before=before):
            return vote_score(labels[[*before, place]], confidences[[*before, place]], truth)

        others = [place for place in range(len(members)) if members[place] not in taken]
        assert score(choice) == max(map(score, others))


@given(candidates(), st.randoms())
def test_the_order_of_candidates_changes_no_score_on_the_way(given_candidates, random):
    members, labels, confidences, truth = given_candidates
    order = list(range(len(members)))
    random.shuffle(order)
    first = select_ensemble(*given_candidates)[0]
    other = order[select_ensemble([members[k] for k in order], labels[order], confidences[order], truth)[0]]
    # Candidates with the same answers and equal confidences are the only ones that may change places.
    assert vote_score(labels[[first]], confidences[[first]], truth) == vote_score(
        labels[[other]], confidences[[other]], truth
    )


@given(candidates())
def test_a_candidate_without_a_mistake_is_chosen_first(given_candidates):
    members, labels, confidences, truth = given_candidates
    wrong = (labels == truth).mean(axis=1) < 1
    labels = np.concatenate([labels[wrong], truth[np.newaxis]])
    confidences = np.concatenate([confidences[wrong], np.ones((1, len(truth)))])
    members = [member for member, is_wrong in zip(members, wrong, strict=True) if is_wrong] + [0]
    assert select_ensemble(members, labels, confidences, truth)[0] == len(members) - 1


def test_who_is_right_where_the_others_are_wrong_is_chosen_before_who_is_right_more_often():
    truth = np.zeros(8, np.int64)
    labels = np.array(
        [
            [0, 0, 0, 0, 0, 0, 1, 1],  # the best
            [0, 0, 0, 0, 0, 2, 1, 1],  # the next best, wrong where the best is
            [1, 1, 1, 1, 0, 0, 0, 0],  # half right, and sure of what the best gets wrong
        ]
    )
    confidences = np.array([[0.6] * 8, [0.5] * 8, [0.4] * 4 + [0.9] * 4])
    assert select_ensemble([0, 1, 1], labels, confidences, truth) == [0, 2]
    assert select_ensemble([0, 1, 1], labels[[0, 1, 1]], confidences[[0, 1, 1]], truth) == [0, 1]


def test_equal_candidates_are_taken_in_their_order():
    labels = np.zeros((4, 3), np.int64)
    assert select_ensemble([1, 0, 1, 0], labels, np.ones(labels.shape), np.zeros(3, np.int64)) == [0, 1]


@pytest.mark.parametrize(
    ("members", "shape", "photos"), [([], (0, 3), 3), ([0], (1, 0), 0), ([0], (2, 3), 3), ([0], (1, 3), 2)]
)
def test_refuses_nothing_and_other_shapes(members, shape, photos):
    with pytest.raises(ValueError, match="expected labels and confidences"):
        select_ensemble(members, np.zeros(shape, np.int64), np.zeros(shape), np.zeros(photos, np.int64))
