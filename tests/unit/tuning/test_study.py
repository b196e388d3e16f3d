"""A search is shared by its workers and outlives them; each trial has one worker, and none is lost."""

import json

import pytest
from optuna.trial import TrialState
from search_fixtures import MEMBERS, opened

from landmark_lib.errors import UserError
from landmark_lib.settings import TuneSettings
from landmark_lib.tuning.study import done_by


def claims_of(study, accuracies):
    """Run trials that reach these accuracies; return what they tried."""
    tried = []
    for accuracy in accuracies:
        claim = study.claim()
        tried.append(claim.parameters)
        study.finish(claim, TrialState.COMPLETE, accuracy)
    return tried


def test_the_first_trial_of_each_member_has_the_defaults(tmp_path, claimed):
    study = opened(tmp_path)
    claims = [claimed(study) for _ in range(4)]
    assert [claim.member for claim in claims] == [0, 1, 0, 1]
    assert claims[0].parameters == claims[1].parameters == TuneSettings().search.defaults
    assert claims[2].parameters != claims[3].parameters != TuneSettings().search.defaults


def test_search_reopened_for_each_trial_tries_the_same_as_an_uninterrupted_one(tmp_path):
    accuracies = [0.5, 0.6, 0.2, 0.9, 0.1, 0.4, 0.3, 0.8, 0.7, 0.65, 0.55, 0.75]
    again = [claims_of(opened(tmp_path / "again"), [accuracy])[0] for accuracy in accuracies]
    assert again == claims_of(opened(tmp_path / "undisturbed"), accuracies)


def test_each_trial_is_run_by_one_worker_and_there_are_as_many_as_requested(tmp_path, claimed):
    one, other = opened(tmp_path, trials=3), opened(tmp_path, trials=3)
    claims = [claimed(one), claimed(other), claimed(one)]
    assert [claim.trial.number for claim in claims] == [0, 1, 2]
    assert other.claim() is None
    for claim in claims:
        one.finish(claim, TrialState.COMPLETE, 0.5)
    assert (done_by(other.trials), other.claim()) == (3, None)
    assert claimed(opened(tmp_path, trials=4)).trial.number == 3


def test_trial_counts_as_running_while_its_worker_lives(tmp_path):
    study = opened(tmp_path)
    claim = study.claim()
    assert study.at_work() == 1
    claim.lock.close()
    assert study.at_work() == 0


@pytest.mark.parametrize(
    ("settings", "fingerprint", "told"),
    [
        ({"epochs": 3}, "rows", "--epochs is 20 there, 3 now"),
        ({"dropout": "0.5"}, "rows", "--dropout is 0:0.8 there, 0.5 now"),
        ({}, "other rows", "--dataset is rows there, other rows now"),
    ],
)
def test_search_with_other_settings_is_refused_with_the_differences(tmp_path, settings, fingerprint, told):
    opened(tmp_path)
    with pytest.raises(UserError, match="holds a search with other settings") as refused:
        opened(tmp_path, fingerprint, **settings)
    assert told in str(refused.value)


def test_broken_database_is_reported_in_one_line(tmp_path):
    (tmp_path / "tuning").mkdir()
    (tmp_path / "tuning" / "study.db").write_text(json.dumps("no database") * 1000)
    with pytest.raises(UserError, match="cannot be opened") as refused:
        opened(tmp_path)
    assert "\n" not in str(refused.value)


def test_bad_trial_ends_early_once_there_are_enough_to_compare_it_with(tmp_path, claimed):
    study = opened(tmp_path)
    for number in range(MEMBERS + 5):
        claim = study.claim()
        assert not any(claim.report(epoch, 0.1 * number * epoch) for epoch in range(1, 7))
        study.finish(claim, TrialState.COMPLETE, 0.5)
    bad = claimed(study)
    assert [bad.report(epoch, 0.1) for epoch in range(1, 5)] == [False, False, False, True]
