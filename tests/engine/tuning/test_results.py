"""What mattered in a search is told where enough trials tell it apart, and not otherwise."""

import optuna
import pytest

from landmark_lib.tuning.results import _importances


@pytest.fixture(autouse=True)
def _quiet():
    optuna.logging.set_verbosity(optuna.logging.ERROR)


def study_of(accuracy, trials=40):
    """Give a study in which a trial's accuracy is told by the two numbers that it tries."""
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.RandomSampler(seed=0))
    for _ in range(trials):
        trial = study.ask()
        first, second = trial.suggest_float("first", 0, 1), trial.suggest_float("second", 0, 1)
        study.tell(trial, accuracy(first, second))
    return study


def test_what_the_accuracy_follows_matters_most():
    importances = _importances(study_of(lambda _, second: second), 40)
    assert list(importances) == ["second", "first"]
    assert sum(importances.values()) == pytest.approx(1)


def test_equal_trials_and_few_trials_tell_nothing():
    assert _importances(study_of(lambda *_: 0.5), 40) == {}
    assert _importances(study_of(lambda _, second: second, trials=5), 5) == {}
