"""From the answers of all voters to all that is found out about them; no model and no file."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

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
from landmark_lib.method.calibration import (
    TEMPERATURES,
    choose_temperature,
    expected_calibration_error,
    fitting_half,
    reliability,
    tempered,
)
from landmark_lib.method.intervals import FIGURES, RESAMPLES, Responses, interval, mcnemar, resampled_figures
from landmark_lib.method.metrics import (
    accuracy_by_class,
    confusion,
    disagreement,
    gap,
    macro_precision,
    macro_recall,
    mean_class_accuracy,
    tenths_by_label_count,
    top_k_accuracy,
)


@dataclass(frozen=True)
class HoldOut:
    """The photos that were asked about.

    Attributes:
        dataset: Root of the data set.
        fingerprint: Of the data set.
        image_ids: Distinct, photos of them.
        truth: True class index of each photo, (photos,) int64.
        label_counts: Images of each class in the corpus, (classes,) int64.
    """

    dataset: str
    fingerprint: str
    image_ids: Sequence[str]
    truth: NDArray[np.int64]
    label_counts: NDArray[np.int64]


@dataclass(frozen=True)
class Answers:
    """What one voter answers, the photos in the order of the hold-out.

    Attributes:
        voter: Its name.
        weights: What its backbones started from.
        labels: Class indices of each photo, most likely first, (photos, k) int64.
        scores: How sure it is of the first, in 0 … 1, (photos,) float64; a member's is its softmax.
        log_sums: logsumexp(logits / temperature) for each of `calibration.TEMPERATURES`, of a member whose
            temperature is wanted, (photos, temperatures) float64.
        true_logits: Logit of the true class, given with `log_sums`, (photos,) float64.
    """

    voter: str
    weights: str
    labels: NDArray[np.int64]
    scores: NDArray[np.float64]
    log_sums: NDArray[np.float64] | None = None
    true_logits: NDArray[np.float64] | None = None


def measure(
    hold_out: HoldOut,
    members: Sequence[Answers],
    ensemble: Answers,
    mean_softmax: Answers,
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Evaluation:
    """Measure all voters on one hold-out; the order of its photos changes nothing.

    Args:
        hold_out: The photos and their truth.
        members: Answers of each, at least one.
        ensemble: Answers of the members' vote.
        mean_softmax: Answers by the mean of the members' softmax.
        resamples: Of the bootstrap, at least 1.
        seed: Of the resamples and of the halves that temperatures are fitted and judged on.

    Raises:
        ValueError: No photos or members, an image id given twice, arrays of other shapes, a class index
            or score out of range, or a log sum or logit that is not a number.
    """
    voters = [*members, ensemble, mean_softmax]
    _check(hold_out, members, voters)
    # In this order, what is drawn by position and ranked by position depends on the image ids alone.
    order = np.array(sorted(range(len(hold_out.image_ids)), key=hold_out.image_ids.__getitem__))
    photos = _photos_in_order(hold_out, order)
    voters = [_answers_in_order(answers, order) for answers in voters]
    resampled = _resampled(voters, photos, resamples, seed)
    fitting = fitting_half(photos.image_ids, seed)
    results = [
        _voter_result(answers, photos, figures, fitting)
        for answers, figures in zip(voters, resampled, strict=True)
    ]
    count = len(members)
    best = max(range(count), key=lambda member: results[member].top_1.value)
    drawn = resampled[count, :, 0] - resampled[best, :, 0]
    return Evaluation(
        dataset=photos.dataset,
        dataset_fingerprint=photos.fingerprint,
        photos=len(order),
        classes=len(photos.label_counts),
        chance=1 / len(photos.label_counts),
        voters=results,
        comparison=_comparison(voters[best], voters[count], photos.truth, drawn),
        disagreement=_disagreement(voters[:count], voters[count], photos.truth),
    )


def _check(hold_out: HoldOut, members: Sequence[Answers], voters: Sequence[Answers]) -> None:
    photos, classes = len(hold_out.image_ids), len(hold_out.label_counts)
    if photos == 0 or not members:
        raise ValueError(f"expected photos and members, received {photos} and {len(members)}")
    if len(set(hold_out.image_ids)) < photos:
        raise ValueError("expected distinct image ids, received one twice")
    _check_array("truth", hold_out.truth, (photos,), classes - 1)
    for answers in voters:
        ranked = (photos, answers.labels.shape[-1])
        _check_array(f"labels of {answers.voter}", answers.labels, ranked, classes - 1)
        _check_array(f"scores of {answers.voter}", answers.scores, (photos,), 1)
        if answers.log_sums is not None or answers.true_logits is not None:
            _check_array(f"log sums of {answers.voter}", answers.log_sums, (photos, len(TEMPERATURES)))
            _check_array(f"true logits of {answers.voter}", answers.true_logits, (photos,))


def _check_array(
    name: str, array: NDArray[Any] | None, shape: tuple[int, ...], most: float | None = None
) -> None:
    if array is None or array.shape != shape or array.size == 0:
        raise ValueError(
            f"{name}: expected an array of {shape}, received {None if array is None else array.shape}"
        )
    # Said this way round, NaN is refused too.
    if most is not None and not 0 <= array.min() <= array.max() <= most:
        raise ValueError(f"{name}: expected 0 to {most}, received {array.min()} to {array.max()}")


def _photos_in_order(hold_out: HoldOut, order: NDArray[np.int64]) -> HoldOut:
    image_ids = [hold_out.image_ids[photo] for photo in order.tolist()]
    return replace(hold_out, image_ids=image_ids, truth=hold_out.truth[order])


def _answers_in_order(answers: Answers, order: NDArray[np.int64]) -> Answers:
    return replace(
        answers,
        labels=answers.labels[order],
        scores=answers.scores[order],
        log_sums=None if answers.log_sums is None else answers.log_sums[order],
        true_logits=None if answers.true_logits is None else answers.true_logits[order],
    )


def _resampled(voters: Sequence[Answers], photos: HoldOut, resamples: int, seed: int) -> NDArray[np.float64]:
    """Give `FIGURES` of all voters on the same resamples, (voters, resamples, figures)."""
    # (photos,) becomes (photos, 1), to be compared with each of the k labels.
    truth = photos.truth[:, np.newaxis]
    responses = [
        Responses(answers.labels[:, 0], (answers.labels == truth).any(axis=1), answers.scores)
        for answers in voters
    ]
    return resampled_figures(
        responses, photos.truth, len(photos.label_counts), resamples=resamples, seed=seed
    )


def _voter_result(
    answers: Answers, photos: HoldOut, resampled: NDArray[np.float64], fitting: NDArray[np.bool_]
) -> VoterResult:
    """Measure one voter; `resampled` is (resamples, figures), `fitting` (photos,)."""
    first, truth = answers.labels[:, 0], photos.truth
    right = first == truth
    values = {
        "top_1": top_k_accuracy(answers.labels, truth, 1),
        "top_5": top_k_accuracy(answers.labels, truth, answers.labels.shape[1]),
        "mean_class_accuracy": mean_class_accuracy(first, truth),
        "macro_precision": macro_precision(first, truth),
        "macro_recall": macro_recall(first, truth),
        "gap": _gap(answers, photos),
    }
    return VoterResult(
        voter=answers.voter,
        weights=answers.weights,
        **{
            name: Figure(values[name], *interval(drawn))
            for name, drawn in zip(FIGURES, resampled.T, strict=True)
        },
        ece=expected_calibration_error(answers.scores, right),
        reliability=_reliability(answers.scores, right),
        deciles=_deciles(first, photos),
        confusion=[(*pair, count) for pair, count in confusion(first, truth).items()],
        temperature=_temperature(answers, right, fitting),
    )


def _gap(answers: Answers, photos: HoldOut) -> float:
    said = zip(answers.labels[:, 0].tolist(), answers.scores.tolist(), strict=True)
    truths = {name: (label,) for name, label in zip(photos.image_ids, photos.truth.tolist(), strict=True)}
    return gap(dict(zip(photos.image_ids, said, strict=True)), truths)


def _reliability(scores: NDArray[np.float64], right: NDArray[np.bool_]) -> list[ReliabilityBin]:
    bins = reliability(scores, right)
    columns = (bins.scores.tolist(), bins.accuracies.tolist(), bins.photos.tolist())
    return [ReliabilityBin(*row) for row in zip(*columns, strict=True)]


def _deciles(labels: NDArray[np.int64], photos: HoldOut) -> list[Decile]:
    label_counts = photos.label_counts
    accuracies = accuracy_by_class(labels, photos.truth, len(label_counts))
    photo_counts = np.bincount(photos.truth, minlength=len(label_counts))
    deciles = []
    for part in tenths_by_label_count(label_counts):
        shown = part[photo_counts[part] > 0]
        deciles.append(
            Decile(
                least=int(label_counts[part[0]]),
                most=int(label_counts[part[-1]]),
                classes=len(part),
                photos=int(photo_counts[part].sum()),
                accuracy=_mean(accuracies[shown]),
            )
        )
    return deciles


def _temperature(
    answers: Answers, right: NDArray[np.bool_], fitting: NDArray[np.bool_]
) -> Temperature | None:
    """Fit on half of the photos, judge on the other; None where there is nothing to fit, or on no photo."""
    if answers.log_sums is None or answers.true_logits is None or not fitting.any():
        return None
    position = choose_temperature(answers.log_sums[fitting], answers.true_logits[fitting])
    other = ~fitting
    after = tempered(answers.scores[other], answers.log_sums[other], position)
    return Temperature(
        temperature=float(TEMPERATURES[position]),
        ece_before=expected_calibration_error(answers.scores[other], right[other]),
        ece_after=expected_calibration_error(after, right[other]),
        photos=int(other.sum()),
    )


def _comparison(
    member: Answers, ensemble: Answers, truth: NDArray[np.int64], drawn: NDArray[np.float64]
) -> Comparison:
    """Compare by photo; `drawn` holds the difference of top-1 in each resample, (resamples,)."""
    own, together = member.labels[:, 0] == truth, ensemble.labels[:, 0] == truth
    only_ensemble, only_member = int((together & ~own).sum()), int((own & ~together).sum())
    return Comparison(
        member=member.voter,
        difference=Figure((only_ensemble - only_member) / len(truth), *interval(drawn)),
        only_ensemble_right=only_ensemble,
        only_member_right=only_member,
        p_value=mcnemar(only_ensemble, only_member),
    )


def _disagreement(members: Sequence[Answers], ensemble: Answers, truth: NDArray[np.int64]) -> Disagreement:
    # of all members together: (members, photos)
    labels = np.stack([answers.labels[:, 0] for answers in members])
    unanimous = (labels == labels[0]).all(axis=0)
    right = (ensemble.labels[:, 0] == truth).astype(np.float64)
    return Disagreement(
        members=[answers.voter for answers in members],
        pairs=disagreement(labels).tolist(),
        unanimous=float(unanimous.mean()),
        accuracy_if_unanimous=_mean(right[unanimous]),
        accuracy_if_split=_mean(right[~unanimous]),
    )


def _mean(values: NDArray[np.float64]) -> float | None:
    return float(values.mean()) if values.size else None
