"""The sections of an evaluation's page: scores, rare classes, calibration, disagreement, rejection."""

from functools import partial

from landmark_lib.digits import decimal, number, p_value, points, share
from landmark_lib.evaluation_results import (
    ENSEMBLE,
    TOP_K,
    Evaluation,
    RejectionResult,
    VoterResult,
    too_few_words,
    views_words,
)
from landmark_lib.method.calibration import TEMPERATURES
from landmark_lib.method.intervals import FEW
from landmark_lib.report.evaluation_figures import decile_figure, forest_figure, reliability_figure
from landmark_lib.report.page import Fact, Section, cell, render_part

RANDOM = "random"  # --weights of a training that starts from scratch
SIGNIFICANT = 0.05  # p values below support a difference
MAX_FIGURES = 6  # of members
NOTHING = "\N{EN DASH}"


def evaluation_lead(evaluation: Evaluation) -> str:
    """Summarize an evaluation in a paragraph."""
    ensemble, members = ensemble_of(evaluation), len(evaluation.disagreement.members)
    of = "one member" if members == 1 else f"{number(members)} members"
    found = (
        f"{_random_words(evaluation)}The ensemble of {of} is right on {share(ensemble.top_1.value)} of"
        f" {number(evaluation.photos)} held-out photos of {number(evaluation.classes)} classes; a random"
        f" guess is right on {share(evaluation.chance)}. {comparison_words(evaluation)}"
    )
    remarks = (views_words(evaluation.views), too_few_words(evaluation.photos))
    return " ".join(filter(None, [found, *remarks]))


def _random_words(evaluation: Evaluation) -> str:
    """Return a sentence about members that were not pretrained, if there are any."""
    members = evaluation.disagreement.members
    started = [
        voter.voter for voter in evaluation.voters if voter.voter in members and voter.weights == RANDOM
    ]
    if not started:
        return ""
    who = "All members" if len(started) == len(members) else ", ".join(started)
    return f"{who} started from random weights instead of ImageNet's: expect accuracy close to chance. "


def evaluation_facts(evaluation: Evaluation) -> list[Fact]:
    """Return the key figures of an evaluation."""
    ensemble = ensemble_of(evaluation)
    return [
        Fact(share(ensemble.top_1.value), "top-1 accuracy of the ensemble"),
        Fact(share(ensemble.mean_class_accuracy.value), "mean accuracy per class"),
        Fact(decimal(ensemble.gap.value), "GAP of the ensemble"),
        Fact(share(evaluation.chance), "top-1 accuracy of a random guess"),
        Fact(number(evaluation.photos), "held-out photos"),
        Fact(number(evaluation.classes), "classes"),
        Fact(number(len(evaluation.disagreement.members)), "members"),
    ]


def ensemble_of(evaluation: Evaluation) -> VoterResult:
    """Return the result of the ensemble.

    Raises:
        ValueError: There is none.
    """
    for result in evaluation.voters:
        if result.voter == ENSEMBLE:
            return result
    raise ValueError(
        f"expected the {ENSEMBLE} among the voters, received {[v.voter for v in evaluation.voters]}"
    )


