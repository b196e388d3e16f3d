"""What is learned on half of the photos ranks photos without a landmark lower, and is measured on others."""

from dataclasses import replace

import numpy as np
import pytest

from landmark_lib.evaluation.evidence import Evidence
from landmark_lib.evaluation.rejecting import STAND_INS, LandmarkFree, Shown, learn_rejection
from landmark_lib.method.calibration import fitting_half
from landmark_lib.method.mixtures import SHARES, Mixture

PHOTOS = 240


def evidence(random, photos, telling):
    """Scores that tell little, and a second piece of evidence that tells much."""
    scores = random.random(photos)
    return Evidence(scores, np.column_stack((scores, random.normal(telling, 1.0, photos), np.zeros(photos))))


@pytest.fixture(scope="module")
def shown():
    random = np.random.default_rng(0)
    right = random.random(PHOTOS) < 0.8
    known = evidence(random, PHOTOS, telling=np.where(right, 3.0, 0.0))
    names = [f"photo {number}" for number in range(PHOTOS)]
    return Shown(names, right, known, evidence(random, PHOTOS, telling=0.0))


@pytest.fixture(scope="module")
def landmark_free():
    names = [f"street {number}" for number in range(90)]
    return LandmarkFree("streets", names, evidence(np.random.default_rng(1), 90, telling=-0.5), {"empty": 2})


def test_photos_without_a_landmark_cost_less_than_by_the_votes_score(shown, landmark_free):
    for examples, source in ((None, STAND_INS), (landmark_free, "streets")):
        _, result = learn_rejection(shown, examples, resamples=50)
        assert result.source == source
        assert [at.share for at in result.shares] == list(SHARES)
        for at in result.shares[1:]:
            assert at.won_back.low > 0.4
            assert at.gain.low > 0
        assert result.shares[0].won_back is None
        assert result.right_kept > 0.8
        assert result.landmark_free_rejected > 0.8


def test_it_is_measured_on_the_photos_that_nothing_was_learned_from(shown, landmark_free):
    rejection, result = learn_rejection(shown, landmark_free, resamples=20)
    other, other_free = ~fitting_half(shown.image_ids, 0), ~fitting_half(landmark_free.image_ids, 0)
    assert (result.photos, result.landmark_free, result.unreadable) == (120, 45, {"empty": 2})
    scores = rejection.score(shown.known.pieces[other])
    free = rejection.score(landmark_free.evidence.pieces[other_free])
    mixed = Mixture(scores, shown.right[other], free)
    assert [at.rejecting.value for at in result.shares] == [mixed.gap(share) for share in SHARES]
    assert result.landmark_free_rejected == (free < rejection.threshold).mean()


def test_examples_without_a_landmark_move_the_threshold_alone(shown, landmark_free):
    without, _ = learn_rejection(shown, None, resamples=1)
    alike = replace(landmark_free, evidence=evidence(np.random.default_rng(3), 90, telling=2.0))
    with_examples, _ = learn_rejection(shown, alike, resamples=1)
    assert without.weights == with_examples.weights
    assert without.threshold < with_examples.threshold


def test_the_same_photos_give_the_same_numbers(shown, landmark_free):
    assert learn_rejection(shown, landmark_free, resamples=5) == learn_rejection(
        shown, landmark_free, resamples=5
    )


def test_too_few_photos_teach_nothing(shown):
    wrong = Shown(shown.image_ids, np.zeros(PHOTOS, np.bool_), shown.known, shown.unknown)
    with pytest.raises(ValueError, match="right answers"):
        learn_rejection(wrong, None)
    one = LandmarkFree("one", ["a"], evidence(np.random.default_rng(2), 1, 0.0), {})
    with pytest.raises(ValueError, match="1 photos without"):
        learn_rejection(shown, one)
