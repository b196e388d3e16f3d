"""Plain answers become an evaluation: every number is that of its definition, in any order of photos."""

from dataclasses import asdict, replace

import numpy as np
import pytest
from log_sums import grid_log_sums

from landmark_lib.evaluation.measure import Voter, measure
from landmark_lib.evaluation_results import ENSEMBLE, MEAN_SOFTMAX
from landmark_lib.hold_out import HoldOut
from landmark_lib.method.calibration import (
    TEMPERATURES,
    apply_temperature,
    expected_calibration_error,
    fitting_half,
)
from landmark_lib.method.intervals import mcnemar
from landmark_lib.method.metrics import gap, macro_precision, macro_recall, mean_class_accuracy
from landmark_lib.method.vote import ensemble_predictions
from landmark_lib.predictions import Predictions

PHOTOS, CLASSES, TOP_K, RESAMPLES = 240, 24, 3, 100
TOO_SURE = 28  # position of the temperature that the members' logits are multiplied by


@pytest.fixture(autouse=True)
def _on_one_rank():
    """No engine is started here: the statistics need none."""


def softmax(logits):
    likely = np.exp(logits - logits.max(axis=1, keepdims=True))
    return likely / likely.sum(axis=1, keepdims=True)


def voter_of(name, probabilities, **of_members):
    classes = np.argsort(-probabilities, axis=1, kind="stable")[:, :TOP_K]
    scores = np.take_along_axis(probabilities, classes, axis=1)
    return Voter(name, "random", Predictions(classes, scores), **of_members)


def made_up(photos=PHOTOS, seed=0):
    """Three members that know something and are too sure of it, their vote and their mean softmax."""
    chance = np.random.default_rng(seed)
    truth = np.arange(photos) % CLASSES
    known = chance.normal(0, 1, (photos, CLASSES)) + 2.5 * (np.arange(CLASSES) == truth[:, np.newaxis])
    members, probabilities = [], []
    for number in range(3):
        # Noise of variance 1.25 around 0 or 2.5 makes 2.5 / 1.25 times the observation an honest logit.
        logits = TEMPERATURES[TOO_SURE] * 2 * (known + chance.normal(0, 0.5, known.shape))
        own = {"log_sums": grid_log_sums(logits), "true_logits": logits[np.arange(photos), truth]}
        members.append(voter_of(f"member-{number}", softmax(logits), **own))
        probabilities.append(softmax(logits))
    voted, _ = ensemble_predictions([member.predictions for member in members])
    ensemble = Voter(ENSEMBLE, "random", voted)
    image_ids = [f"{number:03}" for number in chance.permutation(photos)]
    hold_out = HoldOut("data", "fingerprint", image_ids, truth, chance.integers(10, 99, CLASSES))
    return hold_out, members, ensemble, voter_of(MEAN_SOFTMAX, np.mean(probabilities, axis=0))


@pytest.fixture(scope="module")
def asked():
    return made_up()


@pytest.fixture(scope="module")
def measured(asked):
    return measure(*asked, resamples=RESAMPLES)


def voters_of(asked):
    _, members, ensemble, mean_softmax = asked
    return [*members, ensemble, mean_softmax]


def in_order(array, order):
    return None if array is None else array[order]


def test_evaluation_has_the_hold_out_and_all_voters_in_order(measured):
    assert (measured.dataset, measured.dataset_fingerprint) == ("data", "fingerprint")
    assert (measured.photos, measured.classes, measured.chance) == (PHOTOS, CLASSES, 1 / CLASSES)
    assert [result.voter for result in measured.voters] == [
        *("member-0", "member-1", "member-2"),
        *(ENSEMBLE, MEAN_SOFTMAX),
    ]
    assert {result.weights for result in measured.voters} == {"random"}


def test_figures_equal_the_metrics_and_lie_in_their_intervals(asked, measured):
    hold_out = asked[0]
    truths = {name: [label] for name, label in zip(hold_out.image_ids, hold_out.truth, strict=True)}
    for voter, result in zip(voters_of(asked), measured.voters, strict=True):
        found = voter.predictions
        first = found.first
        scored = zip(first, found.first_scores, strict=True)
        expected = {
            "top_1": np.mean(first == hold_out.truth),
            "top_5": np.mean([true in row for true, row in zip(hold_out.truth, found.classes, strict=True)]),
            "mean_class_accuracy": mean_class_accuracy(first, hold_out.truth),
            "macro_precision": macro_precision(first, hold_out.truth),
            "macro_recall": macro_recall(first, hold_out.truth),
            "gap": gap(dict(zip(hold_out.image_ids, scored, strict=True)), truths),
        }
        for name, value in expected.items():
            figure = getattr(result, name)
            assert figure.value == pytest.approx(value)
            assert figure.low < figure.value < figure.high


