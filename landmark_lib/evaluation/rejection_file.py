"""The learned rejection of photos without a landmark, stored as `<models>/rejection.json`."""

import json
from dataclasses import asdict, dataclass, fields

from landmark_lib.decoding import decode
from landmark_lib.errors import LandmarkError, UserError
from landmark_lib.evaluation.networks import Members
from landmark_lib.method.rejection import EVIDENCE, Rejection
from landmark_lib.settings.views import PLAIN
from landmark_lib.storage import Place

REJECTION = "rejection.json"


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
    views: str = PLAIN  # earlier releases knew no others


def write_rejection(models: str, members: Members, rejection: Rejection) -> None:
    """Write a rejection whole or not at all, with the members and views it was learned for.

    Raises:
        OSError: It cannot be written.
    """
    content = _Content(list(EVIDENCE), **asdict(rejection), models=_checksums(members), views=members.views)
    (Place(models) / REJECTION).write((json.dumps(asdict(content), indent=1) + "\n").encode())


def read_rejection(models: str, members: Members) -> Rejection | None:
    """Read a rejection; None if nothing was learned.

    Raises:
        UserError: It was learned for other models or views.
        LandmarkError: It cannot be read.
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
            f"--models: {place} was learned for other models; run jobs/evaluate.py again, or remove the file"
            " to predict without rejection"
        )
    if content.views != members.views:
        raise UserError(
            f"--views: {place} was learned with {content.views}, not {members.views}; predict with"
            f" --views {content.views}, or run jobs/evaluate.py with --views {members.views}"
        )
    return Rejection(**{each.name: getattr(content, each.name) for each in fields(Rejection)})


def _checksums(members: Members) -> dict[str, str]:
    return {member.name: member.sha256 for member in members}
