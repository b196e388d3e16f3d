"""What a trained member leaves behind: its weights, its history, and what it was trained on.

<models>/member-<k>/
  best.keras     the model with the best validation accuracy
  last.keras     the model after the last epoch
  sketch.npz     class means of the best model's features and how they vary, to reject what shows no landmark
  history.csv    one line an epoch; history.jsonl holds the same
  curves.png     accuracy, loss and learning rate by epoch
  member.json    settings, data set, class names, versions, best epoch; says whether training ended
  checkpoints/   where training goes on
  tensorboard/   events, with --tensorboard
"""

import io
import json
import math
import platform
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from landmark_lib import __version__
from landmark_lib.errors import LandmarkError, UserError
from landmark_lib.method.likeness import Sketch
from landmark_lib.report.curves import draw_curves
from landmark_lib.settings import TrainSettings, deciding
from landmark_lib.storage import Place
from landmark_lib.training.history import EpochResult, best_epoch, curves_of, write_history
from landmark_lib.training.member_data import MemberData
from landmark_lib.training.model import load_trained

BEST = "best.keras"
LAST = "last.keras"
SKETCH = "sketch.npz"
CURVES = "curves.png"
EVENTS = "tensorboard"
MEMBER = "member.json"
SECONDS_BETWEEN_CURVES = 10
SKETCHED = tuple(field.name for field in fields(Sketch))


@dataclass(frozen=True)
class MemberRecord:
    """What `member.json` holds."""

    member: int
    finished: bool
    epochs: int  # done
    best_epoch: int
    settings: dict[str, Any]
    dataset_fingerprint: str
    landmark_ids: list[str]  # by class index
    versions: dict[str, str]


class MemberFiles:
    """The files of one member, written by rank 0."""

    def __init__(self, settings: TrainSettings, data: MemberData) -> None:
        """Name them.

        Args:
            settings: The member's.
            data: The member's.
        """
        self.settings, self.data = settings, data
        self.directory = member_path(settings.models, data.member)
        self._drawn = -math.inf
        self._events: tf.summary.SummaryWriter | None = None

    def begin(self) -> bool:
        """Make the directory; tell whether the member is trained already, just as it would be now.

        Raises:
            UserError: It cannot be made.
        """
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"--models: cannot make {self.directory}: {error.strerror}") from None
        if not (self.directory / MEMBER).exists():
            return False
        there = read_member(self.directory)
        return (
            there.finished
            and there.dataset_fingerprint == self.data.fingerprint
            and _deciding(there.settings) == _deciding(asdict(self.settings))
        )

    def write_epoch(self, whole_model: Callable[[], keras.Model], history: Sequence[EpochResult]) -> None:
        """Write what an epoch brought.

        Raises:
            LandmarkError: A file cannot be written.
        """
        with _told(self.directory):
            if best_epoch(history) is history[-1]:
                save_model(whole_model(), self.directory, BEST)
            write_history(self.directory, history)
            write_member(self.directory, self._record(history, finished=False))
            if time.monotonic() - self._drawn > SECONDS_BETWEEN_CURVES:
                self._draw(history)
            if self.settings.tensorboard:
                self._write_events(history[-1])

    def best_weights(self) -> list[NDArray[np.float32]]:
        """Read the weights of the best model."""
        weights: list[NDArray[np.float32]] = load_trained(self.directory / BEST).get_weights()
        return weights

    def finish(self, model: keras.Model, sketch: Sketch, history: Sequence[EpochResult]) -> None:
        """Write the last model and the sketch of the best one, and that training has ended.

        Raises:
            LandmarkError: A file cannot be written.
        """
        with _told(self.directory):
            save_model(model, self.directory, LAST)
            write_sketch(sketch, self.directory)
            write_history(self.directory, history)
            self._draw(history)
            write_member(self.directory, self._record(history, finished=True))

    def _draw(self, history: Sequence[EpochResult]) -> None:
        self._drawn = time.monotonic()
        picture = draw_curves(f"Member {self.data.member}", curves_of(history))
        (Place(str(self.directory)) / CURVES).write(picture)

    def _write_events(self, result: EpochResult) -> None:
        if self._events is None:
            self._events = tf.summary.create_file_writer(str(self.directory / EVENTS))
        with self._events.as_default(step=result.epoch):
            for name, value in asdict(result).items():
                tf.summary.scalar(name, value)
        self._events.flush()

    def _record(self, history: Sequence[EpochResult], *, finished: bool) -> MemberRecord:
        return MemberRecord(
            member=self.data.member,
            finished=finished,
            epochs=len(history),
            best_epoch=best_epoch(history).epoch,
            settings=asdict(self.settings),
            dataset_fingerprint=self.data.fingerprint,
            landmark_ids=self.data.landmark_ids,
            versions={
                "landmark-recognition": __version__,
                "python": platform.python_version(),
                "tensorflow": tf.__version__,
                "keras": keras.__version__,
            },
        )