def test_the_order_of_photos_changes_no_number(asked, measured):
    hold_out, members, *voted = asked
    order = np.random.default_rng(5).permutation(PHOTOS)

    def shuffled(voter):
        arrays = {name: in_order(getattr(voter, name), order) for name in ("log_sums", "true_logits")}
        return replace(voter, predictions=voter.predictions.of(order), **arrays)

    image_ids = [hold_out.image_ids[photo] for photo in order]
    other = replace(hold_out, image_ids=image_ids, truth=hold_out.truth[order])
    again = measure(other, list(map(shuffled, members)), *map(shuffled, voted), resamples=RESAMPLES)
    assert asdict(again) == asdict(measured)


def test_another_seed_changes_resamples_and_halves_but_no_value(asked, measured):
    again = measure(*asked, resamples=RESAMPLES, seed=1).voters[0]
    before = measured.voters[0]
    assert again.top_1.value == before.top_1.value
    assert again.gap.value == before.gap.value
    assert (again.gap.low, again.gap.high) != (before.gap.low, before.gap.high)
    assert again.temperature != before.temperature


def test_confusion_and_deciles_hold_every_photo_once(asked, measured):
    hold_out = asked[0]
    for voter, result in zip(voters_of(asked), measured.voters, strict=True):
        assert sum(photos for _, _, photos in result.confusion) == PHOTOS
        right = sum(photos for true, given, photos in result.confusion if true == given)
        assert right / PHOTOS == pytest.approx(result.top_1.value)
        assert sum(decile.photos for decile in result.deciles) == PHOTOS
        assert sum(decile.classes for decile in result.deciles) == CLASSES
        for lower, upper in zip(result.deciles, result.deciles[1:], strict=False):
            assert lower.least <= lower.most <= upper.least
        rarest = np.argsort(hold_out.label_counts, kind="stable")[: result.deciles[0].classes]
        # All classes have as many photos, so the mean over classes is that over photos.
        of_rarest = np.isin(hold_out.truth, rarest)
        right = voter.predictions.first[of_rarest] == hold_out.truth[of_rarest]
        assert result.deciles[0].accuracy == pytest.approx(right.mean())


def test_a_decile_without_photos_has_no_accuracy(asked):
    hold_out, *rest = asked
    without = replace(hold_out, label_counts=np.append(hold_out.label_counts, [1] * 6))
    decile = measure(without, *rest, resamples=1).voters[0].deciles[0]
    assert (decile.least, decile.most, decile.classes, decile.photos) == (1, 1, 3, 0)
    assert decile.accuracy is None


def test_reliability_and_its_error_are_of_all_photos(asked, measured):
    for voter, result in zip(voters_of(asked), measured.voters, strict=True):
        assert sum(part.photos for part in result.reliability) == PHOTOS
        right = voter.predictions.first == asked[0].truth
        assert result.ece == pytest.approx(expected_calibration_error(voter.predictions.first_scores, right))
        error = sum(part.photos * abs(part.score - part.accuracy) for part in result.reliability)
        assert result.ece == pytest.approx(error / PHOTOS)


def test_overconfident_members_have_a_temperature_measured_on_the_other_half(asked, measured):
    hold_out, members, *_ = asked
    other = ~fitting_half(hold_out.image_ids, 0)
    for voter, result in zip(members, measured.voters[:3], strict=True):
        right = voter.predictions.first[other] == hold_out.truth[other]
        scores = voter.predictions.first_scores[other]
        temperature = result.temperature
        assert temperature.temperature in TEMPERATURES[TOO_SURE - 3 : TOO_SURE + 4]
        assert temperature.photos == PHOTOS // 2
        assert temperature.ece_before == pytest.approx(expected_calibration_error(scores, right))
        position = TEMPERATURES.tolist().index(temperature.temperature)
        after = apply_temperature(scores, voter.log_sums[other], position)
        assert temperature.ece_after == pytest.approx(expected_calibration_error(after, right))
        assert temperature.ece_after < temperature.ece_before - 0.05
    assert [result.temperature for result in measured.voters[3:]] == [None, None]


