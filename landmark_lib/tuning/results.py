"""What is written when all trials are done: the members to train, and what was found.

<models>/tuning/
  members.yaml   for jobs/train.py --config
  tune.json      every trial, and how good the chosen ones are together
  tune.html      the same for people
"""

import json
import warnings
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

import optuna
import yaml
from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances
from optuna.trial import FrozenTrial, TrialState

from landmark_lib.errors import LandmarkError
from landmark_lib.hold_out import HoldOut
from landmark_lib.report.tuning_page import tuning_page
from landmark_lib.settings import TrainSettings, TuneSettings
from landmark_lib.tuning.answers import read_answers
from landmark_lib.tuning.measure import Halves
from landmark_lib.tuning.space import parameters_of
from landmark_lib.tuning.study import SECONDS, WHY, SharedStudy
from landmark_lib.tuning_results import RESULTS, TrialResult, Tuning

MEMBERS = "members.yaml"
PAGE = "tune.html"
FEWEST_TRIALS = 20  # that have ended by themselves, to tell what matters
STATES = {TrialState.COMPLETE: "complete", TrialState.PRUNED: "pruned", TrialState.FAIL: "failed"}
# Of a training, what its members do not share comes from the trials.
COMMON = (
    "dataset",
    "models",
    "backbone",
    "weights",
    "image_size",
    "precision",
    "batch_size",
    "epochs_per_pass",
)
COMMON_ENDING = ("seed", "epochs", "validate_on")


def write_results(
    study: SharedStudy, settings: TuneSettings, root: str, hold_out: HoldOut, members: int
) -> Tuning:
    """Choose the members among the trials that have ended, and write what was found.

    Raises:
        LandmarkError: No trial of some member came to its end, or a file cannot be read or written.
    """
    found = _found(study, settings, hold_out, members)
    files = {
        MEMBERS: _members_yaml(found, settings, root),
        RESULTS: json.dumps(asdict(found), indent=1) + "\n",
        PAGE: tuning_page(found),
    }
    try:
        for name, content in files.items():
            (study.place / name).write(content.encode())
    except OSError as error:
        raise LandmarkError(f"--models: cannot write into {study.place}: {error.strerror or error}") from None
    return found


def _found(study: SharedStudy, settings: TuneSettings, hold_out: HoldOut, members: int) -> Tuning:
    ended = [trial for trial in study.trials if trial.state.is_finished()]
    complete = {trial.number: trial for trial in ended if trial.state == TrialState.COMPLETE}
    without = set(range(members)) - {study.member_of(number) for number in complete}
    if without:
        raise LandmarkError(
            f"no trial of member {min(without)} came to its end; ask for more --trials, or see why in"
            f" {study.place / 'trials'}"
        )
    answers = {number: read_answers(study.folder_of(trial)) for number, trial in complete.items()}
    halves = Halves(hold_out)
    tuned = halves.choose({number: study.member_of(number) for number in complete}, answers)
    default = list(range(members)) if set(range(members)) <= set(complete) else None
    compared = halves.compare(tuned, default, answers)
    return Tuning(
        dataset=hold_out.dataset,
        dataset_fingerprint=hold_out.fingerprint,
        members=members,
        selection_photos=len(halves.choosing),
        reporting_photos=len(halves.reporting),
        settings=asdict(settings),
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
    """Tell what mattered, largest first; none where too few trials tell.

    PED-ANOVA: how far the best tenth of the trials differ in each from all of them.
    """
    if complete < FEWEST_TRIALS:
        return {}
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        try:
            return dict(get_param_importances(study, evaluator=PedAnovaImportanceEvaluator()))
        except UserWarning:  # the best tenth are as many as all, so nothing sets them apart
            return {}


def _members_yaml(found: Tuning, settings: TuneSettings, root: str) -> str:
    """Write the settings of a training that ends with the chosen trials."""
    by_number = {trial.number: trial for trial in found.trials}
    each = [
        settings.of_trial(by_number[number].parameters, member, settings.models)
        for member, number in enumerate(found.tuned.trials)
    ]
    common = {name: getattr(each[0], name) for name in (*COMMON, *COMMON_ENDING)}
    own = [
        _own(member, by_number[number].parameters)
        for member, number in zip(each, found.tuned.trials, strict=True)
    ]
    head = (
        f"# The best members of {len(found.trials)} trials, by jobs/tune.py: trials"
        f" {', '.join(map(str, found.tuned.trials))}.\n"
        "# horovodrun -np 1 python jobs/train.py --member all --config <this file>\n"
    )
    content: str = yaml.safe_dump({**common, "dataset": root, "members": own}, sort_keys=False)
    return head + content


def _own(member: TrainSettings, parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {name: getattr(member, name) for name in (*parameters, "cache_features")}
