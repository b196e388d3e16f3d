"""What is searched, in Optuna's words."""

from typing import Any

from optuna.trial import BaseTrial, FrozenTrial

from landmark_lib.settings import TuneSettings
from landmark_lib.settings.tune import FIRST_BOUND_ABOVE_0


def suggested(trial: BaseTrial, settings: TuneSettings) -> dict[str, Any]:
    """Let Optuna choose a value for everything that is searched; what has one value takes it."""
    chosen: dict[str, Any] = {}
    for name, values in settings.choices.items():
        chosen[name] = trial.suggest_categorical(name, values) if len(values) > 1 else values[0]
    for name, bounds in settings.ranges.items():
        by_powers = name in FIRST_BOUND_ABOVE_0
        chosen[name] = (
            trial.suggest_float(name, bounds.low, bounds.high, log=by_powers)
            if bounds.low < bounds.high
            else bounds.low
        )
    return chosen


def parameters_of(trial: FrozenTrial, settings: TuneSettings) -> dict[str, Any]:
    """Give the values that a trial had, those of one value included."""
    single = {name: values[0] for name, values in settings.choices.items()}
    single |= {name: bounds.low for name, bounds in settings.ranges.items()}
    return {**single, **trial.params}
