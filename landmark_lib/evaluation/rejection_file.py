"""What was learned about photos without a landmark, kept beside the members: `<models>/rejection.json`."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields

from landmark_lib.decoding import decode
from landmark_lib.errors import LandmarkError, UserError
from landmark_lib.evaluation.networks import Member
from landmark_lib.method.rejection import EVIDENCE, Rejection
from landmark_lib.storage import Place

REJECTION = "rejection.json"


@dataclass(frozen=True)
class _Content:
    """What the file holds: what is weighed, the fields of `Rejection`, each member's checksum."""

    evidence: list[str]
    means: list[float]
    deviations: list[float]
    weights: list[float]
    offset: float
    threshold: float
    models: dict[str, str]


def write_rejection(models: str, members: Sequence[Member], rejection: Rejection) -> None:
    """Write it whole or not at all, with whose answers it weighs.

    Raises:
        OSError: It cannot be written.
    """
    content = _Content(list(EVIDENCE), **asdict(rejection), models=_models(members))
    (Place(models) / REJECTION).write((json.dumps(asdict(content), indent=1) + "\n").encode())


def read_rejection(models: str, members: Sequence[Member]) -> Rejection | None:
    """Read it; None: nothing was learned.

    Raises:
        UserError: It belongs to other models.
        LandmarkError: It cannot be read.
    """
    place = Place(models) / REJECTION
    try:
        content = decode(_Content, place.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise LandmarkError(f"{place} cannot be read: {error}; jobs/evaluate.py writes it anew") from None
    if content.models != _models(members) or tuple(content.evidence) != EVIDENCE:
        raise UserError(
            f"--models: {place} was learned for other models; run jobs/evaluate.py again, or remove it to do"
            " without"
        )
    return Rejection(**{each.name: getattr(content, each.name) for each in fields(Rejection)})


def _models(members: Sequence[Member]) -> dict[str, str]:
    return {member.name: member.sha256 for member in members}
