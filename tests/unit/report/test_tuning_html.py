"""The page of a search shows what was chosen, how much better it is, and every trial."""

from dataclasses import replace

import pytest
from page_outline import outline

from landmark_lib.evaluation_results import Figure
from landmark_lib.report.evaluation_page import evaluation_page
from landmark_lib.report.tuning_page import tuning_page
from landmark_lib.report.tuning_sections import verdict
from landmark_lib.tuning_results import EnsembleResult, TrialResult, Tuning

PARAMETERS = {
    "trainable_layers": 0,
    "optimizer": "adam",
    "dropout": 0.25,
    "l2": 0.000123,
    "learning_rate": 0.01,
}
STATES = ["complete", "complete", "pruned", "failed", "complete"]


def trial(number, state):
    accuracy = None if state == "failed" else 0.6125 + 0.05 * number
    return TrialResult(number, number % 2, state, PARAMETERS, accuracy, 3 + number, 1.25 * number, "")


def found(trials=tuple(STATES), **changes):
    tuning = Tuning(
        dataset="data/dataset",
        dataset_fingerprint="f",
        members=2,
        selection_photos=203,
        reporting_photos=177,
        settings={},
        trials=[trial(number, state) for number, state in enumerate(trials)],
        importances={"dropout": 0.7, "learning_rate": 0.3},
        tuned=EnsembleResult([4, 1], 0.95, Figure(0.9125, 0.875, 0.95), Figure(0.901, 0.86, 0.94)),
        default=EnsembleResult([0, 1], 0.85, Figure(0.8625, 0.82, 0.9), Figure(0.851, 0.8, 0.9)),
        top_1_difference=Figure(0.05, 0.0125, 0.0875),
        gap_difference=Figure(0.05, 0.01, 0.09),
    )
    return replace(tuning, **changes)


def test_both_ensembles_and_their_difference_are_shown():
    text = outline(tuning_page(found())).section("tuning")
    assert "tuned 91.2 % 87.5 to 95.0 % 0.901 0.860 to 0.940 95.0 % 4, 1" in text
    assert "default 86.2 % 82.0 to 90.0 % 0.851 0.800 to 0.900 85.0 % 0, 1" in text
    assert "difference +5.0 +1.2 to +8.8 points +0.050 +0.010 to +0.090" in text


@pytest.mark.parametrize(
    ("difference", "told"),
    [
        (Figure(0.05, 0.0125, 0.0875), "is significant: +1.2 to +8.8"),
        (Figure(-0.05, -0.0875, -0.0125), "is significant: \u22128.8 to \u22121.2"),
        (Figure(0.01, -0.02, 0.04), "may be chance: \u22122.0 to +4.0"),
    ],
)
def test_verdict_follows_the_interval_of_the_difference(difference, told):
    assert told in verdict(found(top_1_difference=difference))


def test_a_search_that_found_nothing_better_says_so_and_how_to_train():
    usual = found().default
    text = outline(tuning_page(found(tuned=usual, settings={"models": "my models"}))).section("tuning")
    assert "found nothing better than the default settings" in text
    assert "python jobs/train.py --member all --config 'my models/tuning/members.yaml'" in text


def test_every_trial_is_in_the_table_with_its_outcome():
    rows = outline(tuning_page(found())).section("trials")
    assert "2 ended early 0 0 adam 0.25 0.000123 0.01 71.2 % 5 2.5" in rows
    assert "3 failed 1 0 adam 0.25 0.000123 0.01 \u2013 6 3.8" in rows


def test_figures_have_text_alternatives():
    drawings = [svg["aria-label"] for svg in outline(tuning_page(found())).all("svg")]
    assert (
        drawings[0]
        == "Validation accuracy by trial. Best so far: trial 0 61.3 %; trial 1 66.3 %; trial 4 81.2 %."
    )
    assert drawings[1] == "Importance of 2 settings: dropout 70.0 %; learning rate 30.0 %."


def test_missing_default_ensemble_or_importances_are_stated():
    page = outline(
        tuning_page(found(default=None, top_1_difference=None, gap_difference=None, importances={}))
    )
    assert "There is no default ensemble to compare the selected one with" in page.section("tuning")
    assert "takes 20 trials that ran to the end" in page.section("trials")
    assert len(page.all("svg")) == 1


def test_the_report_of_an_evaluation_takes_it_in(measured):
    report = measured["evaluation"]
    page = evaluation_page(
        report.manifest, report.evaluation, report.hold_out, report.predictions, report.curves, found()
    )
    anchors = [section["id"] for section in outline(page).all("section")]
    assert anchors[anchors.index("learning") :][:4] == ["learning", "tuning", "trials", "dataset"]
