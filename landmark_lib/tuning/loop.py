"""One worker of a search: trial after trial, until there are as many as requested."""

import logging
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from optuna.trial import FrozenTrial, TrialState

from landmark_lib.console import visible
from landmark_lib.digits import decimal
from landmark_lib.errors import FailedError, LandmarkError, NoSpaceError, PrunedError
from landmark_lib.progress import progress
from landmark_lib.settings import TrainSettings, TuneSettings
from landmark_lib.training import horovod_step
from landmark_lib.training.horovod_step import Ranks
from landmark_lib.training.member_data import MemberData
from landmark_lib.training.signals import StopSignal
from landmark_lib.tuning.features_in_memory import MemberFeatures, MemoryFeed, load_features
from landmark_lib.tuning.heads import TailFeed, TrialFeed, train_in_process
from landmark_lib.tuning.jobs import TrainingJob, train_by_job
from landmark_lib.tuning.locks import locked
from landmark_lib.tuning.outcomes import Outcome
from landmark_lib.tuning.results import write_results
from landmark_lib.tuning.search import Search
from landmark_lib.tuning.study import SECONDS, WHY, Claim, SharedStudy, done_by
from landmark_lib.tuning.trial_predictions import write_predictions
from landmark_lib.tuning_results import Tuning

logger = logging.getLogger(__name__)

MAX_FAILURES = 3  # of this worker in a row: then the cause is not the settings of a trial


def tune(settings: TuneSettings, search: Search, train_program: Path) -> Tuning | None:
    """Try settings until there are as many trials as requested, then choose the members.

    Args:
        settings: What to search and how.
        search: The search that they began or resume.
        train_program: Path of jobs/train.py, for trials that train convolutional layers.

    Returns:
        The result; None if other workers still run their last trials, of which the last returns it.

    Raises:
        UserError: horovodrun is not installed, or another search uses the models' directory.
        LandmarkError: Trials fail one after another, the process was asked to stop, or a file cannot be read
            or written.
    """
    study, root = search.study, search.root
    _Worker(replace(settings, dataset=root), search.datas, study, train_program).work()
    if running := study.at_work():
        logger.info(f"{running} trials still run in other workers; the last worker reports the result")
        return None
    return write_results(study, settings, root, search.hold_out, len(search.datas))


class _Worker:
    """One worker: what it keeps in memory from trial to trial."""

    def __init__(
        self,
        settings: TuneSettings,
        datas: Sequence[MemberData],
        study: SharedStudy,
        train_program: Path,
    ) -> None:
        self._settings, self._datas, self._study = settings, datas, study
        self._train_program = train_program
        self._features: dict[str, list[MemberFeatures]] = {}  # by pooling
        self._began = time.monotonic()

    def work(self) -> None:
        """Run trials until none is left."""
        if done_by(self._study.trials) >= self._settings.trials:
            return
        self._load()
        stop, failures = StopSignal(), 0
        with progress("tune", self._settings.trials, "trials") as display:
            while not self._is_late() and (claim := self._study.claim()):
                try:
                    failed = self._try(claim, stop)
                finally:
                    claim.lock.close()  # of a trial that has not ended, for the next worker
                failures = failures + 1 if failed else 0
                if failed and failures == MAX_FAILURES:
                    raise LandmarkError(f"{failures} trials failed one after another; the last: {failed}")
                trials = self._study.trials
                display.set_postfix_str(_so_far(trials), refresh=False)
                display.update(done_by(trials) - display.n)

    def _is_late(self) -> bool:
        """Return whether the time limit forbids another trial; each member always has one."""
        limit, done = 60 * self._settings.time_limit, done_by(self._study.trials)
        late = bool(limit) and time.monotonic() - self._began > limit and done >= len(self._datas)
        if late:
            logger.info(f"the time limit ends the search after {done:,} trials; the same command continues")
        return late

    def _load(self) -> None:
        """Load the pooled features once, if trials need them; one worker computes them for all."""
        layers = self._settings.search.layers
        if not any(map(self._settings.caches, layers)):
            return
        # Each trial has its own network; TensorFlow warns about building that many.
        logging.getLogger("tensorflow").setLevel(logging.ERROR)
        ranks = horovod_step.start_ranks()
        if 0 not in layers:
            return
        for pooling in self._settings.search.choices["pooling"]:
            parameters = {**self._settings.search.defaults, "trainable_layers": 0, "pooling": pooling}
            settings = self._settings.of_trial(parameters, 0, self._settings.models)
            with locked(self._study.folder / "features.lock"):
                self._features[pooling] = load_features(settings, self._datas, ranks)

    def _try(self, claim: Claim, stop: StopSignal) -> str:
        """Run a trial and record how it ended; return why it failed, if it did."""
        began = time.monotonic()

        def finish(state: TrialState, accuracy: float | None = None, why: str = "") -> None:
            notes = {SECONDS: round(time.monotonic() - began, 2), WHY: why}
            self._study.finish(claim, state, accuracy, **notes)

        try:
            accuracy, predictions = self._outcome(claim, stop)
        except PrunedError as error:
            finish(TrialState.PRUNED, why=str(error))
        except FailedError as error:
            finish(TrialState.FAIL, why=str(error))
            logger.warning(f"trial {claim.trial.number} failed: {visible(error)}")
            return str(error)
        else:
            write_predictions(claim.folder, predictions)
            finish(TrialState.COMPLETE, accuracy)
        return ""

    def _outcome(self, claim: Claim, stop: StopSignal) -> Outcome:
        data = self._datas[claim.member]
        if self._settings.caches(claim.parameters["trainable_layers"]):
            settings = self._settings.of_trial(claim.parameters, claim.member, self._settings.models)
            try:
                return train_in_process(settings, data, partial(self._feed, settings), stop, claim.report)
            except NoSpaceError as error:
                logger.warning(f"trial {claim.trial.number} is a job of horovodrun instead: {visible(error)}")
        settings = self._settings.of_trial(claim.parameters, claim.member, str(claim.folder))
        settings = replace(settings, rows=replace(settings.rows, cache_features=False))
        job = TrainingJob(
            self._train_program, self._settings.horovodrun_args, claim.working_folder, claim.lock.fileno()
        )
        return train_by_job(job, settings, data, stop, claim.report)

    def _feed(self, settings: TrainSettings) -> TrialFeed:
        """Return a new network of a trial, fed with the features of its member."""
        member = int(settings.member)
        if settings.network.trainable_layers == 0:
            return MemoryFeed(settings, self._features[settings.network.pooling][member])
        with locked(self._study.folder / "features.lock"):
            return TailFeed(settings, self._datas[member], Ranks(0, 1, 0))


def _so_far(trials: list[FrozenTrial]) -> str:
    values = [
        trial.value for trial in trials if trial.state == TrialState.COMPLETE and trial.value is not None
    ]
    pruned = sum(trial.state == TrialState.PRUNED for trial in trials)
    return f"best {decimal(max(values), 4)}, {pruned} ended early" if values else ""
