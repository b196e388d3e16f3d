"""What a trained member leaves behind: its weights, its history, and what it was trained on.

<models>/member-<k>/
  best.keras     the model with the best validation accuracy
  last.keras     the model after the last epoch
  history.csv    one line an epoch
  member.json    settings, data set, class names, versions, best epoch; says whether training ended
"""

import csv
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import keras

from landmark_lib.errors import UserError

BEST = "best.keras"
LAST = "last.keras"
HISTORY = "history.csv"
MEMBER = "member.json"


@dataclass(frozen=True)
class EpochResult:
    """One line of the history."""

    epoch: int  # from 1
    passes: float  # over the training set, up to the end of this epoch
    learning_rate: float
    training_loss: float
    training_accuracy: float
    validation_loss: float
    validation_accuracy: float
    images_per_second: float


@dataclass(frozen=True)
class MemberRecord:
    """What `member.json` holds."""

    member: int
    finished: bool
    best_epoch: int
    settings: dict[str, Any]
    dataset_fingerprint: str
    landmark_ids: list[str]  # by class index
    versions: dict[str, str]


def member_path(models: str, member: int) -> Path:
    """Name the directory of a member's model."""
    return Path(models) / f"member-{member}"


def begin_member(directory: Path) -> None:
    """Make room for a member.

    Raises:
        UserError: The directory holds a member whose training ended, or is no directory.
    """
    if (directory / MEMBER).exists() and read_member(directory).finished:
        raise UserError(f"--models: {directory} holds a trained member; remove it or name another directory")
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"--models: cannot make {directory}: {error.strerror}") from None


def save_model(model: keras.Model, directory: Path, name: str) -> None:
    """Write a model whole or not at all."""
    partial = directory / f"partial-{name}"  # Keras insists on its ending
    model.save(partial)
    partial.replace(directory / name)


def write_history(directory: Path, history: Sequence[EpochResult]) -> None:
    """Write all epochs so far, whole or not at all."""
    partial = directory / f"partial-{HISTORY}"
    with partial.open("w", newline="") as file:
        writer = csv.DictWriter(file, [column.name for column in fields(EpochResult)])
        writer.writeheader()
        writer.writerows(asdict(row) for row in history)
    partial.replace(directory / HISTORY)


def write_member(directory: Path, record: MemberRecord) -> None:
    """Write `member.json`, whole or not at all."""
    partial = directory / f"partial-{MEMBER}"
    partial.write_text(json.dumps(asdict(record), indent=1) + "\n")
    partial.replace(directory / MEMBER)


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
