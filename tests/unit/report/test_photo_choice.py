"""Which photos a page shows depends on the predictions alone."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from landmark_lib.hold_out import HoldOut
from landmark_lib.predictions import Predictions
from landmark_lib.report.photo_choice import (
    draw_photos,
    most_confident_of_pairs,
    most_confident_wrong,
    pairs_of,
)


def photos(truth, predicted, scores, image_ids=None):
    ids = image_ids or [f"photo {number}" for number in range(len(truth))]
    hold_out = HoldOut("data", "fingerprint", ids, np.array(truth, np.int64), np.ones(3, np.int64))
    classes = np.array(predicted, np.int64).reshape(-1, 1)
    return hold_out, Predictions(classes, np.array(scores, np.float64).reshape(-1, 1))


SOME_PHOTOS = st.integers(1, 12).flatmap(
    lambda count: st.builds(
        photos,
        st.lists(st.integers(0, 2), min_size=count, max_size=count),
        st.lists(st.integers(0, 2), min_size=count, max_size=count),
        # Few different scores, so that many are equal.
        st.lists(st.sampled_from([0.25, 0.5, 1.0]), min_size=count, max_size=count),
    )
)


def in_other_order(hold_out, predictions, order):
    image_ids = [hold_out.image_ids[photo] for photo in order]
    return replace(hold_out, image_ids=image_ids, truth=hold_out.truth[order]), predictions.of(order)


def ids(some, chosen):
    return [some[0].image_ids[photo] for photo in chosen]


@given(SOME_PHOTOS, st.integers(1, 5), st.randoms(use_true_random=False))
def test_order_of_photos_changes_nothing(some, limit, random):
    everyone = range(len(some[1]))
    order = list(everyone)
    random.shuffle(order)
    other = in_other_order(*some, order)
    assert ids(some, most_confident_wrong(*some, limit)) == ids(other, most_confident_wrong(*other, limit))
    assert ids(some, draw_photos(some[0], everyone, limit)) == ids(
        other, draw_photos(other[0], everyone, limit)
    )
    pairs = [(0, 1), (1, 1)]
    found, again = most_confident_of_pairs(*some, pairs), most_confident_of_pairs(*other, pairs)
    assert {pair: some[0].image_ids[photo] for pair, photo in found.items()} == {
        pair: other[0].image_ids[photo] for pair, photo in again.items()
    }


@given(SOME_PHOTOS, st.integers(1, 5))
def test_most_confident_wrong_predictions_are_wrong_and_of_distinct_pairs(some, limit):
    chosen = most_confident_wrong(*some, limit)
    pairs = [pairs_of(*some)[photo] for photo in chosen]
    assert len(pairs) == len(set(pairs)) <= limit
    assert all(true != predicted for true, predicted in pairs)
    scores = some[1].first_scores[chosen].tolist()
    assert scores == sorted(scores, reverse=True)


def test_equal_scores_go_by_image_id():
    some = photos([0, 0], [1, 1], [0.5, 0.5], ["b", "a"])
    assert ids(some, most_confident_wrong(*some, 1)) == ["a"]
    assert most_confident_of_pairs(*some, [(0, 1), (1, 0)]) == {(0, 1): 1}


@pytest.mark.parametrize("scores", [0, 2])
def test_predictions_have_at_least_one_score_and_at_most_one_per_class(scores):
    with pytest.raises(ValueError, match="n up to k"):
        Predictions(np.zeros((1, 1), np.int64), np.ones((1, scores)))
