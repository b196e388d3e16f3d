"""Checkpoints: all that training needs to go on as if it had never stopped.

    <models>/member-<k>/checkpoints/<epochs done>-<steps done>.npz

A checkpoint is whole or not there: written aside, forced to the disk, then renamed. The one before is kept
until the next but one, for the case that the newest cannot be read.
"""

import io
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landmark_lib.decoding import decode
from landmark_lib.errors import LandmarkError, UserError
from landmark_lib.method.plateau import PlateauState
from landmark_lib.settings import TrainSettings, option, with_current_names
from landmark_lib.storage import Place
from landmark_lib.training.history import EpochResult
from landmark_lib.zip_archive import read_arrays

logger = logging.getLogger(__name__)

CHECKPOINTS = "checkpoints"
KEPT = 2
STATE = "state"  # the array of a file that holds everything but arrays, as JSON


@dataclass(frozen=True)
class Progress:
    """Where training stands.

    Attributes:
        epochs: Epochs done.
        steps: Steps done of the next epoch; 0 at an epoch's end.
        schedule: Of the learning rate.
        history: A result for each epoch done.
        sums: Of the epoch under way, for each rank what its steps summed up.
    """

    epochs: int
    steps: int
    schedule: PlateauState
    history: Sequence[EpochResult]
    sums: Sequence[Sequence[float]]


@dataclass(frozen=True)
class Identity:
    """What a checkpoint may be gone on with.

    Attributes:
        dataset: Fingerprint of the data set.
        member: Which member.
        ranks: Number of ranks.
        settings: Those that decide the weights.
    """

    dataset: str
    member: int
    ranks: int
    settings: Mapping[str, Any]


@dataclass(frozen=True)
class _State:
    """What a checkpoint holds beside arrays."""

    identity: Identity
    progress: Progress


@dataclass(frozen=True)
class Checkpoint:
    """One point of a training: where it stands, and the values of all variables by name."""

    identity: Identity
    progress: Progress
    arrays: Mapping[str, NDArray[Any]]


def write_checkpoint(directory: Place, checkpoint: Checkpoint) -> None:
    """Write a checkpoint into a member's directory, and remove those that are no longer needed.

    Raises:
        LandmarkError: It cannot be written; the ones before stay.
    """
    folder = directory / CHECKPOINTS
    done = checkpoint.progress
    place = folder / f"{done.epochs:05}-{done.steps:07}.npz"
    state = json.dumps(asdict(_State(checkpoint.identity, done)))
    content = io.BytesIO()
    np.savez(content, **{STATE: np.frombuffer(state.encode(), np.uint8)}, **checkpoint.arrays)
    try:
        place.write(content.getvalue(), sync=True)
        for old in _places(directory)[KEPT:]:
            old.remove()
    except OSError as error:
        raise LandmarkError(f"the checkpoint {place} cannot be written: {error.strerror or error}") from None


def read_checkpoint(directory: Place) -> Checkpoint | None:
    """Return the newest readable checkpoint in a member's directory, or None; warn about unreadable ones."""
    for place in _places(directory):
        try:
            return _read(place)
        except (OSError, ValueError, KeyError, TypeError) as error:
            logger.warning(f"the checkpoint {place} cannot be read; using the one before ({error})")
    return None


def check_identity(found: Identity, wanted: Identity, directory: Place, *, allow_rank_change: bool) -> None:
    """Make sure that a checkpoint belongs to the training that was asked for.

    Raises:
        UserError: It does not, with all differences.
    """
    there, here = _flat(found), _flat(wanted)
    if allow_rank_change:
        there.pop("ranks"), here.pop("ranks")
    differences = [
        f"{name} {there.get(name)} there, {here.get(name)} here"
        for name in {**there, **here}
        if there.get(name) != here.get(name)
    ]
    if differences:
        more = (
            "; --allow-rank-change goes on with another number" if differences[0].startswith("ranks") else ""
        )
        raise UserError(
            f"--models: {directory} holds another training: {', '.join(differences)}; name another directory"
            f" or remove it{more}"
        )


def _flat(identity: Identity) -> dict[str, Any]:
    named = {"ranks": identity.ranks, "data set": identity.dataset, "member": identity.member}
    options = {option(name): value for name, value in identity.settings.items()}
    return {**named, **options}


def _places(directory: Place) -> list[Place]:
    """List the checkpoints of a member, the newest first."""
    folder = directory / CHECKPOINTS
    return [folder / name for name in reversed(folder.names()) if name.endswith(".npz") and name[0] != "."]


def _read(place: Place) -> Checkpoint:
    arrays = read_arrays(place.read_bytes())
    state = decode(_State, arrays.pop(STATE).tobytes())
    settings = with_current_names(TrainSettings, state.identity.settings)
    return Checkpoint(replace(state.identity, settings=settings), state.progress, arrays)