def scores_section(evaluation: Evaluation) -> Section:
    """Render the scores of all voters beside chance, and whether the vote improves them."""
    voters, chance = evaluation.voters, evaluation.chance
    guess = share(chance)  # of a random guess: top-1, top-5, per class, precision, recall, GAP
    body = render_part(
        "scores.html",
        voters=[_score_row(result) for result in voters],
        guess=[guess, share(min(1.0, TOP_K * chance)), guess, guess, guess, NOTHING],
        comparison=comparison_words(evaluation),
        support=support_words(evaluation),
        photos=evaluation.photos,
        top=min(TOP_K, evaluation.classes),
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
    """Describe which is better, the ensemble or its best member."""
    found = evaluation.comparison
    if len(evaluation.disagreement.members) == 1:
        return "There is one member, so the ensemble is this member."
    margin = f"{points(abs(found.difference.value)).removeprefix('+')} percentage points of top-1 accuracy"
    if found.difference.value < 0:
        return f"The best member, {found.member}, beats the ensemble by {margin}."
    if found.difference.value > 0:
        return f"The ensemble beats its best member, {found.member}, by {margin}."
    return f"The ensemble is right as often as its best member, {found.member}."


def support_words(evaluation: Evaluation) -> str:
    """Describe whether the paired test supports a difference between the ensemble and its best member."""
    found = evaluation.comparison
    if len(evaluation.disagreement.members) == 1:
        return ""
    _, ends = cell(found.difference, points)
    supports = (
        "supports the difference: it is unlikely to be chance"
        if found.p_value < SIGNIFICANT
        else "does not support a difference: it may be chance"
    )
    return (
        f"The paired test {supports} ({p_value(found.p_value)}, exact McNemar test, two-sided). Only the"
        f" ensemble is right on {_photos(found.only_ensemble_right)}, only {found.member} on"
        f" {_photos(found.only_member_right)}; ensemble minus member is {ends} percentage points"
        " (95 % interval). The member was selected as the best on these same photos, which flatters it."
    )


def label_count_section(evaluation: Evaluation) -> Section:
    """Render how good the voters are on rare and on frequent classes."""
    ensemble = ensemble_of(evaluation)
    measured = [part for part in ensemble.deciles if part.accuracy is not None]
    body = render_part(
        "label_counts.html",
        rarest=measured[0] if measured else None,
        commonest=measured[-1] if measured else None,
        few=bool(measured) and min(measured[0].photos, measured[-1].photos) < FEW,
        parts=ensemble.deciles,
        voters=evaluation.voters,
        figure=decile_figure(evaluation.voters) if measured else None,
    )
    return Section("by-count", "Rare and frequent classes", body)


def reliability_section(evaluation: Evaluation) -> Section:
    """Render whether the scores of the voters match their accuracies."""
    members = [result for result in evaluation.voters if result.voter in evaluation.disagreement.members]
    others = [result for result in evaluation.voters if result not in members]
    drawn = [result for result in [*members[:MAX_FIGURES], *others] if result.reliability]
    body = render_part(
        "reliability.html",
        voters=evaluation.voters,
        coldest=float(TEMPERATURES[0]),
        hottest=float(TEMPERATURES[-1]),
        figures=[
            (result.voter, reliability_figure(f"reliability-{k}", result.voter, result.reliability))
            for k, result in enumerate(drawn)
        ],
        undrawn=max(0, len(members) - MAX_FIGURES),
    )
    return Section("reliability", "Reliability", body)


def disagreement_section(evaluation: Evaluation) -> Section:
    """Render how often members disagree."""
    found = evaluation.disagreement
    body = render_part("disagreement.html", found=found, photos=evaluation.photos)
    return Section("disagreement", "Disagreement between members", body)


def rejection_section(evaluation: Evaluation) -> Section:
    """Render how well photos without a landmark are rejected."""
    found = evaluation.rejection
    signed = partial(decimal, signed=True)
    rows = [
        {
            "share": at.share,
            "cells": [
                *(cell(at.plain), cell(at.rejecting), cell(at.gain, signed)),
                cell(at.won_back) if at.won_back else (NOTHING, ""),
            ],
        }
        for at in (found.shares if found else [])
    ]
    body = render_part(
        "rejection.html",
        found=found,
        why_not=evaluation.no_rejection,
        verdict=rejection_words(found) if found else "",
        unreadable=sum(found.unreadable.values()) if found else 0,
        rows=rows,
    )
    return Section("rejection", "Photos without a landmark", body)


def rejection_words(found: RejectionResult) -> str:
    """Describe whether the intervals support that rejection ranks photos without a landmark lower."""
    gains = [at.gain for at in found.shares if at.share]
    if all(gain.low > 0 for gain in gains):
        return "ranks photos without a landmark lower than the vote's score does"
    if all(gain.high < 0 for gain in gains):
        return "ranks photos without a landmark higher than the vote's score does, which is worse"
    return (
        "may or may not rank photos without a landmark lower than the vote's score does: an interval of the"
        " difference contains 0"
    )


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


def _photos(count: int) -> str:
    return "1 photo" if count == 1 else f"{number(count)} photos"
