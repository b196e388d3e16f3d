"""The page of an evaluation shows its results as numbers, words and photos, and no more than fits."""

import base64
import hashlib
import re
from dataclasses import replace

import numpy as np
import pytest
from evaluations import MEMBERS, VOTERS, curves_of, evaluation_of, predictions_of
from page_outline import outline
from report_datasets import HOSTILE, SCRIPT, ids_of, write_dataset

from landmark_lib.dataset import read_classes
from landmark_lib.evaluation_results import Comparison, Figure, ReliabilityBin
from landmark_lib.predictions import Predictions
from landmark_lib.report.evaluation_figures import reliability_figure
from landmark_lib.report.evaluation_page import evaluation_page
from landmark_lib.report.evaluation_sections import (
    comparison_words,
    evaluation_lead,
    rejection_section,
    rejection_words,
    reliability_section,
    scores_section,
    support_words,
)
from landmark_lib.report.gallery_sections import MAX_EXAMPLES, MAX_PAIRS, confusion_section
from landmark_lib.report.learning_sections import MAX_EPOCHS, MAX_MEMBERS, learning_section

NOTHING = "\N{EN DASH}"
OWN = ["scores", "by-count", "reliability", "disagreement", "rejection", "confusion", "gallery", "learning"]
DATASETS = [
    "dataset",
    "photos",
    "labels",
    "balance",
    "sampling",
    "duplicates",
    "rejected",
    "files",
    "settings",
]


@pytest.fixture
def page(measured):
    return measured["evaluation"]


def percent(value):
    return f"{100 * value:.1f} %"


def interval(figure):
    return f"{100 * figure.low:.1f} to {100 * figure.high:.1f} %"


def text_of(section):
    return " ".join(re.sub(r"<[^>]*>", " ", section.body).split())


def compared(page, difference, p_value=0.2, only=(31, 22)):
    found = Comparison("member-2", Figure(difference, -0.021, 0.034), *only, p_value)
    return replace(page.evaluation, comparison=found)


def test_page_joins_evaluation_learning_and_data_set(page):
    assert [section["id"] for section in page.outline.all("section")] == [*OWN, *DATASETS]
    assert re.findall(r'<li class="nested"><a href="#(\w+)"', page.text) == DATASETS[1:]


def test_the_lead_begins_with_random_weights_and_ends_with_too_few_photos(page):
    lead = evaluation_lead(page.evaluation)
    assert lead.startswith("member-0 started from random weights instead of ImageNet's: ")
    assert lead.endswith("16 photos say little; hold out more with --hold-out of jobs/preprocess.py.")
    pretrained = [replace(voter, weights="imagenet") for voter in page.evaluation.voters]
    lead = evaluation_lead(replace(page.evaluation, voters=pretrained, photos=30))
    assert lead.startswith("The ensemble of ")
    assert "say little" not in lead


def test_a_threshold_that_rejects_all_is_no_result(page):
    useless = replace(page.evaluation.rejection, right_kept=0.0)
    told = text_of(rejection_section(replace(page.evaluation, rejection=useless)))
    assert "rejects every right prediction here" in told
    assert "0 % of the right predictions are kept" not in told


def test_a_temperature_at_the_end_of_the_search_is_marked(page):
    voter = page.evaluation.voters[0]
    ends = [replace(voter, temperature=replace(voter.temperature, temperature=end)) for end in (0.1, 10.0)]
    told = text_of(reliability_section(replace(page.evaluation, voters=ends)))
    assert "≤ 0.100" in told
    assert "≥ 10.000" in told


