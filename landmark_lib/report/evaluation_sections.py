"""What an evaluation found, section by section: scores, rare classes, calibration, disagreement."""

from landmark_lib.evaluation_results import ENSEMBLE, Evaluation, Figure, RejectionAtShare, VoterResult
from landmark_lib.report.evaluation_figures import decile_figure, forest_figure, reliability_figure
from landmark_lib.report.page import Fact, Section, number, render_part, share

SUPPORTED = 0.05  # a p value below says that chance alone hardly explains a difference
SMALLEST_P_VALUE = 0.001  # smaller ones are only said to be smaller
MOST_FIGURES = 6  # of members
TOP = 5
NOTHING = "\N{EN DASH}"


def evaluation_lead(evaluation: Evaluation) -> str:
    """Sum an evaluation up in a paragraph."""
    ensemble, members = ensemble_of(evaluation), len(evaluation.disagreement.members)
    of = "one member" if members == 1 else f"{number(members)} members"
    return (
        f"The ensemble of {of} is right on {share(ensemble.top_1.value, 1)} of"
        f" {number(evaluation.photos)} photos that were held out, of {number(evaluation.classes)} classes; a"
        f" guess is right on {share(evaluation.chance, 1)}. {comparison_words(evaluation)}"
    )


def evaluation_facts(evaluation: Evaluation) -> list[Fact]:
    """Give the figures of an evaluation to see first."""
    ensemble = ensemble_of(evaluation)
    return [
        Fact(share(ensemble.top_1.value, 1), "top-1 accuracy of the ensemble"),
        Fact(share(ensemble.mean_class_accuracy.value, 1), "mean accuracy per class"),
        Fact(f"{ensemble.gap.value:.3f}", "GAP of the ensemble"),
        Fact(share(evaluation.chance, 1), "top-1 accuracy of a guess"),
        Fact(number(evaluation.photos), "photos held out"),
        Fact(number(evaluation.classes), "classes"),
        Fact(number(len(evaluation.disagreement.members)), "members"),
    ]


def ensemble_of(evaluation: Evaluation) -> VoterResult:
    """Find what was measured of the ensemble.

    Raises:
        ValueError: Nothing.
    """
    for result in evaluation.voters:
        if result.voter == ENSEMBLE:
            return result
    raise ValueError(
        f"expected the {ENSEMBLE} among the voters, received {[v.voter for v in evaluation.voters]}"
    )


def scores_section(evaluation: Evaluation) -> Section:
    """Tell how good each voter is, beside chance, and whether the vote gains anything."""
    voters, chance = evaluation.voters, evaluation.chance
    body = render_part(
        "scores.html",
        voters=[_score_row(result) for result in voters],
        guess=_guess_row(evaluation),
        comparison=comparison_words(evaluation),
        support=support_words(evaluation),
        landmark_free=landmark_free_words(evaluation.landmark_free_share),
        photos=evaluation.photos,
        top=min(TOP, evaluation.classes),
        figures=[
            forest_figure(
                "forest-top-1", "top-1 accuracy", [(v.voter, v.top_1) for v in voters], chance, per_cent=True
            ),
            forest_figure(
                "forest-class",
                "mean accuracy per class",
                [(v.voter, v.mean_class_accuracy) for v in voters],
                chance,
                per_cent=True,
            ),
            forest_figure("forest-gap", "GAP", [(v.voter, v.gap) for v in voters], None, per_cent=False),
        ],
    )
    return Section("scores", "Scores", body)


def comparison_words(evaluation: Evaluation) -> str:
    """Tell which is better, the ensemble or its best member."""
    found = evaluation.comparison
    if len(evaluation.disagreement.members) == 1:
        return "There is one member, so the ensemble is this member."
    points = f"{abs(100 * found.difference.value):.1f} percentage points of top-1 accuracy"
    if found.difference.value < 0:
        return f"The best member, {found.member}, beats the ensemble by {points}."
    if found.difference.value > 0:
        return f"The ensemble beats its best member, {found.member}, by {points}."
    return f"The ensemble is right as often as its best member, {found.member}."


def support_words(evaluation: Evaluation) -> str:
    """Tell whether the paired test supports a difference of the ensemble and its best member."""
    found = evaluation.comparison
    if len(evaluation.disagreement.members) == 1:
        return ""
    tiny = found.p_value < SMALLEST_P_VALUE
    p_value = f"p < {SMALLEST_P_VALUE}" if tiny else f"p = {found.p_value:.3f}"
    low, high = (
        f"{100 * end:+.1f}".replace("-", "\N{MINUS SIGN}")
        for end in (found.difference.low, found.difference.high)
    )
    supports = (
        "supports the difference: chance alone would hardly give it"
        if found.p_value < SUPPORTED
        else "does not support a difference: chance alone may give it"
    )
    return (
        f"The paired test {supports} ({p_value}, exact McNemar test, two-sided). Only the ensemble is right"
        f" on {_photos(found.only_ensemble_right)}, only {found.member} on"
        f" {_photos(found.only_member_right)}; ensemble minus member is {low} to {high} percentage points"
        " (95 % interval). The member is the best of several on these very photos, which flatters it."
    )


