"""The results of an evaluation as text."""

from collections.abc import Sequence

from landmark_lib.columns import in_columns
from landmark_lib.console import visible
from landmark_lib.dataset import LandmarkClass
from landmark_lib.digits import NOTHING, decimal, p_value, share
from landmark_lib.evaluation_results import ENSEMBLE, TOP_K, Evaluation, too_few_words, views_words

MAX_CONFUSED = 5
INTERVAL = "[95 % interval]"


def describe_evaluation(evaluation: Evaluation, classes: Sequence[LandmarkClass]) -> str:
    """Describe all voters beside chance, the paired comparison, the rejection and the main confusions."""
    head = [
        *("", f"top-1 {INTERVAL}", f"top-{min(TOP_K, evaluation.classes)}"),
        *("mean per class", "GAP", "ECE", "weights"),
    ]
    rows = [head, ["chance", decimal(evaluation.chance)]]
    for result in evaluation.voters:
        rest = (result.top_5.value, result.mean_class_accuracy.value, result.gap.value, result.ece)
        rows.append([result.voter, str(result.top_1), *map(decimal, rest), result.weights])
    compared = evaluation.comparison
    lines = [
        f"{evaluation.photos:,} photos, all of landmarks, {evaluation.classes:,} classes",
        *in_columns(rows),
        *filter(None, [too_few_words(evaluation.photos), views_words(evaluation.views)]),
        (
            f"Ensemble against {compared.member}, the best member: only the ensemble is right on"
            f" {compared.only_ensemble_right:,} photos, only the member on {compared.only_member_right:,}"
            f" photos, {p_value(compared.p_value)}"
        ),
    ]
    return "\n".join([*lines, *_rejection(evaluation), *_confused(evaluation, classes)])


def _rejection(evaluation: Evaluation) -> list[str]:
    found = evaluation.rejection
    if found is None:
        return [f"No rejection model: {visible(evaluation.no_rejection)}"]
    unreadable, source = sum(found.unreadable.values()), visible(found.source)
    kept, rejected = share(found.right_kept), share(found.landmark_free_rejected)
    rows = [("share", "by score", f"rejecting {INTERVAL}", f"won back {INTERVAL}")]
    rows += [
        (share(at.share), decimal(at.plain.value), str(at.rejecting), str(at.won_back or NOTHING))
        for at in found.shares
    ]
    return [
        (
            f"GAP by share of photos without a landmark ({found.photos:,} photos with and"
            f" {found.landmark_free:,} without, none of them used for learning):"
        ),
        *(f"  {line}" for line in in_columns(rows)),
        f"  photos without a landmark: {source}{f'; {unreadable:,} unreadable' if unreadable else ''}",
        (
            f"  the threshold {decimal(found.threshold)} keeps {kept} of the right predictions and rejects"
            f" {rejected} of the photos without a landmark"
        ),
    ]


def _confused(evaluation: Evaluation, classes: Sequence[LandmarkClass]) -> list[str]:
    ensemble = next(result for result in evaluation.voters if result.voter == ENSEMBLE)
    wrong = [(photos, true, predicted) for true, predicted, photos in ensemble.confusion if true != predicted]
    if not wrong:
        return ["The ensemble makes no mistake."]
    most = sorted(wrong, key=lambda pair: (-pair[0], *pair[1:]))[:MAX_CONFUSED]
    return [
        f"The ensemble is wrong on {sum(photos for photos, _, _ in wrong):,} photos; most often:",
        *(
            f"  {photos:,} of {visible(classes[true].landmark_id)}"
            f" predicted as {visible(classes[predicted].landmark_id)}"
            for photos, true, predicted in most
        ),
    ]
