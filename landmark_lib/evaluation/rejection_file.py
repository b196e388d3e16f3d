"""What was learned about photos without a landmark, kept beside the members: `<models>/rejection.json`."""

import json
from collections.abc import Sequence
from dataclasses import asdict

from landmark_lib.errors import LandmarkError, UserError
from landmark_lib.evaluation.networks import Member
from landmark_lib.method.rejection import EVIDENCE, Rejection
from landmark_lib.storage import Place

REJECTION = "rejection.json"


def write_rejection(models: str, members: Sequence[Member], rejection: Rejection) -> None:
    """Write it whole or not at all, with whose answers it weighs.

    Raises:
        OSError: It cannot be written.
    """
    content = {"evidence": EVIDENCE, **asdict(rejection), "models": _models(members)}
    (Place(models) / REJECTION).write((json.dumps(content, indent=1) + "\n").encode())


def read_rejection(models: str, members: Sequence[Member]) -> Rejection | None:
    """Read it; None: nothing was learned.

    Raises:
        UserError: It belongs to other models.
        LandmarkError: It cannot be read.
    """
    place = Place(models) / REJECTION
    try:
        content = json.loads(place.read_bytes())
        evidence, learned_for = content.pop("evidence"), content.pop("models")
        rejection = Rejection(**content)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise LandmarkError(f"{place} cannot be read: {error}; jobs/evaluate.py writes it anew") from None
    if learned_for != _models(members) or tuple(evidence) != EVIDENCE:
        raise UserError(
            f"--models: {place} was learned for other models; run jobs/evaluate.py again, or remove it to do"
            " without"
        )
    return rejection


def _models(members: Sequence[Member]) -> dict[str, str]:
    return {member.name: member.sha256 for member in members}
