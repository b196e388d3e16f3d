"""Checkpoints: all that training needs to resume as if it had never stopped.

    <models>/member-<k>/checkpoints/<epochs done>-<steps done>.npz

A checkpoint is complete or absent: it is written aside, flushed to the disk, then renamed. The last two are
kept, in case the newest cannot be read.
"""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landmark_lib.decoding import decode
from landmark_lib.errors import LandmarkError, UserError
from landmark_lib.method.schedule import PlateauState
from landmark_lib.settings import TrainSettings, option, with_current_names
from landmark_lib.storage import Place
from landmark_lib.training.history import EpochResult
from landmark_lib.zip_archive import read_arrays, write_arrays

logger = logging.getLogger(__name__)

CHECKPOINTS = "checkpoints"
KEPT = 2
STATE = "state"  # name of the array that holds everything but arrays, as JSON


@dataclass(frozen=True)
class Progress:
    """How far training is.

    Attributes:
        epochs: Epochs done.
        steps: Steps done of the next epoch; 0 at an epoch's end.
        schedule: State of the learning rate's schedule.
        history: Results of the epochs done.
        sums: Sums of the steps done, per rank; empty at an epoch's end.
    """

    epochs: int
    steps: int
    schedule: PlateauState
    history: Sequence[EpochResult]
    sums: Sequence[Sequence[float]]


@dataclass(frozen=True)
class Identity:
    """What must be equal to resume from a checkpoint.

    Attributes:
        dataset: Fingerprint of the data set.
        member: Number of the member.
        ranks: Number of ranks.
        settings: The settings that decide the weights.
    """

    dataset: str
    member: int
    ranks: int
    settings: Mapping[str, Any]


@dataclass(frozen=True)
class _State:
    """What a checkpoint holds besides arrays."""

    identity: Identity
    progress: Progress


@dataclass(frozen=True)
class Checkpoint:
    """One point of a training: how far it is, and the values of all variables by name."""

    identity: Identity
    progress: Progress
    arrays: Mapping[str, NDArray[Any]]


def write_checkpoint(directory: Place, checkpoint: Checkpoint) -> None:
    """Write a checkpoint into a member's directory, and remove old ones.

    Raises:
        LandmarkError: It cannot be written; the previous ones stay.
    """
    folder = directory / CHECKPOINTS
    progress = checkpoint.progress
    place = folder / f"{progress.epochs:05}-{progress.steps:07}.npz"
    state = json.dumps(asdict(_State(checkpoint.identity, progress)))
    try:
        with place.atomic_file(sync=True) as partial:
            write_arrays(partial, {STATE: np.frombuffer(state.encode(), np.uint8), **checkpoint.arrays})
        for old in _places(directory)[KEPT:]:
            old.remove()
    except OSError as error:
        raise LandmarkError(f"the checkpoint {place} cannot be written: {error.strerror or error}") from None


def read_checkpoint(directory: Place) -> Checkpoint | None:
    """Return the newest readable checkpoint in a member's directory, or None; warn about unreadable ones."""
    for place in _places(directory):
        try:
            with place.local_file() as path, path.open("rb") as file:
                arrays = read_arrays(file)
            state = decode(_State, arrays.pop(STATE).tobytes())
            settings = with_current_names(TrainSettings, state.identity.settings)
            return Checkpoint(replace(state.identity, settings=settings), state.progress, arrays)
        except (OSError, ValueError, KeyError, TypeError) as error:
            logger.warning(f"the checkpoint {place} cannot be read; using the previous one ({error})")
    return None


def has_checkpoint(directory: Place) -> bool:
    """Return whether a member's directory has a checkpoint."""
    return bool(_places(directory))


def check_identity(found: Identity, wanted: Identity, directory: Place, *, allow_rank_change: bool) -> None:
    """Check that a checkpoint belongs to the training that was asked for.

    Raises:
        UserError: It does not; the message has all differences.
    """
    there, here = _flat(found), _flat(wanted)
    if allow_rank_change:
        there.pop("ranks"), here.pop("ranks")
    differing = [name for name in {**there, **here} if there.get(name) != here.get(name)]
    differences = [
        f"{name} is {there.get(name)} in the checkpoint, {here.get(name)} now" for name in differing
    ]
    if differences:
        more = "; --allow-rank-change allows another number" if differing == ["ranks"] else ""
        raise UserError(
            f"--models: {directory} was trained with other settings: {', '.join(differences)}; choose another"
            f" directory, or remove it{more}"
        )


def _flat(identity: Identity) -> dict[str, Any]:
    named = {"ranks": identity.ranks, "data set": identity.dataset, "member": identity.member}
    # Earlier releases looked at all classes in each step.
    settings = {"class_sample": 1.0, **identity.settings}
    return {**named, **{option(name): value for name, value in settings.items()}}


def _places(directory: Place) -> list[Place]:
    """Return the checkpoints of a member, newest first."""
    folder = directory / CHECKPOINTS
    return [folder / name for name in reversed(folder.names()) if name.endswith(".npz") and name[0] != "."]
