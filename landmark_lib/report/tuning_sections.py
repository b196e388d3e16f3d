"""The sections of a search for settings."""

from functools import partial
from typing import Any

from landmark_lib.digits import decimal, duration, number, points, share
from landmark_lib.evaluation_results import too_few_words
from landmark_lib.report.page import Fact, Section, cell, render_part
from landmark_lib.report.tuning_figures import COMPLETE, PRUNED, history_figure, importance_figure
from landmark_lib.settings import MODELS_DIRECTORY
from landmark_lib.tuning_results import MIN_TRIALS, TrialResult, Tuning, training_command

MAX_TRIALS = 500  # in the table
NOTHING_BETTER = "The search found nothing better than the default settings: the selected trials have them."


def tuning_lead(found: Tuning) -> str:
    """Summarize a search in a paragraph."""
    return (
        f"Of {number(len(found.trials))} trials, {number(found.members)} that vote well together were"
        f" selected on {number(found.selection_photos)} held-out photos. {_right_words(found)}"
        f" {too_few_words(min(found.selection_photos, found.reporting_photos))}"
    ).rstrip()


def _right_words(found: Tuning) -> str:
    """Describe how often both votes are right on photos not used to select."""
    photos = number(found.reporting_photos)
    right = f"Their vote is right on {share(found.tuned.top_1.value)} of the other {photos} photos"
    if found.default is None:
        return f"{right}."
    return f"{right}, that of the default settings on {share(found.default.top_1.value)}."


def verdict(found: Tuning) -> str:
    """Describe whether the selected ensemble is better than the default, on photos not used to select it."""
    if found.keeps_defaults:
        return NOTHING_BETTER
    if found.default is None or found.top_1_difference is None:
        return "There is no default ensemble to compare the selected one with."
    difference = found.top_1_difference
    _, ends = cell(difference, points)
    certainty = "is significant" if difference.low > 0 or difference.high < 0 else "may be chance"
    return (
        f"The difference to the default settings {certainty}: {ends} percentage points (paired 95 % interval)"
        f" on {number(found.reporting_photos)} photos."
    )


def tuning_facts(found: Tuning) -> list[Fact]:
    """Return the key figures of a search."""
    pruned = sum(trial.state == PRUNED for trial in found.trials)
    facts = [
        Fact(share(found.tuned.top_1.value), "top-1 accuracy of the tuned ensemble"),
        Fact(decimal(found.tuned.gap.value), "GAP of the tuned ensemble"),
    ]
    if found.default is not None:
        facts.append(Fact(share(found.default.top_1.value), "top-1 accuracy of the default ensemble"))
    return [
        *facts,
        Fact(number(len(found.trials)), "trials"),
        Fact(number(pruned), "ended early"),
        Fact(duration(sum(trial.seconds for trial in found.trials)), "total time of all trials"),
    ]


def tuning_sections(found: Tuning) -> list[Section]:
    """Return all sections."""
    return [ensembles_section(found), trials_section(found)]


def ensembles_section(found: Tuning) -> Section:
    """Render which trials were selected, and how good their vote is."""
    by_number = {trial.number: trial for trial in found.trials}
    body = render_part(
        "tuning_ensembles.html",
        verdict=verdict(found),
        command=training_command(str(found.settings.get("models", MODELS_DIRECTORY))),
        reporting=found.reporting_photos,
        rows=[
            {
                "name": name,
                "trials": ", ".join(map(str, ensemble.trials)),
                "selection": share(ensemble.selection_accuracy),
                "figures": [cell(ensemble.top_1, share), cell(ensemble.gap)],
            }
            for name, ensemble in (("tuned", found.tuned), ("default", found.default))
            if ensemble is not None
        ],
        differences=_differences(found),
        names=list(by_number[found.tuned.trials[0]].parameters),
        selected=[_trial_row(by_number[trial]) for trial in found.tuned.trials],
    )
    return Section("tuning", "Tuned and default settings", body)


def trials_section(found: Tuning) -> Section:
    """Render the history of the search, and the importance of the settings."""
    shown = found.trials[:MAX_TRIALS]
    body = render_part(
        "tuning_trials.html",
        history=history_figure(found.trials),
        importance=importance_figure(found.importances) if found.importances else None,
        min_trials=MIN_TRIALS,
        names=list(shown[0].parameters),
        trials=[_trial_row(trial) for trial in shown],
        left_out=len(found.trials) - len(shown),
    )
    return Section("trials", "Trials", body)


def _differences(found: Tuning) -> list[tuple[str, str]]:
    """Return how much better the tuned ensemble is, in points where the column is in per cent."""
    if found.top_1_difference is None or found.gap_difference is None:
        return []
    top_1, ends = cell(found.top_1_difference, points)
    return [(top_1, f"{ends} points"), cell(found.gap_difference, partial(decimal, signed=True))]


def _trial_row(trial: TrialResult) -> dict[str, Any]:
    return {
        "number": trial.number,
        "member": trial.member,
        "state": {COMPLETE: COMPLETE, PRUNED: "ended early"}.get(trial.state, trial.state),
        "accuracy": trial.accuracy,
        "epochs": trial.epochs,
        "seconds": trial.seconds,
        "parameters": [(value, setting_text(value)) for value in trial.parameters.values()],
    }


def setting_text(value: object) -> str:
    """Return the value of a setting, short enough for a table."""
    return f"{value:.3g}" if isinstance(value, float) else str(value)
