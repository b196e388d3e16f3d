"""Progress of long work: a bar on a terminal, a line every few seconds elsewhere."""

import logging
import os
from collections.abc import Callable
from typing import Any, TextIO

from tqdm import tqdm

from landmark_lib.console import Display, visible

logger = logging.getLogger(__name__)

SECONDS_BETWEEN_LINES = 10
UNKNOWN_WIDTH = 80  # of a terminal that reports no columns, as in containers
LINE = "{desc}: {n_fmt}/{total_fmt}{unit} in {elapsed}, {rate_fmt}{postfix}, {remaining} left"


class _Bar(tqdm):  # type: ignore[misc]
    """A progress bar that overwrites its own line."""

    def set_postfix_str(self, s: str = "", refresh: bool = True) -> None:  # noqa: FBT001, FBT002 - tqdm's signature
        super().set_postfix_str(visible(s), refresh)


class _Lines(_Bar):
    """A progress bar that logs whole lines."""

    @staticmethod
    def status_printer(_: TextIO) -> Callable[[str], None]:
        def write(line: str) -> None:
            if line.strip():
                logger.info(line)

        return write

    def close(self) -> None:
        if not self.disable:
            self.display()
            self.disable: bool = True


def progress(description: str, total: int, unit: str, *, shown: bool = True) -> Any:
    """Return a progress display: a context manager with `update(count)`.

    Args:
        description: What is being done.
        total: Number of units.
        unit: Name of the units, in the plural: photos, rows, steps.
        shown: Whether this rank displays it.
    """
    display = Display()
    common = {
        "total": total,
        "desc": visible(description),
        "unit": f" {visible(unit)}",
        "disable": not (shown and logger.isEnabledFor(logging.INFO)),
        "file": display,
    }
    columns = _terminal_columns(display)
    if columns is not None:
        return _Bar(**common, ncols=columns)
    return _Lines(
        **common, bar_format=LINE, mininterval=SECONDS_BETWEEN_LINES, maxinterval=SECONDS_BETWEEN_LINES
    )


def _terminal_columns(display: Display) -> int | None:
    """Return the width of the terminal that shows this process's stderr; None if there is none."""
    try:
        if display.isatty():
            return os.get_terminal_size(display.fileno()).columns or UNKNOWN_WIDTH
        if "PYSPARK_GATEWAY_PORT" not in os.environ:
            return None
        # spark-submit copies its program's output to its own, byte by byte.
        shown = os.open(f"/proc/{os.getppid()}/fd/1", os.O_WRONLY | os.O_NOCTTY)
    except OSError:
        return None
    try:
        return (os.get_terminal_size(shown).columns or UNKNOWN_WIDTH) if os.isatty(shown) else None
    finally:
        os.close(shown)
