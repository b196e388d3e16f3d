"""The learned rejection of photos without a landmark, stored as `<models>/rejection.json`.

Known photos without a landmark are stored beside it, as `<models>/landmark_free.npz`, which holds their
vectors by member.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landmark_lib.decoding import decode
from landmark_lib.errors import LandmarkError, UserError
from landmark_lib.evaluation.networks import Members
from landmark_lib.method.rejection import EVIDENCE, Rejection
from landmark_lib.settings.views import PLAIN
from landmark_lib.storage import Place
from landmark_lib.zip_archive import read_arrays, write_arrays

REJECTION = "rejection.json"
LANDMARK_FREE = "landmark_free.npz"


@dataclass(frozen=True)
class _Content:
    """The content of the file: names of the evidence, the fields of `Rejection`, what it was learned for."""

    evidence: list[str]
    means: list[float]
    deviations: list[float]
    weights: list[float]
    offset: float
    threshold: float
    models: dict[str, str]
    # What earlier releases had no choice of.
    views: str = PLAIN
    landmark_free: str = ""  # SHA-256 of the other file; empty if no photos without a landmark are known


@dataclass(frozen=True)
class LearnedRejection:
    """A rejection, and what its evidence is compared with.

    Attributes:
        rejection: From evidence to the chance to be right.
        landmark_free: Vectors of known photos without a landmark, as `mean_similarity` takes them.
        landmark_free_sha256: Of their file; empty if there are none.
    """

    rejection: Rejection
    landmark_free: Sequence[NDArray[np.float16]]
    landmark_free_sha256: str

    @property
    def identity(self) -> dict[str, Any]:
        """What decides its scores, as JSON."""
        known = {"landmark_free": self.landmark_free_sha256} if self.landmark_free_sha256 else {}
        return {**asdict(self.rejection), **known}


def write_rejection(
    models: str, members: Members, rejection: Rejection, landmark_free: Sequence[NDArray[np.float16]]
) -> None:
    """Write a rejection, with the members and views it was learned for.

    The files are written one after the other, each whole or not at all. The second refers to the first.

    Args:
        models: Directory of the models.
        members: The members.
        rejection: What was learned.
        landmark_free: Each member's vectors of known photos without a landmark; empty if there are none.

    Raises:
        OSError: It cannot be written.
    """
    checksum = ""
    if landmark_free:
        place = Place(models) / LANDMARK_FREE
        with place.atomic_file() as partial:
            names = [member.name for member in members]
            write_arrays(partial, dict(zip(names, landmark_free, strict=True)))
        checksum = place.digest()
    content = _Content(
        list(EVIDENCE),
        **asdict(rejection),
        models=_checksums(members),
        views=members.views,
        landmark_free=checksum,
    )
    (Place(models) / REJECTION).write((json.dumps(asdict(content), indent=1) + "\n").encode())


def read_rejection(models: str, members: Members) -> LearnedRejection | None:
    """Read a rejection; None if nothing was learned.

    Raises:
        UserError: It was learned for other models or views.
        LandmarkError: It cannot be read, or not with the photos that it was learned with.
    """
    place = Place(models) / REJECTION
    try:
        content = decode(_Content, place.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise LandmarkError(f"{place} cannot be read: {error}; jobs/evaluate.py writes it again") from None
    if content.models != _checksums(members) or content.evidence != list(EVIDENCE):
        raise UserError(
            f"--models: {place} was learned for other models or by another release; run jobs/evaluate.py"
            " again, or remove the file to predict without rejection"
        )
    if content.views != members.views:
        raise UserError(
            f"--views: {place} was learned with {content.views}, not {members.views}; predict with"
            f" --views {content.views}, or run jobs/evaluate.py with --views {members.views}"
        )
    rejection = Rejection(**{each.name: getattr(content, each.name) for each in fields(Rejection)})
    return LearnedRejection(
        rejection, _read_landmark_free(models, members, content.landmark_free), content.landmark_free
    )


def _read_landmark_free(models: str, members: Members, checksum: str) -> list[NDArray[np.float16]]:
    """Read the vectors of known photos without a landmark; empty if the checksum is."""
    if not checksum:
        return []
    place = Place(models) / LANDMARK_FREE
    try:
        found = place.digest()
        with place.local_file() as path, path.open("rb") as file:
            arrays = read_arrays(file)
        vectors = [arrays[member.name].astype(np.float16) for member in members]
    except (OSError, ValueError, KeyError) as error:
        raise LandmarkError(f"{place} cannot be read: {error}; jobs/evaluate.py writes it again") from None
    if found != checksum:
        raise LandmarkError(f"{place} is not what {REJECTION} was learned with; run jobs/evaluate.py again")
    return vectors


def _checksums(members: Members) -> dict[str, str]:
    return {member.name: member.sha256 for member in members}
