"""The files of a trained member: its weights, its history, and what it was trained on.

<models>/member-<k>/
  best.keras     the model with the best validation accuracy
  last.keras     the model after the last epoch
  sketch.npz     how the best model's features vary within classes, to compare photos
  neighbours.npz the training photos as vectors, to find those most similar to a photo
  history.csv    one line an epoch; history.jsonl holds the same
  curves.png     accuracy, loss and learning rate by epoch
  member.json    settings, data set, landmark ids, versions, best epoch, and how training ended
  checkpoints/   where training resumes
  tensorboard/   events, with --tensorboard
"""

import platform
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, fields, replace
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from landmark_lib import __version__
from landmark_lib.errors import LandmarkError
from landmark_lib.method.neighbours import NeighbourIndex
from landmark_lib.method.similarity import FeatureStatistics, Whitening
from landmark_lib.report.curves import draw_curves
from landmark_lib.settings import TrainSettings, to_flat
from landmark_lib.settings.train import WITH_SIMILARITY
from landmark_lib.storage import Place
from landmark_lib.training.checks import check_writable
from landmark_lib.training.history import EpochResult, best_epoch, curves_of, write_history
from landmark_lib.training.member_data import MemberData
from landmark_lib.training.member_record import (
    FINISHED,
    MEMBER,
    MemberRecord,
    member_directory,
    read_member,
    write_member,
)
from landmark_lib.training.model import load_trained, with_similarity, without_similarity
from landmark_lib.training.model_parts import MEMBERS
from landmark_lib.training.neighbours import write_index
from landmark_lib.zip_archive import read_arrays, write_arrays

BEST = "best.keras"
LAST = "last.keras"
WHITENING = "sketch.npz"
CURVES = "curves.png"
EVENTS = "tensorboard"
SECONDS_BETWEEN_CURVES = 10


class MemberFiles:
    """The files of one member, written by rank 0."""

    def __init__(self, settings: TrainSettings, data: MemberData, ranks: int) -> None:
        """Begin.

        Args:
            settings: The member's settings.
            data: The member's data.
            ranks: Number of ranks that train it.
        """
        self.settings, self.data, self._ranks = settings, data, ranks
        self.directory = member_directory(settings.models, data.member)
        self._drawn = time.monotonic()
        self._events: EventFiles | None = None

    def begin(self) -> bool:
        """Create the directory, and return whether the member is already trained with the same settings.

        Raises:
            UserError: The directory is not writable.
        """
        check_writable(self.directory)
        if not (self.directory / MEMBER).exists():
            return False
        return read_member(self.directory).is_finished(self.settings, self.data.fingerprint)

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
        """Return the trained weights of the best model."""
        best = without_similarity(load_trained(self.directory / BEST))
        weights: list[NDArray[np.float32]] = best.get_weights()
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
        self,
        model: keras.Model,
        statistics: FeatureStatistics,
        index: NeighbourIndex,
        history: Sequence[EpochResult],
    ) -> None:
        """Write the last model, what follows from the best one's features, and that training has ended.

        Raises:
            LandmarkError: A file cannot be written.
        """
        with writing_into(self.directory):
            save_model(model, self.directory / LAST)
            write_whitening(statistics.whitening, self.directory)
            write_index(index, self.directory)
            if self.settings.network.head == WITH_SIMILARITY:
                best = with_similarity(load_trained(self.directory / BEST), statistics)
                save_model(best, self.directory / BEST)
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
            framing=self.data.framing,
            landmark_ids=self.data.landmark_ids,
            versions={
                "landmark-recognition": __version__,
                "python": platform.python_version(),
                "tensorflow": tf.__version__,
                "keras": keras.__version__,
            },
            ended=ended,
            ranks=self._ranks,
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


def save_model(model: keras.Model, place: Place) -> None:
    """Write a model."""
    # Keras would build the archive in memory.
    with (
        place.atomic_file() as partial,
        tempfile.TemporaryDirectory(prefix=partial.stem, dir=partial.parent) as folder,
    ):
        keras.saving.save_model(model, folder, zipped=False)
        with zipfile.ZipFile(partial, "w") as archive:
            for name in MEMBERS:
                archive.write(Path(folder, name), name)


def write_whitening(whitening: Whitening, directory: Place) -> None:
    """Write how a member's features are whitened, whole or not at all."""
    with (directory / WHITENING).atomic_file() as partial:
        write_arrays(partial, {field.name: getattr(whitening, field.name) for field in fields(whitening)})


def read_whitening(directory: Place) -> Whitening | None:
    """Read how a member's features are whitened; None if the member was trained before that was stored.

    Raises:
        LandmarkError: It cannot be read.
    """
    place = directory / WHITENING
    try:
        with place.local_file() as path, path.open("rb") as file:
            arrays = read_arrays(file)
        return Whitening(**{field.name: arrays[field.name].astype(np.float32) for field in fields(Whitening)})
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError) as error:
        raise LandmarkError(f"{place} cannot be read: {error}") from None


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
