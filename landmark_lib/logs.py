"""The log on stderr: plain lines on a terminal, with time, level and rank in a file.

Each module logs to `logging.getLogger(__name__)`. Rank 0 logs for all ranks. A record with ANY_RANK as its
`extra` concerns one rank and is logged by that rank.
"""

import logging
import os

from landmark_lib.console import is_rank_0, note, visible, visible_text

LOGGER = logging.getLogger("landmark_lib")
ANY_RANK = {"any_rank": True}
TIME = "%Y-%m-%d %H:%M:%S"


class Lines(logging.Handler):
    """Writes records to stderr, with control characters escaped."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record. Only one below a warning may have several lines."""
        escaped = visible if record.levelno >= logging.WARNING else visible_text
        record.message = escaped(record.getMessage())
        formatter = self.formatter or logging.Formatter()
        note(formatter.formatMessage(record))

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether this rank logs a record."""
        return is_rank_0() or getattr(record, "any_rank", False) or LOGGER.isEnabledFor(logging.DEBUG)


class PlainFormatter(logging.Formatter):
    """The message, with the level of a warning and the rank that it concerns before it."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """Return the line of a record."""
        level = f"{record.levelname.lower()}: " if record.levelno >= logging.WARNING else ""
        return f"{level}{_rank() if hasattr(record, 'any_rank') else ''}{record.message}"


class LogFormatter(logging.Formatter):
    """Time, level and message, with the rank if there are several."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """Return the line of a record."""
        return f"{self.formatTime(record, TIME)} {record.levelname} {_rank()}{record.message}"


def _rank() -> str:
    several = os.environ.get("HOROVOD_SIZE", "1") != "1"
    return f"rank {os.environ['HOROVOD_RANK']}: " if several else ""


def start_logging(*, plain: bool = True) -> None:
    """Send the package's log to stderr, from level INFO. `plain` omits time and level."""
    LOGGER.setLevel(logging.INFO)
    LOGGER.propagate = False  # TensorFlow adds a handler to the root logger
    handler = Lines()
    handler.setFormatter(PlainFormatter() if plain else LogFormatter())
    LOGGER.handlers = [handler]
