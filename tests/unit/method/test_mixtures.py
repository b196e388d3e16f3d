"""GAP of a mixture is that of a test set that holds its photos as often as it takes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from landmark_lib.method.metrics import gap
from landmark_lib.method.mixtures import RankedPhotos


@given(
    st.lists(st.tuples(st.sampled_from([0.1, 0.5, 0.9]), st.booleans()), min_size=1, max_size=6),
    st.lists(st.sampled_from([0.1, 0.4, 0.9]), min_size=1, max_size=4),
    st.integers(0, 3),
)
def test_gap_at_a_share_equals_gap_with_copies_of_landmark_free_photos(known, free, copies):
    """Of equal scores, gap() ranks the smaller id first; ids make the wrong answers the smaller ones."""
    predictions, truths = {}, {}
    for number, (score, right) in enumerate(known):
        name = f"{'c' if right else 'b'}{number}"
        predictions[name], truths[name] = (1, score), (1,) if right else (2,)
    for copy in range(copies):
        for number, score in enumerate(free):
            predictions[f"a{copy}{number}"], truths[f"a{copy}{number}"] = (1, score), ()
    share = copies * len(free) / (copies * len(free) + len(known))
    scores = np.array([score for score, _ in known])
    right = np.array([is_right for _, is_right in known])
    assert RankedPhotos(scores, right, np.array(free)).gap_at_share(share) == pytest.approx(
        gap(predictions, truths)
    )


def test_a_share_needs_examples():
    some = np.array([0.5])
    with pytest.raises(ValueError, match="both kinds"):
        RankedPhotos(some, some > 0, np.array([])).gap_at_share(0.5)
    assert RankedPhotos(some, some > 0, np.array([])).gap_at_share(0.0) == 1


@given(st.integers(0, 50), st.sampled_from([0.0, 0.5, 0.9]))
def test_resample_equals_a_set_with_copies(seed, share):
    random = np.random.default_rng(seed)
    scores, free, right = random.random(8), random.random(5), random.random(8) < 0.7
    known, others = random.integers(0, 3, 8), random.integers(0, 3, 5)
    known[0] = others[0] = 1
    copied = RankedPhotos(scores.repeat(known), right.repeat(known), free.repeat(others))
    drawn = RankedPhotos(scores, right, free)
    assert drawn.gap_at_share(share, known, others) == pytest.approx(copied.gap_at_share(share))
