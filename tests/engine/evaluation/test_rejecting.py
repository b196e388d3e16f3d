"""Rejection learned on half of the photos ranks photos without a landmark lower on the other half."""

from dataclasses import replace

import numpy as np
import pytest

from landmark_lib.evaluation.evidence import Evidence
from landmark_lib.evaluation.rejecting import (
    MASKED_HOLD_OUT,
    LandmarkFreePhotos,
    LandmarkPhotos,
    learn_rejection,
)
from landmark_lib.method.calibration import fitting_half
from landmark_lib.method.mixtures import SHARES, RankedPhotos

PHOTOS = 240


def evidence(random, photos, mean):
    """Return weak scores, and a second piece of evidence that separates well."""
    scores = random.random(photos)
    return Evidence(scores, np.column_stack((scores, random.normal(mean, 1.0, photos))))


@pytest.fixture(scope="module")
def landmarks():
    random = np.random.default_rng(0)
    right = random.random(PHOTOS) < 0.8
    known = evidence(random, PHOTOS, mean=np.where(right, 3.0, 0.0))
    names = [f"photo {number}" for number in range(PHOTOS)]
    return LandmarkPhotos(names, right, known, evidence(random, PHOTOS, mean=0.0))


@pytest.fixture(scope="module")
def landmark_free():
    names = [f"street {number}" for number in range(90)]
    random = np.random.default_rng(1)
    return LandmarkFreePhotos(
        "streets", names, evidence(random, 90, mean=-0.5), {"empty": 2}, fitting_half(names, 0)
    )


def test_photos_without_a_landmark_cost_less_than_with_the_score_of_the_vote(landmarks, landmark_free):
    for examples, source in ((None, MASKED_HOLD_OUT), (landmark_free, "streets")):
        _, result = learn_rejection(landmarks, examples, resamples=50)
        assert result.source == source
        assert [at.share for at in result.shares] == list(SHARES)
        for at in result.shares[1:]:
            assert at.won_back.low > 0.4
            assert at.gain.low > 0
        assert result.shares[0].won_back is None
        assert result.right_kept > 0.8
        assert result.landmark_free_rejected > 0.8


def test_rejection_is_measured_on_photos_it_was_not_learned_from(landmarks, landmark_free):
    rejection, result = learn_rejection(landmarks, landmark_free, resamples=20)
    other, other_free = ~fitting_half(landmarks.image_ids, 0), ~fitting_half(landmark_free.image_ids, 0)
    assert (result.photos, result.landmark_free, result.unreadable) == (120, 45, {"empty": 2})
    scores = rejection.score(landmarks.evidence.values[other])
    free = rejection.score(landmark_free.evidence.values[other_free])
    mixed = RankedPhotos(scores, landmarks.right[other], free)
    assert [at.rejecting.value for at in result.shares] == [mixed.gap_at_share(share) for share in SHARES]
    assert result.landmark_free_rejected == (free < rejection.threshold).mean()


def test_examples_without_a_landmark_move_only_the_threshold(landmarks, landmark_free):
    without, _ = learn_rejection(landmarks, None, resamples=1)
    alike = replace(landmark_free, evidence=evidence(np.random.default_rng(3), 90, mean=2.0))
    with_examples, _ = learn_rejection(landmarks, alike, resamples=1)
    assert without.weights == with_examples.weights
    assert without.threshold < with_examples.threshold


def test_the_same_photos_give_the_same_numbers(landmarks, landmark_free):
    assert learn_rejection(landmarks, landmark_free, resamples=5) == learn_rejection(
        landmarks, landmark_free, resamples=5
    )


def test_too_few_photos_are_refused(landmarks):
    wrong = replace(landmarks, right=np.zeros(PHOTOS, np.bool_))
    with pytest.raises(ValueError, match="right predictions"):
        learn_rejection(wrong, None)
    one = LandmarkFreePhotos("one", ["a"], evidence(np.random.default_rng(2), 1, 0.0), {}, np.zeros(1, bool))
    with pytest.raises(ValueError, match="1 photos without"):
        learn_rejection(landmarks, one)