def test_ensemble_is_compared_with_the_first_best_member(asked, measured):
    hold_out, members, ensemble, _ = asked
    rights = [voter.predictions.first == hold_out.truth for voter in [*members, ensemble]]
    best = max(range(3), key=lambda number: rights[number].sum())
    comparison = measured.comparison
    assert comparison.member == members[best].name
    assert comparison.only_ensemble_right == (rights[3] & ~rights[best]).sum()
    assert comparison.only_member_right == (rights[best] & ~rights[3]).sum()
    assert comparison.p_value == mcnemar(comparison.only_ensemble_right, comparison.only_member_right)
    assert comparison.difference.value == pytest.approx(rights[3].mean() - rights[best].mean())
    twice = [replace(members[best], name=name) for name in ("first", "second")]
    assert measure(hold_out, twice, ensemble, ensemble, resamples=1).comparison.member == "first"


def test_the_difference_is_paired_photo_by_photo(asked, measured):
    hold_out, members, *_ = asked
    itself = measure(hold_out, members[:1], members[0], members[0], resamples=RESAMPLES).comparison
    assert (itself.difference.low, itself.difference.high) == (0.0, 0.0)
    assert itself.p_value == 1.0
    difference, top_1 = measured.comparison.difference, measured.voters[3].top_1
    assert difference.low <= difference.value <= difference.high
    # Both are right on mostly the same photos, so that their difference moves less than either.
    assert difference.high - difference.low < top_1.high - top_1.low


def test_disagreement_and_the_accuracy_it_implies(asked, measured):
    hold_out, members, ensemble, _ = asked
    firsts = [voter.predictions.first.tolist() for voter in members]
    found = measured.disagreement
    assert found.members == ["member-0", "member-1", "member-2"]
    for one in range(3):
        for other in range(3):
            differ = [a != b for a, b in zip(firsts[one], firsts[other], strict=True)]
            assert found.pairs[one][other] == pytest.approx(np.mean(differ))
    unanimous = np.array([len(set(classes)) == 1 for classes in zip(*firsts, strict=True)])
    right = ensemble.predictions.first == hold_out.truth
    assert found.unanimous == pytest.approx(unanimous.mean())
    assert found.accuracy_if_unanimous == pytest.approx(right[unanimous].mean())
    assert found.accuracy_if_split == pytest.approx(right[~unanimous].mean())


def test_one_member_is_always_unanimous(asked):
    hold_out, members, *_ = asked
    found = measure(hold_out, members[:1], members[0], members[0], resamples=1).disagreement
    assert (found.pairs, found.unanimous, found.accuracy_if_split) == ([[0.0]], 1.0, None)


def test_one_photo_can_be_measured_without_a_temperature():
    evaluation = measure(*made_up(photos=1), resamples=2)
    assert evaluation.photos == 1
    assert evaluation.voters[0].temperature is None


@pytest.mark.parametrize(
    ("hold_out", "member", "why"),
    [
        ({"image_ids": ["same"] * PHOTOS}, {}, "received one twice"),
        ({"image_ids": []}, {}, "received 0 and 1"),
        (
            {"truth": np.full(PHOTOS, CLASSES)},
            {},
            "truth: expected 0 to 23, received 24 to 24",
        ),
        ({"truth": np.zeros(3, int)}, {}, r"truth: expected an array of \(240,\), received \(3,\)"),
        (
            {},
            {"classes": np.full((PHOTOS, 3), -1)},
            "classes of member-0: expected 0 to 23, received -1 to -1",
        ),
        ({}, {"classes": np.zeros(PHOTOS, int)}, r"expected classes as \(photos, k\) .*received \(240,\)"),
        ({}, {"classes": np.zeros((PHOTOS, 0), int)}, r"n up to k.*received \(240, 0\)"),
        ({}, {"scores": np.zeros(PHOTOS)}, r"n up to k.*and \(240,\)"),
        ({}, {"scores": np.full((PHOTOS, 1), np.nan)}, "scores of member-0: expected 0 to 1, received nan"),
        (
            {},
            {"classes": np.zeros((3, 1), int), "scores": np.zeros((3, 1))},
            r"classes of member-0: expected an array of \(240, 1\), received \(3, 1\)",
        ),
        ({}, {"log_sums": np.zeros((PHOTOS, 40))}, r"received \(240, 40\)"),
        ({}, {"true_logits": None}, "true logits of member-0: .*received None"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(asked, hold_out, member, why):
    photos, (first, *_), *voted = asked

    def measure_changed(classes=first.predictions.classes, scores=first.predictions.scores, **logits):
        changed = replace(first, predictions=Predictions(classes, scores), **logits)
        return measure(replace(photos, **hold_out), [changed], *voted, resamples=1)

    with pytest.raises(ValueError, match=why):
        measure_changed(**member)


def test_an_evaluation_without_members_is_refused(asked):
    with pytest.raises(ValueError, match="received 240 and 0"):
        measure(asked[0], [], *asked[2:], resamples=1)