def member_path(models: str, member: int) -> Path:
    """Name the directory of a member's model."""
    return Path(models) / f"member-{member}"


def save_model(model: keras.Model, directory: Path, name: str) -> None:
    """Write a model whole or not at all."""
    partial = directory / f"partial-{name}"  # Keras insists on its ending
    model.save(partial)
    partial.replace(directory / name)


def write_sketch(sketch: Sketch, directory: Path) -> None:
    """Write a sketch whole or not at all; class means as 16-bit floats, which cosines do not notice."""
    arrays = asdict(sketch)
    buffer = io.BytesIO()
    np.savez(buffer, **{**arrays, "classes": sketch.classes.astype(np.float16)})
    (Place(str(directory)) / SKETCH).write(buffer.getvalue())


def read_sketch(directory: Path) -> Sketch | None:
    """Read a sketch; None: the member was trained when there were none.

    Raises:
        LandmarkError: It cannot be read.
    """
    path = directory / SKETCH
    if not path.exists():
        return None
    try:
        with path.open("rb") as content, np.load(content) as file:
            return Sketch(**{name: file[name].astype(np.float32) for name in SKETCHED})
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise LandmarkError(f"{path} cannot be read: {error}") from None


def write_member(directory: Path, record: MemberRecord) -> None:
    """Write `member.json`, whole or not at all."""
    (Place(str(directory)) / MEMBER).write((json.dumps(asdict(record), indent=1) + "\n").encode())


def read_member(directory: Path) -> MemberRecord:
    """Read `member.json`.

    Raises:
        UserError: It is not there or cannot be read.
    """
    try:
        return MemberRecord(**json.loads((directory / MEMBER).read_text()))
    except (OSError, ValueError, TypeError) as error:
        raise UserError(f"--models: {directory / MEMBER} cannot be read: {error}") from None


def finished_members(models: str) -> list[Path]:
    """List the directories of all members, in order.

    Raises:
        UserError: No member there, or one whose training has not ended.
    """
    # member-10 comes after member-2
    found = sorted(Path(models).glob("member-*/" + MEMBER), key=lambda path: (len(path.parent.name), path))
    if not found:
        raise UserError(f"--models: {models} holds no trained member; jobs/train.py makes them")
    for path in found:
        if not read_member(path.parent).finished:
            raise UserError(f"--models: the training of {path.parent} has not ended")
    return [path.parent for path in found]


def _deciding(settings: dict[str, Any]) -> dict[str, Any]:
    """Pick the settings that decide what a member becomes."""
    names = deciding(TrainSettings, "network", "learning", "rows", "ending")
    return {name: settings.get(name) for name in names}


@contextmanager
def _told(directory: Path) -> Iterator[None]:
    """Tell in one line that files cannot be written."""
    try:
        yield
    except OSError as error:
        raise LandmarkError(f"--models: cannot write into {directory}: {error.strerror or error}") from None