@pytest.mark.parametrize(("photos", "drawn"), [(10, ["0.87"]), (200, ["0.82", "0.93"])])
def test_reliability_of_few_photos_has_fewer_dots(photos, drawn):
    bins = [ReliabilityBin(0.82, 0.5, photos // 2), ReliabilityBin(0.925, 1.0, photos // 2)]
    text = reliability_figure("r", "member-0", bins)
    assert re.findall(r"score ([\d.]+)", text) == drawn


def test_rejection_is_shown_with_intervals_or_a_reason_for_its_absence(page):
    told = page.section("rejection")
    for at in page.evaluation.rejection.shares:
        cells = [f"{gap.value:.3f} {gap.low:.3f} to {gap.high:.3f}" for gap in (at.plain, at.rejecting)]
        assert " ".join(cells) in told
        assert f"{at.gain.value:+.3f} \N{MINUS SIGN}0.012 to +0.310" in told
    assert "31 such photos (streets; 2 more could not be read)" in told
    assert "vote score +0.51, neighbours +1.52." in told
    without = replace(page.evaluation, rejection=None, no_rejection="no feature statistics")
    assert "No rejection model: no feature statistics." in text_of(rejection_section(without))


@pytest.mark.parametrize(
    ("low", "high", "told"),
    [
        (0.001, 0.2, "ranks photos without a landmark lower than the vote's score does"),
        (-0.2, -0.001, "ranks photos without a landmark higher than the vote's score does, which is worse"),
        (-0.012, 0.31, "may or may not rank photos without a landmark lower"),
        (0.0, 0.0, "may or may not rank photos without a landmark lower"),
    ],
)
def test_rejection_verdict_follows_the_intervals(page, low, high, told):
    found = page.evaluation.rejection
    shares = [
        replace(at, gain=Figure((low + high) / 2, low, high)) if at.share else at for at in found.shares
    ]
    assert rejection_words(replace(found, shares=shares)).startswith(told)
    assert rejection_words(found) in page.section("rejection")


def test_values_close_to_none_or_all_keep_their_digits(page):
    ensemble = page.evaluation.voters[VOTERS.index("ensemble")]
    rare = replace(
        ensemble,
        top_1=Figure(1 / 14_951, 0.0, 2 / 14_951),
        gap=Figure(14_950 / 14_951, 0.9, 1.0),
    )
    voters = [rare if voter is ensemble else voter for voter in page.evaluation.voters]
    many = replace(page.evaluation, classes=14_951, chance=1 / 14_951, voters=voters)
    assert "is right on 0.0067 % of" in evaluation_lead(many)
    assert "a random guess is right on 0.0067 %." in evaluation_lead(many)
    told = text_of(scores_section(many))
    assert "ensemble imagenet 0.0067 % 0 to 0.013 %" in told
    assert "0.999933 0.900 to 1.000" in told
    assert "chance 0.0067 % 0.033 % 0.0067 %" in told


def test_scores_are_those_measured_with_their_intervals(page):
    scores = page.section("scores")
    for voter in page.evaluation.voters:
        figures = (voter.top_1, voter.top_5, voter.mean_class_accuracy)
        figures += (voter.macro_precision, voter.macro_recall)
        cells = " ".join(f"{percent(figure.value)} {interval(figure)}" for figure in figures)
        gap = f"{voter.gap.value:.3f} {voter.gap.low:.3f} to {voter.gap.high:.3f}"
        assert f"{voter.voter} {voter.weights} {cells} {gap}" in scores


def test_chance_is_below_the_scores(page):
    assert f"chance 12.5 % 62.5 % 12.5 % 12.5 % 12.5 % {NOTHING}" in page.section("scores")


def test_key_figures_are_the_ensembles(page):
    ensemble = page.evaluation.voters[VOTERS.index("ensemble")]
    facts = [fact.text for fact in page.outline.all("dd")]
    assert facts[:4] == [
        percent(ensemble.top_1.value),
        percent(ensemble.mean_class_accuracy.value),
        f"{ensemble.gap.value:.3f}",
        "12.5 %",
    ]


@pytest.mark.parametrize(
    ("difference", "told"),
    [
        (-0.0317, "The best member, member-2, beats the ensemble by 3.2 percentage points"),
        (0.0112, "The ensemble beats its best member, member-2, by 1.1 percentage points"),
        (0.0, "The ensemble is right as often as its best member, member-2."),
    ],
)
def test_comparison_states_whether_ensemble_or_member_is_better(page, difference, told):
    assert comparison_words(compared(page, difference)).startswith(told)


@pytest.mark.parametrize(
    ("p_value", "told"),
    [
        (0.0499, "The paired test supports the difference: it is unlikely to be chance (p = 0.050"),
        (0.05, "The paired test does not support a difference: it may be chance (p = 0.050"),
        (0.00001, "(p < 0.001, exact McNemar test, two-sided)"),
    ],
)
def test_support_follows_the_p_value(page, p_value, told):
    assert told in support_words(compared(page, 0.01, p_value))


def test_it_shows_the_counts_of_the_paired_test(page):
    told = support_words(compared(page, 0.01, only=(1, 1022)))
    assert "Only the ensemble is right on 1 photo, only member-2 on 1,022 photos" in told
    assert "is \N{MINUS SIGN}2.1 to +3.4 percentage points (95 % interval)" in told


def test_single_member_has_no_comparison(page):
    one = replace(page.evaluation.disagreement, members=MEMBERS[:1], pairs=[[0.0]])
    alone = replace(page.evaluation, disagreement=one)
    assert comparison_words(alone) == "There is one member, so the ensemble is this member."
    assert support_words(alone) == ""


def test_page_states_that_the_hold_out_flatters_gap(page):
    assert "so this hold-out flatters GAP" in page.section("scores")


def test_accuracy_by_label_count_is_shown_per_voter_with_gaps_where_not_measured(page):
    told = page.section("by-count")
    voters = page.evaluation.voters
    for k, name in enumerate(["1, rarest", "2", "3", "4, most frequent"]):
        part = voters[0].deciles[k]
        accuracies = [voter.deciles[k].accuracy for voter in voters]
        cells = " ".join(NOTHING if value is None else percent(value) for value in accuracies)
        assert f"{name} {part.least} to {part.most} {part.classes} {part.photos} {cells}" in told
    ensemble = voters[VOTERS.index("ensemble")].deciles
    assert f"is right on {percent(ensemble[0].accuracy)} (4 photos); on the most frequent tenth" in told
    assert f"(22 to 27), on {percent(ensemble[3].accuracy)} (4 photos). So few photos do not answer" in told


def test_calibration_errors_are_shown_before_and_after_the_temperature(page):
    told = page.section("reliability")
    for voter in page.evaluation.voters:
        fitted = voter.temperature
        cells = " ".join([NOTHING] * 4)
        if fitted:
            errors = f"{percent(fitted.ece_before)} {percent(fitted.ece_after)}"
            cells = f"{fitted.temperature:.3f} {errors} {fitted.photos}"
        assert f"{voter.voter} {percent(voter.ece)} {cells}" in told


def test_each_voters_reliability_is_drawn(page):
    told = [figure["aria-label"] for figure in page.outline.all("svg")]
    for voter in page.evaluation.voters:
        first = voter.reliability[0]
        expected = (
            f"Reliability of {voter.voter}: score {first.score:.2f}, right {percent(first.accuracy)} of 3;"
        )
        assert any(figure.startswith(expected) for figure in told)


def test_disagreement_is_shown_per_pair_of_members(page):
    told = page.section("disagreement")
    assert "All members agree on 56.2 % of the 16 photos." in told
    assert "There the ensemble is right on 87.5 %; where they disagree, on 43.8 %. A vote" in told
    assert f"member-0 {NOTHING} 21.0 % 32.0 % member-1 21.0 % {NOTHING} 43.0 %" in told


@pytest.mark.parametrize(
    ("unanimous", "split", "told"),
    [
        (None, 0.4, "photos. The ensemble is right on 40.0 %. A vote"),
        (0.4, None, "photos. There the ensemble is right on 40.0 %. A vote"),
    ],
)
def test_disagreement_is_shown_if_members_never_or_always_agree(page, unanimous, split, told):
    from landmark_lib.report.evaluation_sections import disagreement_section

    found = page.evaluation.disagreement
    found = replace(found, accuracy_if_unanimous=unanimous, accuracy_if_split=split)
    assert told in text_of(disagreement_section(replace(page.evaluation, disagreement=found)))


def test_confused_classes_are_shown_with_their_counts(page):
    told, pairs = page.section("confusion"), page.evaluation.voters[0].confusion
    wrong = [pair for pair in pairs if pair[0] != pair[1]]
    assert f"The ensemble is wrong on 6 of 16 photos, in {len(wrong)} pairs" in told
    for truth, given, photos in wrong:
        noun = "photo" if photos == 1 else "photos"
        assert f"{photos} {noun} of place {truth} predicted as place {given}" in told
        assert f"place {truth} place {given} {photos} " in told


def test_the_hardest_classes_come_first_with_their_accuracy(page):
    table = page.section("confusion").partition("Hardest classes")[2]
    accuracies = [float(found) for found in re.findall(r"([\d.]+) %", table)]
    assert len(accuracies) == 8
    assert accuracies == sorted(accuracies)
    assert sum(accuracies) == pytest.approx(100 * 8 * 10 / 16)  # each class has two photos


def test_photos_are_shown_beside_the_predicted_class_with_labels_and_scores(page):
    told, hold_out, predictions = page.section("gallery"), page.hold_out, page.predictions
    assert "The ensemble is right on 10 held-out photos and wrong on 6." in told
    wrong = np.flatnonzero(~predictions.right(hold_out.truth))
    surest = max(wrong, key=lambda photo: predictions.first_scores[photo])
    image_id, score = hold_out.image_ids[surest], predictions.first_scores[surest]
    truth, given = hold_out.truth[surest], predictions.first[surest]
    assert f"Shows place {truth} photo {image_id} place {given} {score:.3f} place {truth} right" in told
    pictures = [image["alt"] for image in page.outline.all("img")]
    place = pictures.index(f"Photo {image_id}, shows place {truth}")
    assert pictures[place + 1] == f"Training photo of place {given}"


def test_gallery_counts_the_photos_shown_and_omitted(page):
    told = page.section("gallery")
    assert "Wrong, highest scores 6 of 6, at most one per pair of classes." in told
    assert "Wrong, drawn at random" not in told  # none is left
    assert f"Right, drawn at random {MAX_EXAMPLES} of 10." in told


def test_rejected_photos_are_named_with_their_reasons(page):
    rejected = page.section("gallery").partition("Rejected ")[2]
    assert rejected.startswith("12 of 21, some for each reason.")
    assert rejected.count("truncated image cut-") == 11
    assert rejected.count("ends early") == 11
    assert "no image id (no id)" in rejected


def test_learning_curves_are_shown_epoch_by_epoch(page):
    told = page.section("learning")
    for name, curves in page.curves.items():
        assert f"{name} Best validation accuracy: 38.1 % after epoch 4 of 6" in told
        for k in range(6):
            best = ", best" if k == 3 else ""
            accuracies = f"{percent(curves.training_accuracy[k])} {percent(curves.validation_accuracy[k])}"
            losses = f"{curves.training_loss[k]:.4f} {curves.validation_loss[k]:.4f}"
            assert f"{k + 1}{best} {curves.learning_rate[k]:g} {accuracies} {losses}" in told
    figures = [svg["aria-label"] for svg in page.outline.all("svg")]
    assert sum("The learning rate falls after epoch 3." in figure for figure in figures) == 6


def test_omitted_epochs_and_members_are_counted():
    section = learning_section({f"member-{k}": curves_of(k, 3 * MAX_EPOCHS) for k in range(MAX_MEMBERS + 2)})
    told = text_of(section)
    assert f"of {3 * MAX_EPOCHS} epochs, evenly spread, including the best and the last." in told
    assert "The curves of the other 2 members are beside their models, in curves.png." in told
    assert len(section.body) < 2_000_000


def test_names_are_text_and_never_markup(measured):
    page = measured["hostile evaluation"].outline
    assert len(page.all("script")) == 1
    told = page.section("confusion") + page.section("gallery")
    assert SCRIPT in told
    assert HOSTILE[1][:20] in told + "".join(image["alt"] for image in page.all("img"))
    turning = [within for text, within in page.texts if "\u202e" in text]
    assert turning
    assert all("bdi" in within for within in turning)


def test_only_script_is_allowed_by_its_hash_alone(page):
    (script,) = page.outline.all("script")
    digest = base64.b64encode(hashlib.sha256(script.text.encode()).digest()).decode()
    (policy,) = (e["content"] for e in page.outline.all("meta") if "default-src" in (e["content"] or ""))
    assert policy.endswith(f"; script-src 'sha256-{digest}'")
    assert "default-src 'none'" in policy


def test_the_same_evaluation_gives_the_same_page(page):
    again = evaluation_page(
        page.manifest, page.evaluation, page.hold_out, page.predictions, page.curves, similar=page.similar
    )
    assert again == page.text


def test_photos_stand_beside_the_training_photos_they_are_similar_to(page):
    alternatives = [image["alt"] for image in page.outline.all("img")]
    shown = {alt.removeprefix("Photo ").partition(",")[0] for alt in alternatives if alt.startswith("Photo ")}
    similar = dict(zip(page.hold_out.image_ids, page.similar, strict=True))
    labels = [row.landmark_id for row in read_classes(page.root)]
    gallery = page.section("gallery")
    for image_id in shown & set(re.findall(r"photo (\S+-\d+)", gallery)):
        for found in similar[image_id][:2]:
            label = labels[found.class_index]
            assert f"Training photo {found.image_id}, shows {label}" in alternatives
            assert f"{label} {found.image_id} {found.similarity:.3f}" in gallery
    assert "not in the data set" in gallery


def test_without_an_index_no_similar_photos_are_shown(page):
    told = outline(
        evaluation_page(page.manifest, page.evaluation, page.hold_out, page.predictions, page.curves)
    )
    assert "most similar" not in told.section("gallery")


def test_without_histories_there_are_no_learning_curves(page):
    told = outline(evaluation_page(page.manifest, page.evaluation, page.hold_out, page.predictions, {}))
    assert [section["id"] for section in told.all("section")] == [*OWN[:-1], *DATASETS]


def test_no_mistakes_and_no_rejections_are_stated(tmp_path):
    root = str(tmp_path / "dataset")
    manifest = write_dataset(root, {"a": ids_of("a", 7), "b": ids_of("b", 8)}, hold_out=2, ensemble_size=1)
    hold_out, predictions = predictions_of(root, manifest)
    right = Predictions(hold_out.truth[:, np.newaxis], predictions.scores)
    evaluation = evaluation_of(manifest, hold_out, right)
    told = outline(evaluation_page(manifest, evaluation, hold_out, right, {}))
    assert told.section("confusion").startswith("Confused classes The ensemble makes no mistake")
    assert told.section("gallery").endswith("Rejected None: every listed photo is in the corpus.")


def test_tables_of_ten_thousand_classes_are_truncated_with_a_note(page):
    from landmark_lib.dataset import LandmarkClass

    classes = [LandmarkClass(k, f"{k:06d}", 12, 10) for k in range(10_000)]
    confusion = [(k, (k + step) % 10_000, 3) for k in range(10_000) for step in range(4)]
    section = confusion_section(confusion, classes, {})
    assert len(section.body) < 30_000
    assert "the first 40 of 30,000" in section.body
    assert "The 40 hardest of 10,000 classes with held-out photos" in section.body
    assert "The ensemble is wrong on 90,000 of 120,000 photos" in text_of(section)


def test_the_page_is_small(page):
    tiles = 2 * (3 * MAX_EXAMPLES + MAX_PAIRS)
    assert len(page.outline.section("gallery")) < 20_000
    assert len(page.text) < 5_000_000
    assert len(re.findall("data:image/jpeg", page.text)) < tiles + 100
