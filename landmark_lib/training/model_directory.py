"""The files of a trained member: its weights, its history, and what it was trained on.

<models>/member-<k>/
  best.keras     the model with the best validation accuracy
  last.keras     the model after the last epoch
  sketch.npz     class means of the best model's features and how they vary, to reject photos of no landmark
  history.csv    one line an epoch; history.jsonl holds the same
  curves.png     accuracy, loss and learning rate by epoch
  member.json    settings, data set, landmark ids, versions, best epoch, and how training ended
  checkpoints/   where training resumes
  tensorboard/   events, with --tensorboard
"""

import io
import json
import logging
import math
import platform
import re
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from landmark_lib import __version__
from landmark_lib.decoding import decode
from landmark_lib.errors import LandmarkError, UserError
from landmark_lib.method.similarity import FeatureStatistics
from landmark_lib.report.curves import draw_curves
from landmark_lib.settings import TrainSettings, to_flat, with_current_names
from landmark_lib.storage import Place
from landmark_lib.training.history import EpochResult, best_epoch, curves_of, write_history
from landmark_lib.training.member_data import MemberData
from landmark_lib.training.model import load_trained
from landmark_lib.zip_archive import read_arrays

logger = logging.getLogger(__name__)

BEST = "best.keras"
LAST = "last.keras"
STATISTICS = "sketch.npz"
CURVES = "curves.png"
EVENTS = "tensorboard"
MEMBER = "member.json"
SECONDS_BETWEEN_CURVES = 10
MEMBER_NAME = re.compile(r"member-(0|[1-9][0-9]*)", re.ASCII)
# How the last run of a training ended.
FINISHED, DIVERGED, STOPPED = "finished", "diverged", "stopped"


@dataclass(frozen=True)
class MemberRecord:
    """The content of `member.json`."""

    member: int
    finished: bool
    epochs: int  # done
    best_epoch: int  # 0 if no epoch is done
    settings: dict[str, Any]
    dataset_fingerprint: str
    landmark_ids: list[str]  # by class index
    versions: dict[str, str]
    ended: str = ""  # FINISHED, DIVERGED or STOPPED; empty while training, after a kill and in old files


class MemberFiles:
    """The files of one member, written by rank 0."""

    def __init__(self, settings: TrainSettings, data: MemberData) -> None:
        """Begin.

        Args:
            settings: The member's settings.
            data: The member's data.
        """
        self.settings, self.data = settings, data
        self.directory = member_directory(settings.models, data.member)
        self._drawn = -math.inf
        self._events: EventFiles | None = None

    def begin(self) -> bool:
        """Create the directory, and return whether the member is already trained with the same settings.

        Raises:
            UserError: The directory is not writable.
        """
        try:
            self.directory.check_writable()
        except OSError as error:
            raise UserError(
                f"--models: cannot write into {self.directory}: {error.strerror or error}"
            ) from None
        if not (self.directory / MEMBER).exists():
            return False
        found = read_member(self.directory)
        decided = self.settings.deciding
        return (
            found.finished
            and found.dataset_fingerprint == self.data.fingerprint
            and {name: found.settings.get(name) for name in decided} == decided
        )

    def write_epoch(self, whole_model: Callable[[], keras.Model], history: Sequence[EpochResult]) -> None:
        """Write the results of an epoch, and the model if it is the best so far.

        Raises:
            LandmarkError: A file cannot be written.
        """
        with writing_into(self.directory):
            if best_epoch(history) is history[-1]:
                save_model(whole_model(), self.directory / BEST)
            write_history(self.directory, history)
            write_member(self.directory, self._record(history))
            if time.monotonic() - self._drawn > SECONDS_BETWEEN_CURVES:
                self._draw(history)
            if self.settings.run.tensorboard:
                self._events = self._events or EventFiles(self.directory / EVENTS)
                self._events.write(history[-1])

    def best_weights(self) -> list[NDArray[np.float32]]:
        """Return the weights of the best model."""
        weights: list[NDArray[np.float32]] = load_trained(self.directory / BEST).get_weights()
        return weights

    def note_end(self, ended: str, history: Sequence[EpochResult]) -> None:
        """Write how this run ended; what an earlier run finished stays finished.

        Raises:
            LandmarkError: The file cannot be written.
        """
        known = (self.directory / MEMBER).exists()
        record = read_member(self.directory) if known else self._record(history)
        with writing_into(self.directory):
            write_member(self.directory, replace(record, ended=ended))

    def finish(
        self, model: keras.Model, statistics: FeatureStatistics, history: Sequence[EpochResult]
    ) -> None:
        """Write the last model, the feature statistics of the best one, and that training has ended.

        Raises:
            LandmarkError: A file cannot be written.
        """
        with writing_into(self.directory):
            save_model(model, self.directory / LAST)
            write_feature_statistics(statistics, self.directory)
            write_history(self.directory, history)
            self._draw(history)
            write_member(self.directory, self._record(history, FINISHED))

    def _draw(self, history: Sequence[EpochResult]) -> None:
        self._drawn = time.monotonic()
        picture = draw_curves(f"Member {self.data.member}", curves_of(history))
        (self.directory / CURVES).write(picture)

    def _record(self, history: Sequence[EpochResult], ended: str = "") -> MemberRecord:
        return MemberRecord(
            member=self.data.member,
            finished=ended == FINISHED,
            epochs=len(history),
            best_epoch=best_epoch(history).epoch if history else 0,
            settings=to_flat(self.settings),
            dataset_fingerprint=self.data.fingerprint,
            landmark_ids=self.data.landmark_ids,
            versions={
                "landmark-recognition": __version__,
                "python": platform.python_version(),
                "tensorflow": tf.__version__,
                "keras": keras.__version__,
            },
            ended=ended,
        )


