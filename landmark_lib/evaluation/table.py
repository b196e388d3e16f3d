"""Scores as text."""

from collections.abc import Sequence

from landmark_lib.columns import in_columns
from landmark_lib.console import visible
from landmark_lib.dataset import LandmarkClass
from landmark_lib.digits import NOTHING, decimal, p_value, share
from landmark_lib.evaluation_results import ENSEMBLE, TOP, Evaluation, VoterResult

MOST_CONFUSED = 5
INTERVAL = "[95 % interval]"


def describe(evaluation: Evaluation, classes: Sequence[LandmarkClass]) -> str:
    """Tell the scores of all voters beside chance, who is best, and what the ensemble mixes up most."""
    top = f"top-{min(TOP, evaluation.classes)}"
    lines = [
        f"{evaluation.photos:,} photos, all of landmarks, {evaluation.classes:,} classes",
        *in_columns(
            [
                ["", f"top-1 {INTERVAL}", top, "mean per class", "GAP", "ECE", "weights"],
                ["chance", decimal(evaluation.chance)],
                *map(_row, evaluation.voters),
            ]
        ),
        _compared(evaluation),
        *_rejection(evaluation),
    ]
    return "\n".join([*lines, *_confused(evaluation, classes)])


def _row(result: VoterResult) -> list[str]:
    rest = (result.top_5.value, result.mean_class_accuracy.value, result.gap.value, result.ece)
    return [result.voter, str(result.top_1), *map(decimal, rest), result.weights]


def _compared(evaluation: Evaluation) -> str:
    found = evaluation.comparison
    return (
        f"Ensemble against {found.member}, the best member: right alone on {found.only_ensemble_right:,} and"
        f" {found.only_member_right:,} photos, {p_value(found.p_value)}"
    )


def _rejection(evaluation: Evaluation) -> list[str]:
    found = evaluation.rejection
    if found is None:
        return [f"No rejection model: {visible(evaluation.no_rejection)}"]
    unreadable, source = sum(found.unreadable.values()), visible(found.source)
    measured = f"{found.photos:,} photos with and {found.landmark_free:,} without, none of them learned from"
    kept, told = f"{share(found.right_kept)} of the right answers", share(found.landmark_free_rejected)
    rows = [
        (share(at.share), decimal(at.plain.value), str(at.rejecting), str(at.won_back or NOTHING))
        for at in found.shares
    ]
    head = ("share", "by score", f"rejecting {INTERVAL}", f"won back {INTERVAL}")
    return [
        f"GAP by the share of photos without a landmark ({measured}):",
        *(f"  {line}" for line in in_columns([head, *rows])),
        f"  without a landmark: {source}{f'; {unreadable:,} unreadable' if unreadable else ''}",
        f"  the threshold {decimal(found.threshold)} keeps {kept} and tells {told} of the photos without",
    ]


def _confused(evaluation: Evaluation, classes: Sequence[LandmarkClass]) -> list[str]:
    ensemble = next(result for result in evaluation.voters if result.voter == ENSEMBLE)
    wrong = [(photos, true, given) for true, given, photos in ensemble.confusion if true != given]
    if not wrong:
        return ["The ensemble makes no mistake."]
    most = sorted(wrong, key=lambda pair: (-pair[0], *pair[1:]))[:MOST_CONFUSED]
    return [
        f"The ensemble is wrong on {sum(photos for photos, _, _ in wrong):,} photos; most often:",
        *(
            f"  {photos:,} of {visible(classes[true].landmark_id)}"
            f" taken for {visible(classes[given].landmark_id)}"
            for photos, true, given in most
        ),
    ]
