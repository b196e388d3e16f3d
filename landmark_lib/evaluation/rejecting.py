"""Learns from one half of the hold-out to tell photos without a landmark, and measures on the other half."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from landmark_lib.evaluation.evidence import Evidence
from landmark_lib.evaluation_results import Figure, RejectionAtShare, RejectionResult
from landmark_lib.method.calibration import fitting_half
from landmark_lib.method.intervals import RESAMPLES, drawn_copies, interval
from landmark_lib.method.mixtures import SHARES, Mixture
from landmark_lib.method.rejection import EVIDENCE, Rejection, best_threshold, fit_rejection

HALVES_SEED = 0
STAND_INS = "photos of the hold-out, answered as if their landmark were not among the classes"


@dataclass(frozen=True)
class LandmarkFree:
    """Photos that show no landmark.

    Attributes:
        source: Where they come from.
        image_ids: Distinct.
        evidence: What speaks for the answers to them.
        rejected: Photos that could not be read, by reason.
    """

    source: str
    image_ids: Sequence[str]
    evidence: Evidence
    rejected: dict[str, int]


@dataclass(frozen=True)
class Shown:
    """Photos that show a landmark.

    Attributes:
        image_ids: Distinct.
        right: Whether the ensemble's answer is right, (photos,).
        known: What speaks for it.
        unknown: The same as if the landmark of each photo were not among the classes.
    """

    image_ids: Sequence[str]
    right: NDArray[np.bool_]
    known: Evidence
    unknown: Evidence


def learn_rejection(
    shown: Shown, landmark_free: LandmarkFree | None, *, resamples: int = RESAMPLES
) -> tuple[Rejection, RejectionResult]:
    """Fit how sure to be that an answer is right, and measure it on photos that it was not fitted on.

    The weights are learned from photos of the hold-out alone: photos without a landmark that somebody has
    collected are of few kinds, and weights learned from them were worse on others. They set the threshold.

    Args:
        shown: The hold-out.
        landmark_free: Examples, if there are any.
        resamples: Of the bootstrap.

    Raises:
        ValueError: Too few photos: in a half there is none, or none that is answered right.
    """
    fitting = fitting_half(shown.image_ids, HALVES_SEED)
    rejection = fit_rejection(
        shown.known.pieces[fitting], shown.right[fitting], shown.unknown.pieces[fitting]
    )
    if landmark_free is None:
        return rejection, _measured(rejection, shown, ~fitting, STAND_INS, shown.unknown, ~fitting, resamples)
    fitting_free = fitting_half(landmark_free.image_ids, HALVES_SEED)
    if not fitting_free.any():
        raise ValueError(f"{len(fitting_free)} photos without a landmark")
    right = rejection.score(shown.known.pieces[fitting & shown.right])
    unknown = rejection.score(landmark_free.evidence.pieces[fitting_free])
    rejection = replace(rejection, threshold=best_threshold(right, unknown))
    source, evidence = landmark_free.source, landmark_free.evidence
    result = _measured(rejection, shown, ~fitting, source, evidence, ~fitting_free, resamples)
    return rejection, replace(result, unreadable=landmark_free.rejected)


def _measured(
    rejection: Rejection,
    shown: Shown,
    measured: NDArray[np.bool_],
    source: str,
    landmark_free: Evidence,
    measured_free: NDArray[np.bool_],
    resamples: int,
) -> RejectionResult:
    """Measure on some photos of both kinds, (photos,) and (other photos,)."""
    right = shown.right[measured]
    if not right.any():
        raise ValueError("no right answer in the half to measure on")
    scores = rejection.score(shown.known.pieces[measured])
    free_scores = rejection.score(landmark_free.pieces[measured_free])
    plain = Mixture(shown.known.scores[measured], right, landmark_free.scores[measured_free])
    rejecting = Mixture(scores, right, free_scores)
    return RejectionResult(
        source=source,
        photos=len(right),
        landmark_free=len(free_scores),
        unreadable={},
        shares=list(_at_shares(plain, rejecting, (len(right), len(free_scores)), resamples)),
        weights=dict(zip(EVIDENCE, rejection.weights, strict=True)),
        threshold=rejection.threshold,
        right_kept=float((scores[right] >= rejection.threshold).mean()),
        landmark_free_rejected=float((free_scores < rejection.threshold).mean()),
    )


def _at_shares(
    plain: Mixture, rejecting: Mixture, photos: tuple[int, int], resamples: int
) -> Iterator[RejectionAtShare]:
    drawn = np.empty((resamples, len(SHARES), 2))
    known, free = (drawn_copies(count, resamples, seed=kind) for kind, count in enumerate(photos))
    for number, (of_known, of_free) in enumerate(zip(known, free, strict=True)):
        for position, share in enumerate(SHARES):
            drawn[number, position] = [mix.gap(share, of_known, of_free) for mix in (plain, rejecting)]
    whole, whole_drawn = plain.gap(0.0), drawn[:, 0, 0]
    for position, share in enumerate(SHARES):
        before, after = plain.gap(share), rejecting.gap(share)
        before_drawn, after_drawn = drawn[:, position].T
        yield RejectionAtShare(
            share=share,
            plain=Figure(before, *interval(before_drawn)),
            rejecting=Figure(after, *interval(after_drawn)),
            gain=Figure(after - before, *interval(after_drawn - before_drawn)),
            won_back=_won_back(
                whole - before, after - before, whole_drawn - before_drawn, after_drawn - before_drawn
            ),
        )


def _won_back(
    cost: float, gain: float, costs: NDArray[np.float64], gains: NDArray[np.float64]
) -> Figure | None:
    """Give which share of a cost a gain is; None where nothing was lost, as in some resamples."""
    some = costs > 0
    return Figure(gain / cost, *interval(gains[some] / costs[some])) if cost > 0 else None