class EventFiles:
    """TensorBoard's events; for a store, they are written on this machine and copied after each epoch."""

    def __init__(self, folder: Place) -> None:
        """Begin in the folder that they belong in."""
        self._folder = folder
        self._local = None if folder.is_local else tempfile.TemporaryDirectory()
        self._writer = tf.summary.create_file_writer(self._local.name if self._local else str(folder.path))

    def write(self, result: EpochResult) -> None:
        """Add the results of an epoch.

        Raises:
            OSError: They cannot be written.
        """
        with self._writer.as_default(step=result.epoch):
            for name, value in asdict(result).items():
                tf.summary.scalar(name, value)
        self._writer.flush()
        if self._local:
            for file in Place(self._local.name).files():
                (self._folder / file.name).write(file.read_bytes())


def member_directory(models: str, member: int) -> Place:
    """Return the directory of a member's model."""
    return Place(models) / f"member-{member}"


def save_model(model: keras.Model, place: Place) -> None:
    """Write a model."""
    with place.atomic_file() as partial:
        model.save(partial)


def write_feature_statistics(statistics: FeatureStatistics, directory: Place) -> None:
    """Write feature statistics whole or not at all; class means as float16, enough for cosines."""
    buffer = io.BytesIO()
    np.savez(buffer, **{**asdict(statistics), "classes": statistics.classes.astype(np.float16)})
    (directory / STATISTICS).write(buffer.getvalue())


def read_feature_statistics(directory: Place) -> FeatureStatistics | None:
    """Read feature statistics; None if the member was trained before they existed.

    Raises:
        LandmarkError: They cannot be read.
    """
    place = directory / STATISTICS
    try:
        arrays = read_arrays(place.read_bytes())
        names = [field.name for field in fields(FeatureStatistics)]
        return FeatureStatistics(**{name: arrays[name].astype(np.float32) for name in names})
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError) as error:
        raise LandmarkError(f"{place} cannot be read: {error}") from None


def write_member(directory: Place, record: MemberRecord) -> None:
    """Write `member.json`."""
    (directory / MEMBER).write((json.dumps(asdict(record), indent=1) + "\n").encode())


def read_member(directory: Place) -> MemberRecord:
    """Read `member.json`.

    Raises:
        UserError: It is missing or cannot be read.
    """
    try:
        record = decode(MemberRecord, (directory / MEMBER).read_bytes())
    except (OSError, ValueError) as error:
        raise UserError(f"--models: {directory / MEMBER} cannot be read: {error}") from None
    return replace(record, settings=with_current_names(TrainSettings, record.settings))


def finished_members(models: str) -> list[Place]:
    """Return the directories of all members, in order.

    Only folders called member-<k> count, not copies such as `member-0 (old)`.

    Raises:
        UserError: There is no member, or the training of one has not finished.
    """
    folder = Place(models)
    named = filter(None, map(MEMBER_NAME.fullmatch, folder.names()))
    numbers = sorted(int(name[1]) for name in named)
    directories = ((number, member_directory(models, number)) for number in numbers)
    found = {number: directory for number, directory in directories if (directory / MEMBER).exists()}
    if not found:
        raise UserError(f"--models: {models} has no trained member; run jobs/train.py first")
    missing = [f"member-{number}" for number in range(max(found)) if number not in found]
    if missing:
        logger.warning(f"--models: {models} has no trained {', '.join(missing)}; the others vote alone")
    for directory in found.values():
        if not read_member(directory).finished:
            raise UserError(f"--models: the training of {directory} has not finished")
    return list(found.values())


@contextmanager
def writing_into(directory: Place) -> Iterator[None]:
    """Report an OSError while writing into a directory below --models in one line.

    Raises:
        LandmarkError: There was one.
    """
    try:
        yield
    except OSError as error:
        raise LandmarkError(f"--models: cannot write into {directory}: {error.strerror or error}") from None
