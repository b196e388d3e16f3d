"""Compute an evaluation from what all voters predict, without any model or file."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from landmark_lib.evaluation_results import (
    Comparison,
    Decile,
    Disagreement,
    Evaluation,
    Figure,
    ReliabilityBin,
    Temperature,
    VoterResult,
)
from landmark_lib.hold_out import HoldOut
from landmark_lib.method.calibration import (
    TEMPERATURES,
    apply_temperature,
    choose_temperature,
    expected_calibration_error,
    fitting_half,
    reliability,
)
from landmark_lib.method.intervals import (
    FIGURES,
    RESAMPLES,
    interval,
    mcnemar,
    resampled_figures,
    share_interval,
)
from landmark_lib.method.metrics import (
    confusion,
    disagreement,
    gap,
    macro_precision,
    macro_recall,
    mean_class_accuracy,
    per_class_accuracy,
    tenths_by_label_count,
    top_k_accuracy,
)
from landmark_lib.predictions import Predictions

SHARES = ("top_1", "top_5")  # figures that are shares of the photos


@dataclass(frozen=True)
class Voter:
    """What one voter predicts, photos in the order of the hold-out.

    Attributes:
        name: "member-0", …, ENSEMBLE or MEAN_SOFTMAX.
        weights: What its backbones started from.
        predictions: Its predictions.
        log_sums: logsumexp(logits / temperature) for each of `calibration.TEMPERATURES`, where a temperature
            is to be fitted, (photos, temperatures) float64.
        true_logits: Logit of the true class, together with `log_sums`, (photos,) float64.
    """

    name: str
    weights: str
    predictions: Predictions
    log_sums: NDArray[np.float64] | None = None
    true_logits: NDArray[np.float64] | None = None

    def of(self, photos: NDArray[np.int64]) -> Self:
        """Return what it predicts for these photos, given by their positions, in this order."""
        return replace(
            self,
            predictions=self.predictions.of(photos),
            log_sums=None if self.log_sums is None else self.log_sums[photos],
            true_logits=None if self.true_logits is None else self.true_logits[photos],
        )

    def check(self, photos: int, classes: int) -> None:
        """Raise ValueError if an array has another shape, or holds a class or score out of range."""
        found = self.predictions
        shape = (photos, *found.classes.shape[1:])
        _check_array(f"classes of {self.name}", found.classes, shape, classes - 1)
        _check_array(f"scores of {self.name}", found.scores, (photos, *found.scores.shape[1:]), 1)
        if self.log_sums is not None or self.true_logits is not None:
            _check_array(f"log sums of {self.name}", self.log_sums, (photos, len(TEMPERATURES)))
            _check_array(f"true logits of {self.name}", self.true_logits, (photos,))


def measure(
    hold_out: HoldOut,
    members: Sequence[Voter],
    ensemble: Voter,
    mean_softmax: Voter,
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Evaluation:
    """Measure all voters on one hold-out; the order of its photos changes nothing.

    Args:
        hold_out: The photos and their true classes.
        members: The members, at least one.
        ensemble: The members' vote.
        mean_softmax: The mean of the members' softmax.
        resamples: Resamples of the bootstrap, at least 1.
        seed: Seed of the resamples, and of the halves on which temperatures are fitted and measured.

    Raises:
        ValueError: No photos or members, a repeated image id, arrays of other shapes, a class index or score
            out of range, or a log sum or logit that is NaN.
    """
    voters = [*members, ensemble, mean_softmax]
    count, classes = len(hold_out.image_ids), len(hold_out.label_counts)
    if count == 0 or not members:
        raise ValueError(f"expected photos and members, received {count} and {len(members)}")
    if len(set(hold_out.image_ids)) < count:
        raise ValueError("expected distinct image ids, received one twice")
    _check_array("truth", hold_out.truth, (count,), classes - 1)
    for voter in voters:
        voter.check(count, classes)
    # Sorted by image id, so that whatever is drawn or ranked by position depends on the image ids alone.
    order = np.array(sorted(range(count), key=hold_out.image_ids.__getitem__))
    image_ids = [hold_out.image_ids[photo] for photo in order.tolist()]
    photos = replace(hold_out, image_ids=image_ids, truth=hold_out.truth[order])
    voters = [voter.of(order) for voter in voters]
    predictions = [voter.predictions for voter in voters]
    resampled = resampled_figures(predictions, photos.truth, classes, resamples=resamples, seed=seed)
    fitting = fitting_half(image_ids, seed)
    results = [
        _voter_result(voter, photos, drawn, fitting) for voter, drawn in zip(voters, resampled, strict=True)
    ]
    best = max(range(len(members)), key=lambda member: results[member].top_1.value)
    drawn = resampled[len(members), :, 0] - resampled[best, :, 0]
    return Evaluation(
        dataset=photos.dataset,
        dataset_fingerprint=photos.fingerprint,
        photos=count,
        classes=classes,
        chance=1 / classes,
        voters=results,
        comparison=_comparison(voters[best], voters[len(members)], photos.truth, drawn),
        disagreement=_disagreement(voters[: len(members)], voters[len(members)], photos.truth),
    )


def _check_array(
    name: str, array: NDArray[Any] | None, shape: tuple[int, ...], highest: float | None = None
) -> None:
    if array is None or array.shape != shape or array.size == 0:
        received = None if array is None else array.shape
        raise ValueError(f"{name}: expected an array of {shape}, received {received}")
    # Written this way round, it refuses NaN too.
    if highest is not None and not 0 <= array.min() <= array.max() <= highest:
        raise ValueError(f"{name}: expected 0 to {highest}, received {array.min()} to {array.max()}")


def _voter_result(
    voter: Voter, photos: HoldOut, resampled: NDArray[np.float64], fitting: NDArray[np.bool_]
) -> VoterResult:
    """Measure one voter; `resampled` is (resamples, figures), `fitting` (photos,)."""
    found, truth = voter.predictions, photos.truth
    first, scores, right = found.first, found.first_scores, found.right(truth)
    scored = zip(first.tolist(), scores.tolist(), strict=True)
    truths = {name: (true,) for name, true in zip(photos.image_ids, truth.tolist(), strict=True)}
    values = {
        "top_1": top_k_accuracy(found.classes, truth, 1),
        "top_5": top_k_accuracy(found.classes, truth, found.classes.shape[1]),
        "mean_class_accuracy": mean_class_accuracy(first, truth),
        "macro_precision": macro_precision(first, truth),
        "macro_recall": macro_recall(first, truth),
        "gap": gap(dict(zip(photos.image_ids, scored, strict=True)), truths),
    }
    figures = {
        name: Figure(values[name], *interval(drawn)) for name, drawn in zip(FIGURES, resampled.T, strict=True)
    }
    for name in SHARES:
        drawn = resampled[:, FIGURES.index(name)]
        figures[name] = Figure(values[name], *share_interval(values[name], len(truth), drawn))
    bins = reliability(scores, right)
    columns = (bins.scores.tolist(), bins.accuracies.tolist(), bins.photos.tolist())
    return VoterResult(
        voter=voter.name,
        weights=voter.weights,
        **figures,
        ece=expected_calibration_error(scores, right),
        reliability=[ReliabilityBin(*row) for row in zip(*columns, strict=True)],
        deciles=_deciles(first, photos),
        confusion=[(*pair, count) for pair, count in confusion(first, truth).items()],
        temperature=_temperature(voter, right, fitting),
    )


def _deciles(classes: NDArray[np.integer[Any]], photos: HoldOut) -> list[Decile]:
    label_counts = photos.label_counts
    accuracies = per_class_accuracy(classes, photos.truth, len(label_counts))
    photo_counts = np.bincount(photos.truth, minlength=len(label_counts))
    deciles = []
    for part in tenths_by_label_count(label_counts):
        with_photos = part[photo_counts[part] > 0]
        deciles.append(
            Decile(
                least=int(label_counts[part[0]]),
                most=int(label_counts[part[-1]]),
                classes=len(part),
                photos=int(photo_counts[part].sum()),
                accuracy=_mean(accuracies[with_photos]),
            )
        )
    return deciles


def _temperature(voter: Voter, right: NDArray[np.bool_], fitting: NDArray[np.bool_]) -> Temperature | None:
    """Fit on one half of the photos and measure on the other; None without logits or without photos."""
    if voter.log_sums is None or voter.true_logits is None or not fitting.any():
        return None
    position = choose_temperature(voter.log_sums[fitting], voter.true_logits[fitting])
    other = ~fitting
    before = voter.predictions.first_scores[other]
    after = apply_temperature(before, voter.log_sums[other], position)
    return Temperature(
        temperature=float(TEMPERATURES[position]),
        ece_before=expected_calibration_error(before, right[other]),
        ece_after=expected_calibration_error(after, right[other]),
        photos=int(other.sum()),
    )


def _comparison(
    member: Voter, ensemble: Voter, truth: NDArray[np.int64], drawn: NDArray[np.float64]
) -> Comparison:
    """Compare photo by photo; `drawn` holds the difference of top-1 in each resample, (resamples,)."""
    of_member, of_ensemble = member.predictions.right(truth), ensemble.predictions.right(truth)
    only_ensemble = int((of_ensemble & ~of_member).sum())
    only_member = int((of_member & ~of_ensemble).sum())
    return Comparison(
        member=member.name,
        difference=Figure((only_ensemble - only_member) / len(truth), *interval(drawn)),
        only_ensemble_right=only_ensemble,
        only_member_right=only_member,
        p_value=mcnemar(only_ensemble, only_member),
    )


def _disagreement(members: Sequence[Voter], ensemble: Voter, truth: NDArray[np.int64]) -> Disagreement:
    classes = np.stack([voter.predictions.first for voter in members])  # (members, photos)
    unanimous = (classes == classes[0]).all(axis=0)
    right = ensemble.predictions.right(truth).astype(np.float64)
    return Disagreement(
        members=[voter.name for voter in members],
        pairs=disagreement(classes).tolist(),
        unanimous=float(unanimous.mean()),
        accuracy_if_unanimous=_mean(right[unanimous]),
        accuracy_if_split=_mean(right[~unanimous]),
    )


def _mean(values: NDArray[np.float64]) -> float | None:
    return float(values.mean()) if values.size else None
