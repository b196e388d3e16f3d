"""The files that are written when all trials are done: the members to train, and the results.

<models>/tuning/
  members.yaml   for jobs/train.py --config
  tune.json      every trial, and the accuracy of the chosen ones together
  tune.html      the same for people
"""

import json
import warnings
from dataclasses import asdict, fields

import optuna
import yaml
from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances
from optuna.trial import FrozenTrial, TrialState

from landmark_lib.errors import LandmarkError
from landmark_lib.hold_out import HoldOut
from landmark_lib.report.tuning_page import tuning_page
from landmark_lib.settings import TuneSettings, to_flat
from landmark_lib.settings.train import SELECTION
from landmark_lib.training.model_directory import writing_into
from landmark_lib.tuning.measure import Halves
from landmark_lib.tuning.space import parameters_of
from landmark_lib.tuning.study import SECONDS, WHY, SharedStudy
from landmark_lib.tuning.trial_predictions import read_predictions
from landmark_lib.tuning_results import MEMBERS, MIN_TRIALS, RESULTS, TrialResult, Tuning

PAGE = "tune.html"
STATES = {TrialState.COMPLETE: "complete", TrialState.PRUNED: "pruned", TrialState.FAIL: "failed"}


def write_results(
    study: SharedStudy, settings: TuneSettings, root: str, hold_out: HoldOut, members: int
) -> Tuning:
    """Choose the members among the trials that have ended, and write the results.

    Raises:
        LandmarkError: No trial of some member ran to its end, or a file cannot be read or written.
    """
    found = _found(study, settings, hold_out, members)
    files = {
        MEMBERS: _members_yaml(found, settings, root),
        RESULTS: json.dumps(asdict(found), indent=1) + "\n",
        PAGE: tuning_page(found),
    }
    with writing_into(study.place):
        for name, content in files.items():
            (study.place / name).write(content.encode())
    return found


def _found(study: SharedStudy, settings: TuneSettings, hold_out: HoldOut, members: int) -> Tuning:
    ended = [trial for trial in study.trials if trial.state.is_finished()]
    complete = {trial.number: trial for trial in ended if trial.state == TrialState.COMPLETE}
    without = set(range(members)) - {study.member_of(number) for number in complete}
    if without:
        raise LandmarkError(
            f"no trial of member {min(without)} ran to its end; increase --trials or --time-limit, or see the"
            f" logs in {study.place / 'trials'}"
        )
    predictions = {number: read_predictions(study.folder_of(trial)) for number, trial in complete.items()}
    halves = Halves(hold_out)
    tuned = halves.choose({number: study.member_of(number) for number in complete}, predictions)
    default = list(range(members)) if set(range(members)) <= set(complete) else None
    compared = halves.compare(tuned, default, predictions)
    return Tuning(
        dataset=hold_out.dataset,
        dataset_fingerprint=hold_out.fingerprint,
        members=members,
        selection_photos=len(halves.choosing),
        reporting_photos=len(halves.reporting),
        settings=to_flat(settings),
        trials=[_trial_result(trial, study, settings) for trial in ended],
        importances=_importances(study.study, len(complete)),
        **{field.name: getattr(compared, field.name) for field in fields(compared)},
    )


def _trial_result(trial: FrozenTrial, study: SharedStudy, settings: TuneSettings) -> TrialResult:
    accuracies = trial.intermediate_values
    return TrialResult(
        number=trial.number,
        member=study.member_of(trial.number),
        state=STATES[trial.state],
        parameters=parameters_of(trial, settings),
        accuracy=max(accuracies.values(), default=None),
        epochs=len(accuracies),
        seconds=trial.user_attrs.get(SECONDS, 0.0),
        why=trial.user_attrs.get(WHY, ""),
    )


def _importances(study: optuna.Study, complete: int) -> dict[str, float]:
    """Return how much each setting mattered, largest first; empty if the trials are too few.

    PED-ANOVA: how far the best tenth of the trials differ from all of them in each setting.
    """
    if complete < MIN_TRIALS:
        return {}
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        try:
            return dict(get_param_importances(study, evaluator=PedAnovaImportanceEvaluator()))
        except UserWarning:  # the best tenth are all trials, so nothing sets them apart
            return {}


def _members_yaml(found: Tuning, settings: TuneSettings, root: str) -> str:
    """Return the settings of a training whose members are the chosen trials."""
    parameters = {trial.number: trial.parameters for trial in found.trials}
    common = {
        "dataset": root,
        "models": settings.models,
        **to_flat(settings.network),
        **to_flat(settings.rows),
        **to_flat(settings.ending),
        "validate_on": SELECTION,
    }
    members = [
        {**parameters[number], "cache_features": settings.caches(parameters[number]["trainable_layers"])}
        for number in found.tuned.trials
    ]
    head = (
        f"# The best members of {len(found.trials)} trials, by jobs/tune.py: trials"
        f" {', '.join(map(str, found.tuned.trials))}.\n"
        "# horovodrun -np 1 python jobs/train.py --member all --config <this file>\n"
    )
    content: str = yaml.safe_dump({**common, "members": members}, sort_keys=False)
    return head + content
