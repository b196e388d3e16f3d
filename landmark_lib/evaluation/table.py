"""Scores as text."""

from collections.abc import Sequence

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


def _confused(evaluation: Evaluation, classes: Sequence[LandmarkClass]) -> list[str]:
    ensemble = next(result for result in evaluation.voters if result.voter == ENSEMBLE)
    wrong = [(photos, true, given) for true, given, photos in ensemble.confusion if true != given]
    if not wrong:
        return ["The ensemble makes no mistake."]
    most = sorted(wrong, key=lambda pair: (-pair[0], *pair[1:]))[:MOST_CONFUSED]
    return [
        f"The ensemble is wrong on {sum(photos for photos, _, _ in wrong):,} photos; most often:",
        *(
            f"  {photos:,} of {classes[true].landmark_id} taken for {classes[given].landmark_id}"
            for photos, true, given in most
        ),
    ]
