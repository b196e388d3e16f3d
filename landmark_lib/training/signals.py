"""Stop requests: SIGTERM, as of a machine that is reclaimed, and SIGINT."""

import signal
from types import FrameType


class StopSignal:
    """Notes the first SIGTERM or SIGINT; the second one ends the process at once.

    Attributes:
        asked: Whether the process was asked to stop.
    """

    def __init__(self) -> None:
        """Install the handlers; on the main thread only."""
        self.asked = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._ask)

    def _ask(self, number: int, _: FrameType | None) -> None:
        self.asked = True
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
