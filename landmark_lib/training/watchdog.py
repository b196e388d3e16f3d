"""Ends a rank that hangs, so that the others do not wait for it forever; of a slow rank it only warns.

Horovod 0.28's own check for stalled ranks never finds one under Gloo: it looks for them in a list that
GlooController reserves and never resizes. Gloo only detects, within its timeout, a process that does not
respond at all.
"""

import logging
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum, auto
from typing import TypeVar

from landmark_lib.logs import ANY_RANK

logger = logging.getLogger(__name__)

SECONDS_BETWEEN_CHECKS = 0.5
SECONDS_TO_FIRST_WARNING = 30.0  # each further one comes after twice as long

Item = TypeVar("Item")


class Verdict(Enum):
    """The result of a check."""

    WAIT = auto()
    WARN = auto()
    END = auto()


class Patience:
    """A timeout that counts checks instead of clock time.

    While this process does not run, because it was stopped or its machine slept, nothing is checked, and the
    time does not count.

    Attributes:
        waited: Seconds since the last sign of life.
    """

    def __init__(self, limit: float) -> None:
        """Begin.

        Args:
            limit: Seconds after which the wait is over.
        """
        self._limit = limit
        self.alive()

    def alive(self) -> None:
        """Reset, after a sign of life."""
        self._checks = 0
        self._warning = SECONDS_TO_FIRST_WARNING

    @property
    def waited(self) -> float:
        """Seconds since the last sign of life."""
        return self._checks * SECONDS_BETWEEN_CHECKS

    def check(self) -> Verdict:
        """Count a check."""
        self._checks += 1
        if self.waited >= self._limit:
            return Verdict.END
        if self.waited >= self._warning:
            self._warning *= 2
            return Verdict.WARN
        return Verdict.WAIT


class Watchdog:
    """Watches stretches of work that must show progress within so many seconds."""

    def __init__(self, who: str, limit: float, *, ends: bool) -> None:
        """Begin with nothing to watch.

        Args:
            who: Beginning of each message.
            limit: Seconds without a sign of life before the process ends with status 1.
            ends: Whether it ends then; if no other rank waits, warnings suffice.
        """
        self._who, self._limit, self._ends = who, limit, ends
        self._patience = Patience(limit)
        self._what: str | None = None
        self._thread: threading.Thread | None = None

    def watch(self, items: Iterator[Item], what: str) -> Iterator[Item]:
        """Yield the same items; each of them, and its processing, must come in time.

        Args:
            items: The items.
            what: What they are, for messages.
        """
        if self._thread is None:
            self._thread = threading.Thread(target=self._check_forever, daemon=True)
            self._thread.start()
        self._patience.alive()
        self._what = what
        try:
            for item in items:
                self._patience.alive()
                yield item
        finally:
            self._what = None

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Expect nothing for a while, such as when this rank waits for others."""
        what, self._what = self._what, None
        try:
            yield
        finally:
            self._patience.alive()
            self._what = what

    def _check_forever(self) -> None:
        while True:
            time.sleep(SECONDS_BETWEEN_CHECKS)
            what = self._what
            verdict = Verdict.WAIT if what is None else self._patience.check()
            if verdict is Verdict.WARN:
                ending = f"; aborting after {self._limit:.0f} s (--stall-timeout)" if self._ends else ""
                waited = f"{self._patience.waited:.0f} s so far"
                logger.warning(f"{self._who}: waiting for {what}, {waited}{ending}", extra=ANY_RANK)
            elif verdict is Verdict.END and self._ends:
                logger.error(
                    f"{self._who}: no {what} for {self._limit:.0f} seconds; aborting, as the other ranks wait"
                    " for this one. If the disk or bucket is slow, raise --stall-timeout",
                    extra=ANY_RANK,
                )
                os._exit(1)  # whatever hangs would prevent a regular exit
