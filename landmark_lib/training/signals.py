"""The wish that training stops: of a machine that is taken away, or of a user."""

import signal
from types import FrameType


class StopSignal:
    """Turns the first SIGTERM or SIGINT into a wish; the second one ends the process at once.

    Attributes:
        asked: Whether the process was asked to stop.
    """

    def __init__(self) -> None:
        """Listen from now on; on the main thread only."""
        self.asked = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._ask)

    def _ask(self, number: int, _: FrameType | None) -> None:
        self.asked = True
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
