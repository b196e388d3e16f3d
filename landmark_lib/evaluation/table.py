"""Scores as text."""

from collections.abc import Sequence

from landmark_lib.dataset import LandmarkClass
from landmark_lib.evaluation.evaluate import ENSEMBLE, Evaluation, Score

MOST_CONFUSED = 5


def describe(evaluation: Evaluation, classes: Sequence[LandmarkClass]) -> str:
    """Tell the scores of all voters beside chance, and what the ensemble mixes up most."""
    width = max(len(score.voter) for score in evaluation.scores)
    free = f"{evaluation.landmark_free_share:.0%} of them without a landmark"
    lines = [
        f"{evaluation.photos:,} photos, {free}, {evaluation.classes:,} classes",
        f"{'':{width}}  top-1  top-5  mean per class    GAP  weights",
        f"{'chance':{width}}  {evaluation.chance:.3f}",
        *(_line(score, width) for score in evaluation.scores),
    ]
    return "\n".join([*lines, *_confused(evaluation, classes)])


def _line(score: Score, width: int) -> str:
    return (
        f"{score.voter:{width}}  {score.top_1:.3f}  {score.top_5:.3f}  {score.mean_class_accuracy:14.3f}"
        f"  {score.gap:.3f}  {score.weights}"
    )


def _confused(evaluation: Evaluation, classes: Sequence[LandmarkClass]) -> list[str]:
    ensemble = next(score for score in evaluation.scores if score.voter == ENSEMBLE)
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
