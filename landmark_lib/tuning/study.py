"""The trials of a search, shared by all workers: Optuna's study in SQLite, and who runs which trial.

<models>/tuning/
  study.db           Optuna's database
  study.lock         held while a trial is assigned
  trials/<number>/   files of a trial; the worker that runs it holds its lock

The lock of a worker that dies is released, and the next worker resumes its trial.

A store has neither locks nor databases. For models in a store, the database and the locks are in a folder of
this machine, and the database is copied whenever a trial begins or ends, so that another machine can resume.
"""

import hashlib
import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import optuna
from optuna.pruners import PercentilePruner
from optuna.samplers import TPESampler
from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial, Trial, TrialState

from landmark_lib.draws import keyed_draw
from landmark_lib.errors import LandmarkError, UserError
from landmark_lib.settings import TuneSettings, option, with_current_names
from landmark_lib.storage import Place
from landmark_lib.tuning.locks import lock_shared_unless_alone, locked, try_lock
from landmark_lib.tuning.space import suggested
from landmark_lib.tuning_results import TUNING

DATABASE = "study.db"
SEEN = "study.sha256"  # checksum of the copy in the store that this machine read or wrote last
# Databases and locks of searches whose models are in a store.
WORKING_FOLDERS = Path("data/tuning")
IDENTITY, WHY, SECONDS = "identity", "why", "seconds"
UNDISTURBED = 5  # trials, besides those with the defaults, that never end early
# Trained layers and small learning rates start slowly, so each trial has its first passes. Trials are
# compared with those that ran to the end: keeping only the better half would end nine of ten early.
FIRST_PASSES, KEPT = 2, 75.0  # passes; best per cent of trials that continue
MAX_WAIT = 600.0  # for the database while others write (seconds)


@dataclass(frozen=True)
class Claim:
    """A trial that this worker runs.

    Attributes:
        trial: Optuna's trial.
        parameters: A value for each setting that is searched.
        member: The member on whose rows it is trained.
        folder: Folder of its files.
        working_folder: Folder on this machine for its lock and other files that only this machine uses.
        lock: Held until `SharedStudy.finish`.
        reported: Epochs reported by an earlier worker.
    """

    trial: Trial
    parameters: dict[str, Any]
    member: int
    folder: Place
    working_folder: Path
    lock: BinaryIO
    reported: frozenset[int]

    def report(self, epoch: int, accuracy: float) -> bool:
        """Report the validation accuracy after an epoch; return whether the trial is not worth continuing."""
        if epoch not in self.reported:
            self.trial.report(accuracy, epoch)
        return self.trial.should_prune()


