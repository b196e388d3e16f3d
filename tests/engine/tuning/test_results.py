"""Importances of settings need enough trials that differ."""

import optuna
import pytest

from landmark_lib.tuning.results import _importances


@pytest.fixture(autouse=True)
def _quiet():
    optuna.logging.set_verbosity(optuna.logging.ERROR)


def study_of(accuracy, trials=40):
    """Return a study in which two numbers decide the accuracy of a trial."""
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.RandomSampler(seed=0))
    for _ in range(trials):
        trial = study.ask()
        first, second = trial.suggest_float("first", 0, 1), trial.suggest_float("second", 0, 1)
        study.tell(trial, accuracy(first, second))
    return study


def test_setting_that_decides_the_accuracy_matters_most():
    importances = _importances(study_of(lambda _, second: second), 40)
    assert list(importances) == ["second", "first"]
    assert sum(importances.values()) == pytest.approx(1)


def test_equal_or_few_trials_have_no_importances():
    assert _importances(study_of(lambda *_: 0.5), 40) == {}
    assert _importances(study_of(lambda _, second: second, trials=5), 5) == {}
