"""Learn to reject photos without a landmark on one half of the hold-out, and measure it on the other."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from landmark_lib.evaluation.evidence import Evidence
from landmark_lib.evaluation_results import Figure, RejectionAtShare, RejectionResult
from landmark_lib.method.calibration import fitting_half
from landmark_lib.method.intervals import RESAMPLES, drawn_copies, interval
from landmark_lib.method.mixtures import SHARES, RankedPhotos
from landmark_lib.method.rejection import EVIDENCE, Rejection, best_threshold, fit_rejection

HALVES_SEED = 0
MASKED_HOLD_OUT = "held-out photos with their own class masked"


@dataclass(frozen=True)
class LandmarkFreePhotos:
    """Photos that show no landmark.

    Attributes:
        source: Where they come from.
        image_ids: Distinct ids.
        evidence: Evidence for the predictions.
        rejected: Photos that could not be read, by reason.
        known: Those that evidence is compared with, (photos,); the others measure it.
        vectors: Each member's vectors of the known ones, as `mean_similarity` takes them.
    """

    source: str
    image_ids: Sequence[str]
    evidence: Evidence
    rejected: dict[str, int]
    known: NDArray[np.bool_]
    vectors: Sequence[NDArray[np.float16]] = ()


@dataclass(frozen=True)
class LandmarkPhotos:
    """Photos that show a landmark.

    Attributes:
        image_ids: Distinct ids.
        right: Whether the ensemble's prediction is right, (photos,).
        evidence: Evidence for the predictions.
        evidence_masked: The same with the true class of each photo masked.
    """

    image_ids: Sequence[str]
    right: NDArray[np.bool_]
    evidence: Evidence
    evidence_masked: Evidence


def learn_rejection(
    landmarks: LandmarkPhotos, landmark_free: LandmarkFreePhotos | None, *, resamples: int = RESAMPLES
) -> tuple[Rejection, RejectionResult]:
    """Fit the confidence that a prediction is right, and measure it on photos it was not fitted on.

    The weights are learned from the hold-out alone: photos without a landmark that somebody collected are of
    few kinds, and weights learned from them were worse on other kinds. They set the threshold, and count as
    evidence by the similarity to them.

    Args:
        landmarks: The hold-out.
        landmark_free: Examples without a landmark, if there are any.
        resamples: Resamples of the bootstrap.

    Raises:
        ValueError: Too few photos: a half has none, or none that is predicted right.
    """
    fitting = fitting_half(landmarks.image_ids, HALVES_SEED)
    known, masked = landmarks.evidence, landmarks.evidence_masked
    rejection = fit_rejection(known.values[fitting], landmarks.right[fitting], masked.values[fitting])
    if landmark_free is None:
        free = LandmarkFreePhotos(MASKED_HOLD_OUT, landmarks.image_ids, masked.of(~fitting), {}, fitting)
    else:
        if not landmark_free.known.any():
            raise ValueError(f"{len(landmark_free.known)} photos without a landmark")
        threshold = best_threshold(
            rejection.score(known.values[fitting & landmarks.right]),
            rejection.score(landmark_free.evidence.values[landmark_free.known]),
        )
        rejection = replace(rejection, threshold=threshold)
        free = replace(landmark_free, evidence=landmark_free.evidence.of(~landmark_free.known))
    right = landmarks.right[~fitting]
    if not right.any():
        raise ValueError("no right prediction in the half to measure on")
    unseen = known.of(~fitting)
    scores, free_scores = rejection.score(unseen.values), rejection.score(free.evidence.values)
    plain = RankedPhotos(unseen.scores, right, free.evidence.scores)
    rejecting = RankedPhotos(scores, right, free_scores)
    result = RejectionResult(
        source=free.source,
        photos=len(right),
        landmark_free=len(free_scores),
        unreadable=free.rejected,
        shares=list(_at_shares(plain, rejecting, (len(right), len(free_scores)), resamples)),
        weights=dict(zip(EVIDENCE, rejection.weights, strict=True)),
        threshold=rejection.threshold,
        right_kept=float((scores[right] >= rejection.threshold).mean()),
        landmark_free_rejected=float((free_scores < rejection.threshold).mean()),
    )
    return rejection, result


def _at_shares(
    plain: RankedPhotos, rejecting: RankedPhotos, photos: tuple[int, int], resamples: int
) -> Iterator[RejectionAtShare]:
    drawn = np.empty((resamples, len(SHARES), 2))
    known, free = (drawn_copies(count, resamples, seed=kind) for kind, count in enumerate(photos))
    for number, (of_known, of_free) in enumerate(zip(known, free, strict=True)):
        for position, share in enumerate(SHARES):
            drawn[number, position] = [
                ranked.gap_at_share(share, of_known, of_free) for ranked in (plain, rejecting)
            ]
    whole, whole_drawn = plain.gap_at_share(0.0), drawn[:, 0, 0]
    for position, share in enumerate(SHARES):
        before, after = plain.gap_at_share(share), rejecting.gap_at_share(share)
        before_drawn, after_drawn = drawn[:, position].T
        gains, costs = after_drawn - before_drawn, whole_drawn - before_drawn
        lost = costs > 0  # in some resamples nothing is lost
        yield RejectionAtShare(
            share=share,
            plain=Figure(before, *interval(before_drawn)),
            rejecting=Figure(after, *interval(after_drawn)),
            gain=Figure(after - before, *interval(gains)),
            won_back=Figure((after - before) / (whole - before), *interval(gains[lost] / costs[lost]))
            if whole > before
            else None,
        )
