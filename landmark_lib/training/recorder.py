"""What is kept of a training while it runs."""

import logging
from collections.abc import Callable, Sequence
from typing import Protocol

from landmark_lib.training.checkpoint import (
    Checkpoint,
    Identity,
    check_identity,
    read_checkpoint,
    write_checkpoint,
)
from landmark_lib.training.feed import MemberFeed
from landmark_lib.training.history import EpochResult, describe_epoch
from landmark_lib.training.member_record import DIVERGED, STOPPED
from landmark_lib.training.model_directory import MemberFiles

logger = logging.getLogger(__name__)


class Recorder(Protocol):
    """Keeps what a training brings. Rank 0 alone calls it, with the history of the epochs done."""

    def restore(self, identity: Identity) -> Checkpoint | None:
        """Return the last checkpoint of this training, if there is one."""

    def epoch_done(self, history: Sequence[EpochResult]) -> None:
        """Keep an epoch and its model."""

    def checkpoint(self, checkpoint: Callable[[], Checkpoint]) -> None:
        """Keep a point between epochs."""

    def stopped(self, history: Sequence[EpochResult], checkpoint: Callable[[], Checkpoint]) -> None:
        """Keep a point within an epoch, as the process was asked to stop."""

    def diverged(self, history: Sequence[EpochResult]) -> None:
        """Note that the loss is not finite."""


class DiskRecorder:
    """Keeps models, history and checkpoints in the member's directory."""

    def __init__(self, files: MemberFiles, feed: MemberFeed) -> None:
        """Begin.

        Args:
            files: The member's.
            feed: Holds the network in training.
        """
        self._files, self._feed = files, feed

    def restore(self, identity: Identity) -> Checkpoint | None:
        """Return the last checkpoint of this training, if there is one.

        Raises:
            UserError: The last checkpoint belongs to another training.
        """
        found = read_checkpoint(self._files.directory)
        if found is not None:
            may_change = self._files.settings.run.allow_rank_change and not found.progress.steps
            check_identity(found.identity, identity, self._files.directory, allow_rank_change=may_change)
        return found

    def epoch_done(self, history: Sequence[EpochResult]) -> None:
        """Log an epoch, and write the history, and the model if it is the best so far.

        Raises:
            LandmarkError: A file cannot be written.
        """
        line = describe_epoch(history[-1], self._files.settings.ending.epochs)
        logger.info(f"member {self._files.data.member}: {line}")
        self._files.write_epoch(self._feed.whole_model, history)

    def checkpoint(self, checkpoint: Callable[[], Checkpoint]) -> None:
        """Write a checkpoint between epochs; after a kill before it, the last epoch is trained again.

        Raises:
            LandmarkError: The file cannot be written.
        """
        write_checkpoint(self._files.directory, checkpoint())

    def stopped(self, history: Sequence[EpochResult], checkpoint: Callable[[], Checkpoint]) -> None:
        """Write a checkpoint within an epoch.

        Raises:
            LandmarkError: A file cannot be written.
        """
        write_checkpoint(self._files.directory, checkpoint())
        self._files.note_end(STOPPED, history)

    def diverged(self, history: Sequence[EpochResult]) -> None:
        """Note that the loss is not finite.

        Raises:
            LandmarkError: A file cannot be written.
        """
        self._files.note_end(DIVERGED, history)
