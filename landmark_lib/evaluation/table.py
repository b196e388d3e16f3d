"""Scores as text."""

from collections.abc import Sequence

from landmark_lib.console import visible
from landmark_lib.dataset import LandmarkClass
from landmark_lib.evaluation_results import ENSEMBLE, Evaluation, Figure, VoterResult

MOST_CONFUSED = 5


def describe(evaluation: Evaluation, classes: Sequence[LandmarkClass]) -> str:
    """Tell the scores of all voters beside chance, who is best, and what the ensemble mixes up most."""
    width = max(len(result.voter) for result in evaluation.voters)
    free = f"{evaluation.landmark_free_share:.0%} of them without a landmark"
    lines = [
        f"{evaluation.photos:,} photos, {free}, {evaluation.classes:,} classes",
        f"{'':{width}}  top-1 [95 % interval]  top-5  mean per class    GAP    ECE  weights",
        f"{'chance':{width}}  {evaluation.chance:.3f}",
        *(_line(result, width) for result in evaluation.voters),
        _compared(evaluation),
        *_rejection(evaluation),
    ]
    return "\n".join([*lines, *_confused(evaluation, classes)])


def _line(result: VoterResult, width: int) -> str:
    return (
        f"{result.voter:{width}}  {_with_interval(result.top_1)}  {result.top_5.value:.3f}"
        f"  {result.mean_class_accuracy.value:14.3f}  {result.gap.value:.3f}  {result.ece:.3f}"
        f"  {result.weights}"
    )


def _with_interval(figure: Figure) -> str:
    return f"{figure.value:.3f} [{figure.low:.3f}, {figure.high:.3f}]"


def _compared(evaluation: Evaluation) -> str:
    found = evaluation.comparison
    return (
        f"Ensemble against {found.member}, the best member: right alone on {found.only_ensemble_right:,} and"
        f" {found.only_member_right:,} photos, p = {found.p_value:.3f}"
    )


def _rejection(evaluation: Evaluation) -> list[str]:
    found = evaluation.rejection
    if found is None:
        return [f"Photos without a landmark are not told: {visible(evaluation.no_rejection)}"]
    unreadable, source = sum(found.unreadable.values()), visible(found.source)
    measured = f"{found.photos:,} photos with and {found.landmark_free:,} without, none of them learned from"
    kept, told = f"{found.right_kept:.0%} of the right answers", f"{found.landmark_free_rejected:.0%}"
    return [
        f"GAP by the share of photos without a landmark ({measured}):",
        "  share  by score  rejecting [95 % interval]  won back [95 % interval]",
        *(
            f"  {at.share:5.0%}  {at.plain.value:8.3f}  {_with_interval(at.rejecting):25}  "
            + (_with_interval(at.won_back) if at.won_back else "-")
            for at in found.shares
        ),
        f"  without a landmark: {source}{f'; {unreadable:,} unreadable' if unreadable else ''}",
        f"  the threshold {found.threshold:.3f} keeps {kept} and tells {told} of the photos without",
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