def landmark_free_words(free: float) -> str:
    """Tell what a GAP is worth on a hold-out with such a share of photos without a landmark."""
    if free == 0:
        return (
            "Every photo here shows a landmark, and such a hold-out alone flatters GAP: where some photos"
            " show none, as in a public test set, each answer to one of them counts against it."
        )
    return (
        f"{share(free, 1)} of the photos show no landmark; GAP counts every answer to one of them as wrong."
    )


def label_count_section(evaluation: Evaluation) -> Section:
    """Tell how good the voters are on rare and on frequent classes."""
    ensemble = ensemble_of(evaluation)
    measured = [part for part in ensemble.deciles if part.accuracy is not None]
    body = render_part(
        "label_counts.html",
        rarest=measured[0] if measured else None,
        commonest=measured[-1] if measured else None,
        parts=ensemble.deciles,
        voters=evaluation.voters,
        figure=decile_figure(evaluation.voters) if measured else None,
    )
    return Section("by-count", "Rare and frequent classes", body)


def reliability_section(evaluation: Evaluation) -> Section:
    """Tell whether the voters are right as often as they are sure."""
    members = [result for result in evaluation.voters if result.voter in evaluation.disagreement.members]
    others = [result for result in evaluation.voters if result not in members]
    drawn = [result for result in [*members[:MOST_FIGURES], *others] if result.reliability]
    body = render_part(
        "reliability.html",
        voters=evaluation.voters,
        figures=[
            (result.voter, reliability_figure(f"reliability-{k}", result.voter, result.reliability))
            for k, result in enumerate(drawn)
        ],
        undrawn=max(0, len(members) - MOST_FIGURES),
    )
    return Section("reliability", "Reliability", body)


def disagreement_section(evaluation: Evaluation) -> Section:
    """Tell how often members answer differently."""
    found = evaluation.disagreement
    body = render_part("disagreement.html", found=found, photos=evaluation.photos)
    return Section("disagreement", "Disagreement of members", body)


def rejection_section(evaluation: Evaluation) -> Section:
    """Tell what it brings to know photos without a landmark."""
    found = evaluation.rejection
    body = render_part(
        "rejection.html",
        found=found,
        why_not=evaluation.no_rejection,
        unreadable=sum(found.unreadable.values()) if found else 0,
        rows=[_rejection_row(at) for at in found.shares] if found else [],
    )
    return Section("rejection", "Photos without a landmark", body)


def _rejection_row(at: RejectionAtShare) -> dict[str, object]:
    gaps = [(f"{gap.value:.3f}", f"{gap.low:.3f} to {gap.high:.3f}") for gap in (at.plain, at.rejecting)]
    gain = (_signed(at.gain.value), f"{_signed(at.gain.low)} to {_signed(at.gain.high)}")
    won = at.won_back
    won_back = (f"{won.value:.2f}", f"{won.low:.2f} to {won.high:.2f}") if won else (NOTHING, "")
    return {"share": at.share, "cells": [*gaps, gain, won_back]}


def _signed(value: float) -> str:
    return f"{value:+.3f}".replace("-", "\N{MINUS SIGN}")


def _score_row(result: VoterResult) -> dict[str, object]:
    shares = (
        result.top_1,
        result.top_5,
        result.mean_class_accuracy,
        result.macro_precision,
        result.macro_recall,
    )
    cells = [(figure.value, share(figure.value, 1), _interval(figure)) for figure in shares]
    gap = result.gap
    cells.append((gap.value, f"{gap.value:.3f}", f"{gap.low:.3f} to {gap.high:.3f}"))
    return {"voter": result.voter, "weights": result.weights, "cells": cells}


def _guess_row(evaluation: Evaluation) -> list[str]:
    """Write what a guess among all classes scores: top-1, top-5, per class, precision, recall, GAP."""
    guess = share(evaluation.chance, 1)
    return [guess, share(min(1.0, TOP * evaluation.chance), 1), guess, guess, guess, NOTHING]


def _interval(figure: Figure) -> str:
    # The unit once: a column is as wide as its intervals.
    return f"{share(figure.low, 1).removesuffix(' %')} to {share(figure.high, 1)}"


def _photos(count: int) -> str:
    return "1 photo" if count == 1 else f"{number(count)} photos"
