"""Ends a rank that takes no step, so that the others do not wait for it for ever.

Horovod 0.28's own check for stalled ranks never finds one under Gloo: it looks for them in a list that
GlooController reserves and never resizes. What Gloo does find, within its time-out, is a process that does
not answer at all.
"""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SECONDS_BETWEEN_LOOKS = 0.5


class Watchdog:
    """Watches over stretches of work in which something must be done every so many seconds."""

    def __init__(self, seconds: float, tell: Callable[[str], None]) -> None:
        """Begin with nothing to watch.

        Args:
            seconds: Without a sign of life, before the process ends with status 1.
            tell: Called before with what happened; must flush what it writes.
        """
        self._seconds, self._tell = seconds, tell
        self._since: float | None = None
        self._thread: threading.Thread | None = None

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Expect signs of life; a thread of its own, which never ends, looks for them."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._watch, daemon=True)
            self._thread.start()
        self.alive()
        try:
            yield
        finally:
            self._since = None

    @contextmanager
    def looking_away(self) -> Iterator[None]:
        """Expect none for a while, as when others are waited for."""
        watched, self._since = self._since is not None, None
        try:
            yield
        finally:
            if watched:
                self.alive()

    def alive(self) -> None:
        """Give a sign of life."""
        self._since = time.monotonic()

    def _watch(self) -> None:
        while True:
            time.sleep(SECONDS_BETWEEN_LOOKS)
            since = self._since
            if since is not None and time.monotonic() - since > self._seconds:
                self._tell(f"no rows came for {self._seconds:.0f} seconds; the others would wait for ever")
                os._exit(1)  # whatever hangs would keep a tidy end from coming
