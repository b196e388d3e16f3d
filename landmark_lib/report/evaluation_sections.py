"""What an evaluation found, section by section: scores, rare classes, calibration, disagreement."""

from functools import partial

from landmark_lib.digits import decimal, number, p_value, points, share
from landmark_lib.evaluation_results import (
    ENSEMBLE,
    TOP,
    Evaluation,
    RejectionAtShare,
    RejectionResult,
    VoterResult,
)
from landmark_lib.report.evaluation_figures import decile_figure, forest_figure, reliability_figure
from landmark_lib.report.page import Fact, Section, cell, render_part

SUPPORTED = 0.05  # a p value below says that chance alone hardly explains a difference
MOST_FIGURES = 6  # of members
NOTHING = "\N{EN DASH}"


def evaluation_lead(evaluation: Evaluation) -> str:
    """Sum an evaluation up in a paragraph."""
    ensemble, members = ensemble_of(evaluation), len(evaluation.disagreement.members)
    of = "one member" if members == 1 else f"{number(members)} members"
    return (
        f"The ensemble of {of} is right on {share(ensemble.top_1.value)} of"
        f" {number(evaluation.photos)} photos that were held out, of {number(evaluation.classes)} classes; a"
        f" guess is right on {share(evaluation.chance)}. {comparison_words(evaluation)}"
    )


def evaluation_facts(evaluation: Evaluation) -> list[Fact]:
    """Give the figures of an evaluation to see first."""
    ensemble = ensemble_of(evaluation)
    return [
        Fact(share(ensemble.top_1.value), "top-1 accuracy of the ensemble"),
        Fact(share(ensemble.mean_class_accuracy.value), "mean accuracy per class"),
        Fact(decimal(ensemble.gap.value), "GAP of the ensemble"),
        Fact(share(evaluation.chance), "top-1 accuracy of a guess"),
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
    much = f"{points(abs(found.difference.value)).removeprefix('+')} percentage points of top-1 accuracy"
    if found.difference.value < 0:
        return f"The best member, {found.member}, beats the ensemble by {much}."
    if found.difference.value > 0:
        return f"The ensemble beats its best member, {found.member}, by {much}."
    return f"The ensemble is right as often as its best member, {found.member}."


def support_words(evaluation: Evaluation) -> str:
    """Tell whether the paired test supports a difference of the ensemble and its best member."""
    found = evaluation.comparison
    if len(evaluation.disagreement.members) == 1:
        return ""
    _, ends = cell(found.difference, points)
    supports = (
        "supports the difference: chance alone would hardly give it"
        if found.p_value < SUPPORTED
        else "does not support a difference: chance alone may give it"
    )
    return (
        f"The paired test {supports} ({p_value(found.p_value)}, exact McNemar test, two-sided). Only the"
        f" ensemble is right on {_photos(found.only_ensemble_right)}, only {found.member} on"
        f" {_photos(found.only_member_right)}; ensemble minus member is {ends} percentage points"
        " (95 % interval). The member is the best of several on these very photos, which flatters it."
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
        verdict=rejection_words(found) if found else "",
        unreadable=sum(found.unreadable.values()) if found else 0,
        rows=[_rejection_row(at) for at in found.shares] if found else [],
    )
    return Section("rejection", "Photos without a landmark", body)


def rejection_words(found: RejectionResult) -> str:
    """Say whether the chance to be right ranks photos without a landmark lower, as far as intervals tell."""
    gains = [at.gain for at in found.shares if at.share]
    if all(gain.low > 0 for gain in gains):
        return "ranks them lower than the vote's score does"
    if all(gain.high < 0 for gain in gains):
        return "ranks them higher than the vote's score does, which is worse"
    return "may or may not rank them lower than the vote's score does: an interval of the difference holds 0"


def _rejection_row(at: RejectionAtShare) -> dict[str, object]:
    gain = cell(at.gain, partial(decimal, signed=True))
    won_back = cell(at.won_back) if at.won_back else (NOTHING, "")
    return {"share": at.share, "cells": [cell(at.plain), cell(at.rejecting), gain, won_back]}


def _score_row(result: VoterResult) -> dict[str, object]:
    shares = (
        result.top_1,
        result.top_5,
        result.mean_class_accuracy,
        result.macro_precision,
        result.macro_recall,
    )
    cells = [(figure.value, *cell(figure, share)) for figure in shares]
    cells.append((result.gap.value, *cell(result.gap)))
    return {"voter": result.voter, "weights": result.weights, "cells": cells}


def _guess_row(evaluation: Evaluation) -> list[str]:
    """Write what a guess among all classes scores: top-1, top-5, per class, precision, recall, GAP."""
    guess = share(evaluation.chance)
    return [guess, share(min(1.0, TOP * evaluation.chance)), guess, guess, guess, NOTHING]


def _photos(count: int) -> str:
    return "1 photo" if count == 1 else f"{number(count)} photos"
