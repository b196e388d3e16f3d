"""Ends a rank that hangs, so that the others do not wait for it for ever; a rank that is slow is only told.

Horovod 0.28's own check for stalled ranks never finds one under Gloo: it looks for them in a list that
GlooController reserves and never resizes. What Gloo does find, within its time-out, is a process that does
not answer at all.
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

SECONDS_BETWEEN_LOOKS = 0.5
SECONDS_TO_FIRST_WARNING = 30.0  # each further one comes after twice as long

Item = TypeVar("Item")


class Verdict(Enum):
    """What to make of a wait."""

    GO_ON = auto()
    WARN = auto()
    GIVE_UP = auto()


class Patience:
    """How long something is waited for.

    Looks are counted, not what a clock shows: while this process does not get to run, because it was stopped
    or its machine slept, nobody looks, and the wait does not count.

    Attributes:
        waited: Seconds since the last sign of life.
    """

    def __init__(self, limit: float) -> None:
        """Begin to wait.

        Args:
            limit: Seconds after which to give up.
        """
        self._limit = limit
        self.alive()

    def alive(self) -> None:
        """Take a sign of life."""
        self._looks = 0
        self._warning = SECONDS_TO_FIRST_WARNING

    @property
    def waited(self) -> float:
        """Seconds since the last sign of life."""
        return self._looks * SECONDS_BETWEEN_LOOKS

    def look(self) -> Verdict:
        """Count a look, and return what to make of the wait."""
        self._looks += 1
        if self.waited >= self._limit:
            return Verdict.GIVE_UP
        if self.waited >= self._warning:
            self._warning *= 2
            return Verdict.WARN
        return Verdict.GO_ON


class Watchdog:
    """Watches over stretches of work in which something must be done every so many seconds."""

    def __init__(self, who: str, limit: float, *, ends: bool) -> None:
        """Begin with nothing to watch.

        Args:
            who: Named before each message: the rank and what it is at.
            limit: Seconds without a sign of life before the process ends with status 1.
            ends: Whether it ends then; one that nobody waits for is only warned about.
        """
        self._who, self._limit, self._ends = who, limit, ends
        self._patience = Patience(limit)
        self._what: str | None = None
        self._thread: threading.Thread | None = None

    def watch(self, items: Iterator[Item], what: str) -> Iterator[Item]:
        """Yield the same items, and expect each of them, and that it is dealt with, in time.

        Args:
            items: What is waited for.
            what: What they are, for messages.
        """
        with self._watching(what):
            for item in items:
                self._patience.alive()
                yield item

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Expect nothing for a while, as when other ranks are waited for."""
        what, self._what = self._what, None
        try:
            yield
        finally:
            self._patience.alive()
            self._what = what

    @contextmanager
    def _watching(self, what: str) -> Iterator[None]:
        if self._thread is None:
            self._thread = threading.Thread(target=self._look_for_ever, daemon=True)
            self._thread.start()
        self._patience.alive()
        self._what = what
        try:
            yield
        finally:
            self._what = None

    def _look_for_ever(self) -> None:
        while True:
            time.sleep(SECONDS_BETWEEN_LOOKS)
            what = self._what
            verdict = Verdict.GO_ON if what is None else self._patience.look()
            if verdict is Verdict.WARN:
                self._warn(what)
            elif verdict is Verdict.GIVE_UP and self._ends:
                self._end(what)

    def _warn(self, what: str | None) -> None:
        ending = f"; it ends after {self._limit:.0f} s (--stall-timeout)" if self._ends else ""
        waited = f"{self._patience.waited:.0f} s so far"
        logger.warning(f"{self._who}: waiting for {what}, {waited}{ending}", extra=ANY_RANK)

    def _end(self, what: str | None) -> None:
        logger.error(
            f"{self._who}: waited {self._limit:.0f} seconds for {what}; the other ranks would wait for"
            " this one for ever. A larger --stall-timeout is more patient with a slow disk or bucket",
            extra=ANY_RANK,
        )
        os._exit(1)  # whatever hangs would keep a tidy end from coming
