"""The program's log on stderr: plain lines on a terminal; in a file, with time, level and rank.

Each module logs to `logging.getLogger(__name__)`. Of several ranks, rank 0 logs; a record with ANY_RANK as
its `extra` is logged by the rank that it concerns.
"""

import logging
import os

from landmark_lib.console import is_rank_0, note, visible, visible_text

LOGGER = logging.getLogger("landmark_lib")
ANY_RANK = {"any_rank": True}
TIME = "%Y-%m-%d %H:%M:%S"


class Lines(logging.Handler):
    """Writes records to stderr, characters that a terminal would obey as escapes."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record; one below a warning may have several lines."""
        escaped = visible if record.levelno >= logging.WARNING else visible_text
        record.message = escaped(record.getMessage())
        formatter = self.formatter or logging.Formatter()
        note(formatter.formatMessage(record))

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether this rank logs a record."""
        return is_rank_0() or getattr(record, "any_rank", False) or LOGGER.isEnabledFor(logging.DEBUG)


class PlainFormatter(logging.Formatter):
    """The message alone; before it the level of a warning and the rank that it concerns."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """Return the line of a record whose message is set."""
        level = f"{record.levelname.lower()}: " if record.levelno >= logging.WARNING else ""
        return f"{level}{_rank() if hasattr(record, 'any_rank') else ''}{record.message}"


class LogFormatter(logging.Formatter):
    """Time, level, and the rank where there are several, before the message."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """Return the line of a record whose message is set."""
        return f"{self.formatTime(record, TIME)} {record.levelname} {_rank()}{record.message}"


def _rank() -> str:
    several = os.environ.get("HOROVOD_SIZE", "1") != "1"
    return f"rank {os.environ['HOROVOD_RANK']}: " if several else ""


def start_logging(*, plain: bool = True) -> None:
    """Send the package's log to stderr, from INFO; `plain` leaves out time and level."""
    LOGGER.setLevel(logging.INFO)
    LOGGER.propagate = False  # TensorFlow gives the root logger a handler of its own
    handler = Lines()
    handler.setFormatter(PlainFormatter() if plain else LogFormatter())
    LOGGER.handlers = [handler]
