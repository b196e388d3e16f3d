"""One worker of a search: trial after trial, until there are as many as asked for."""

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from optuna.trial import FrozenTrial, TrialState

from landmark_lib import dataset
from landmark_lib.console import visible
from landmark_lib.digits import decimal
from landmark_lib.errors import FailedError, LandmarkError, PrunedError, UserError
from landmark_lib.hold_out import HoldOut, read_hold_out
from landmark_lib.progress import progress
from landmark_lib.settings import TuneSettings
from landmark_lib.training import horovod_step
from landmark_lib.training.member_data import MemberData, read_member_data
from landmark_lib.training.signals import StopSignal
from landmark_lib.tuning.answers import write_answers
from landmark_lib.tuning.features_in_memory import MemoryFeed, feeds_in_memory
from landmark_lib.tuning.heads import train_head
from landmark_lib.tuning.jobs import TrainingJob, train_by_job
from landmark_lib.tuning.locks import locked
from landmark_lib.tuning.measure import Halves
from landmark_lib.tuning.outcomes import Outcome
from landmark_lib.tuning.results import write_results
from landmark_lib.tuning.study import SECONDS, WHY, Claim, SharedStudy, done_by
from landmark_lib.tuning_results import Tuning

MOST_FAILURES = 3  # in a row, of this worker: then it is not the trials' settings
Say = Callable[[str], None]


def tune(settings: TuneSettings, root: str, train_program: Path, say: Say) -> Tuning | None:
    """Try settings until there are as many trials as asked for, then choose the members.

    Args:
        settings: What to search and how.
        root: Root of the data set.
        train_program: Path of jobs/train.py, for trials with free layers.
        say: Tells the user a line.

    Returns:
        What was found; None where other workers are still at their last trials, and the last of them tells.

    Raises:
        UserError: Not a data set, settings that do not fit it or the search that is there.
        LandmarkError: Trials fail one after another, the process was asked to stop, a file cannot be read or
            written.
    """
    manifest = dataset.read_manifest(root)
    datas = [read_member_data(root, manifest, member) for member in range(manifest.members)]
    hold_out = read_hold_out(root, manifest)
    _check_halves(hold_out, root)
    study = SharedStudy(settings, manifest.members, manifest.fingerprint)
    if not study.place.is_local:
        say(f"the search's database and locks are in {study.folder}, a copy of the database in {study.place}")
    worker = _Worker(replace(settings, dataset=root), datas, study, train_program, say)
    worker.work()
    if at_work := study.at_work():
        say(f"{at_work} trials are at work elsewhere; the last worker tells what was found")
        return None
    return write_results(study, settings, root, hold_out, manifest.members)


def _check_halves(hold_out: HoldOut, root: str) -> None:
    halves = Halves(hold_out)
    if not len(halves.choosing) or not len(halves.reporting):
        raise UserError(
            f"--dataset: the {len(hold_out.image_ids)} photos that {root} holds out are too few for a half to"
            " choose by and a half to report on; write more with --hold-out of jobs/preprocess.py"
        )


class _Worker:
    """One worker: what it keeps in memory from trial to trial."""

    def __init__(
        self,
        settings: TuneSettings,
        datas: list[MemberData],
        study: SharedStudy,
        train_program: Path,
        say: Say,
    ) -> None:
        self._settings, self._datas, self._study, self._say = settings, datas, study, say
        self._train_program = train_program
        self._feeds: list[MemoryFeed] = []

    def work(self) -> None:
        """Take trials until there is none left to take."""
        if done_by(self._study.trials) >= self._settings.trials:
            return
        self._load()
        stop, failures = StopSignal(), 0
        with progress("tune", self._settings.trials, "trials") as display:
            while claim := self._study.claim():
                try:
                    failed = self._try(claim, stop)
                finally:
                    claim.lock.close()  # where the trial has not ended, for the next worker
                failures = failures + 1 if failed else 0
                if failed and failures == MOST_FAILURES:
                    raise LandmarkError(f"{failures} trials failed one after another; the last: {failed}")
                trials = self._study.trials
                display.set_postfix_str(_so_far(trials), refresh=False)
                display.update(done_by(trials) - display.n)

    def _load(self) -> None:
        """Load the features once, where trials need them; one worker computes them for all."""
        if 0 not in self._settings.layers:
            return
        # Each trial has a network of its own, and TensorFlow would advise against building so many.
        logging.getLogger("tensorflow").setLevel(logging.ERROR)
        ranks = horovod_step.start_ranks()
        settings = self._settings.of_trial(
            {**self._settings.defaults, "trainable_layers": 0}, 0, self._settings.models
        )
        with locked(self._study.folder / "features.lock"):
            self._feeds = feeds_in_memory(settings, self._datas, ranks)

    def _try(self, claim: Claim, stop: StopSignal) -> str:
        """Make a trial, and write down how it ended; give why it failed, if it did."""
        began = time.monotonic()

        def finish(state: TrialState, accuracy: float | None = None, why: str = "") -> None:
            notes = {SECONDS: round(time.monotonic() - began, 2), WHY: why}
            self._study.finish(claim, state, accuracy, **notes)

        try:
            accuracy, answers = self._outcome(claim, stop)
        except PrunedError as error:
            finish(TrialState.PRUNED, why=str(error))
        except FailedError as error:
            finish(TrialState.FAIL, why=str(error))
            self._say(f"trial {claim.trial.number} failed: {visible(error)}")
            return str(error)
        else:
            write_answers(claim.folder, answers)
            finish(TrialState.COMPLETE, accuracy)
        return ""

    def _outcome(self, claim: Claim, stop: StopSignal) -> Outcome:
        data = self._datas[claim.member]
        if claim.parameters["trainable_layers"] == 0:
            settings = self._settings.of_trial(claim.parameters, claim.member, self._settings.models)
            return train_head(settings, data, self._feeds[claim.member], stop, claim.report)
        settings = self._settings.of_trial(claim.parameters, claim.member, str(claim.folder))
        job = TrainingJob(
            self._train_program, self._settings.horovodrun_args, claim.working_folder, claim.lock.fileno()
        )
        return train_by_job(job, settings, data, stop, claim.report)


def _so_far(trials: list[FrozenTrial]) -> str:
    values = [
        trial.value for trial in trials if trial.state == TrialState.COMPLETE and trial.value is not None
    ]
    pruned = sum(trial.state == TrialState.PRUNED for trial in trials)
    return f"best {decimal(max(values), 4)}, {pruned} ended early" if values else ""