class SharedStudy:
    """The trials of a search."""

    def __init__(self, settings: TuneSettings, members: int, dataset_fingerprint: str) -> None:
        """Begin the study, or resume the one in the models' directory.

        Raises:
            UserError: The study there searches something else, or cannot be opened or created.
        """
        self._settings, self._members = settings, members
        self.place = Place(settings.models) / TUNING
        digest = hashlib.sha256(self.place.address.encode()).hexdigest()
        self.folder = self.place.path if self.place.is_local else WORKING_FOLDERS / digest[:16]
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        identity = {"dataset": dataset_fingerprint, "members": members, **settings.identity}
        try:
            with locked(self._lock):
                self._published = None if self.place.is_local else PublishedStudy(self.place, self.folder)
                self._study = self._opened()
                self._check_identity(identity)
        except OSError as error:
            raise UserError(f"--models: cannot create {self.place}: {error.strerror or error}") from None

    @property
    def trials(self) -> list[FrozenTrial]:
        """All trials so far, in order."""
        return self._study.get_trials(deepcopy=False)

    @property
    def study(self) -> optuna.Study:
        """Optuna's study."""
        return self._study

    def claim(self) -> Claim | None:
        """Return a trial that nobody runs, or a new one; None if there are as many as requested."""
        with locked(self._lock):
            trials = self.trials
            for trial in trials:
                if trial.state == TrialState.RUNNING and (lock := self._try_lock(trial.number)):
                    self._seed_draws(trial.number)
                    return self._claimed(Trial(self._study, trial._trial_id), lock)  # noqa: SLF001
            waiting = [trial.number for trial in trials if trial.state == TrialState.WAITING]
            if not waiting and len(trials) >= self._settings.trials:
                return None
            claim = self._new(waiting[0] if waiting else len(trials), enqueued=bool(waiting))
            self._publish()
            return claim

    def finish(self, claim: Claim, state: TrialState, accuracy: float | None, **notes: Any) -> None:
        """Record how a trial ended, with notes, and release it."""
        for name, value in notes.items():
            claim.trial.set_user_attr(name, value)
        with locked(self._lock):
            self._study.tell(claim.trial, accuracy, state)
            self._publish()
        claim.lock.close()

    def at_work(self) -> int:
        """Return the number of trials that other workers run."""
        count = 0
        with locked(self._lock):
            for trial in self.trials:
                if trial.state == TrialState.RUNNING:
                    lock = self._try_lock(trial.number)
                    count += lock is None
                    if lock:
                        lock.close()
        return count

    def folder_of(self, trial: FrozenTrial) -> Place:
        """Return the folder of a trial's files."""
        return self.place / "trials" / str(trial.number)

    def member_of(self, number: int) -> int:
        """Return the member on whose rows a trial is trained."""
        return number % self._members

    @property
    def _lock(self) -> Path:
        return self.folder / "study.lock"

    def _new(self, number: int, *, enqueued: bool) -> Claim:
        """Begin a trial; the first of each member has the defaults, for comparison."""
        lock = self._try_lock(number)
        if lock is None:
            raise UserError(f"--models: {self._trial_folder(number)} is in use by another search")
        self._seed_draws(number)
        if number < self._members and not enqueued:
            search = self._settings.search
            single = [name for name, bounds in search.ranges.items() if bounds.low == bounds.high]
            single += [name for name, values in search.choices.items() if len(values) == 1]
            self._study.enqueue_trial(
                {name: value for name, value in search.defaults.items() if name not in single}
            )
        return self._claimed(self._study.ask(), lock)

    def _seed_draws(self, number: int) -> None:
        # The same draws for a trial whoever runs it: a sampler's own state would start again in each run.
        self._study.sampler = TPESampler(seed=keyed_draw(self._settings.rows.seed, "trial", number) % 2**32)

    def _try_lock(self, number: int) -> BinaryIO | None:
        return try_lock(self._trial_folder(number) / "lock")

    def _opened(self) -> optuna.Study:
        path = self.folder.absolute() / DATABASE
        try:
            storage = RDBStorage(f"sqlite:///{path}", engine_kwargs={"connect_args": {"timeout": MAX_WAIT}})
            pruner = PercentilePruner(
                KEPT,
                self._members + UNDISTURBED,
                n_warmup_steps=FIRST_PASSES * self._settings.rows.epochs_per_pass,
            )
            return optuna.create_study(
                storage=storage, pruner=pruner, study_name=TUNING, direction="maximize", load_if_exists=True
            )
        except Exception as error:  # noqa: BLE001 - whatever SQLAlchemy, Alembic or Optuna raise for a broken file
            raise UserError(
                f"--models: {path} cannot be opened: {' '.join(str(error).split())[:200]}"
            ) from None

    def _check_identity(self, identity: dict[str, Any]) -> None:
        found = self._study.user_attrs.get(IDENTITY)
        if found is None:
            self._study.set_user_attr(IDENTITY, identity)
            return
        found = with_current_names(TuneSettings, found)
        differences = [
            f"{option(name)} is {found.get(name)} there, {value} now"
            for name, value in json.loads(json.dumps(identity)).items()
            if found.get(name) != value
        ]
        if differences:
            raise UserError(
                f"--models: {self.folder} holds a search with other settings: {', '.join(differences)};"
                " choose another directory, or remove the folder"
            )

    def _trial_folder(self, number: int) -> Path:
        return self.folder / "trials" / str(number)

    def _claimed(self, trial: Trial, lock: BinaryIO) -> Claim:
        parameters = suggested(trial, self._settings)
        reported = frozenset(self._study.get_trials(deepcopy=False)[trial.number].intermediate_values)
        folder, working_folder = self.place / "trials" / str(trial.number), self._trial_folder(trial.number)
        return Claim(trial, parameters, self.member_of(trial.number), folder, working_folder, lock, reported)

    def _publish(self) -> None:
        if self._published:
            self._published.publish()


class PublishedStudy:
    """The copy of a study's database in a store; used only with the study's lock held."""

    def __init__(self, place: Place, folder: Path) -> None:
        """Fetch the copy, unless other workers of this machine already run the search.

        Raises:
            OSError: The store cannot be read.
        """
        self._place, self._database, self._seen = place / DATABASE, folder / DATABASE, folder / SEEN
        # Every worker holds it as long as it lives.
        self._workers_lock = (folder / "workers.lock").open("ab")
        if lock_shared_unless_alone(self._workers_lock):
            self._fetch()

    def _fetch(self) -> None:
        try:
            content = self._place.read_bytes()
        except FileNotFoundError:
            content = b""
        self._database.unlink(missing_ok=True)
        if content:
            self._database.write_bytes(content)
        self._seen.write_text(hashlib.sha256(content).hexdigest())

    def publish(self) -> None:
        """Copy the database into the store.

        Raises:
            LandmarkError: Another machine runs the same search, or the store cannot be written.
        """
        try:
            published = self._place.read_bytes() if self._place.exists() else b""
            if hashlib.sha256(published).hexdigest() != self._seen.read_text():
                raise LandmarkError(
                    f"--models: another machine runs the search in {self._place.parent}; stop one of them and"
                    " start the other again"
                )
            with closing(sqlite3.connect(self._database)) as database:
                content = database.serialize()
            self._place.write(content)
            self._seen.write_text(hashlib.sha256(content).hexdigest())
        except OSError as error:
            raise LandmarkError(f"--models: cannot write {self._place}: {error}") from None


def done_by(trials: Sequence[FrozenTrial]) -> int:
    """Return the number of trials that have ended."""
    return sum(trial.state.is_finished() for trial in trials)
