"""The search space, as Optuna has it."""

from typing import Any

from optuna.trial import BaseTrial, FrozenTrial

from landmark_lib.settings import TuneSettings
from landmark_lib.settings.tune import FIRST_BOUND_ABOVE_0


def suggested(trial: BaseTrial, settings: TuneSettings) -> dict[str, Any]:
    """Let Optuna choose a value for each setting that is searched; a single value is taken as it is."""
    chosen: dict[str, Any] = {}
    for name, values in settings.search.choices.items():
        chosen[name] = trial.suggest_categorical(name, values) if len(values) > 1 else values[0]
    for name, bounds in settings.search.ranges.items():
        by_powers = name in FIRST_BOUND_ABOVE_0
        chosen[name] = (
            trial.suggest_float(name, bounds.low, bounds.high, log=by_powers)
            if bounds.low < bounds.high
            else bounds.low
        )
    return chosen


def parameters_of(trial: FrozenTrial, settings: TuneSettings) -> dict[str, Any]:
    """Return the settings of a trial, including those with a single value."""
    single = {name: values[0] for name, values in settings.search.choices.items()}
    single |= {name: bounds.low for name, bounds in settings.search.ranges.items()}
    return {**single, **trial.params}
