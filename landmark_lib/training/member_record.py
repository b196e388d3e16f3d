"""`member.json`: what a member was trained on and how, and how its training ended; needs no engine."""

import json
import logging
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from landmark_lib.decoding import decode
from landmark_lib.errors import UserError
from landmark_lib.method.recipes import CENTRE, Framing
from landmark_lib.settings import TrainSettings, with_current_names
from landmark_lib.storage import Place

logger = logging.getLogger(__name__)

MEMBER = "member.json"
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
    ranks: int = 0  # that trained it; 0 in old files
    framing: Framing = CENTRE  # of the data set

    def is_finished(self, settings: TrainSettings, fingerprint: str) -> bool:
        """Return whether the member is fully trained on this data set with these settings."""
        decided = settings.deciding
        return (
            self.finished
            and self.dataset_fingerprint == fingerprint
            # What the release that trained it did not know, it could not change.
            and {name: self.settings.get(name, value) for name, value in decided.items()} == decided
        )


def member_directory(models: str, member: int) -> Place:
    """Return the directory of a member's model."""
    return Place(models) / f"member-{member}"


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

    Raises:
        UserError: There is no member, or the training of one has not finished.
    """
    found = trained_members(models)
    if not found:
        raise UserError(f"--models: {models} has no trained member; run jobs/train.py first")
    for directory in found:
        if not read_member(directory).finished:
            raise UserError(f"--models: the training of {directory} has not finished")
    return found


def trained_members(models: str) -> list[Place]:
    """Return the directories of members whose training has begun, in order.

    Only folders called member-<k> count, not copies such as `member-0 (old)`.
    """
    named = filter(None, map(MEMBER_NAME.fullmatch, Place(models).names()))
    directories = (member_directory(models, number) for number in sorted(int(name[1]) for name in named))
    return [directory for directory in directories if (directory / MEMBER).exists()]


def warn_about_missing(directories: Sequence[Place]) -> None:
    """Warn if the members are not numbered from 0 without a gap."""
    numbers = [int(directory.name.removeprefix("member-")) for directory in directories]
    missing = [f"member-{number}" for number in range(max(numbers)) if number not in numbers]
    if missing:
        models = directories[0].parent
        logger.warning(f"--models: {models} has no trained {', '.join(missing)}; the others vote alone")
