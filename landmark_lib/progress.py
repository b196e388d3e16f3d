"""Progress of long work: a bar on a terminal, a line every few seconds elsewhere."""

import logging
import os
from collections.abc import Callable, Mapping
from typing import Any, TextIO

from tqdm import tqdm

from landmark_lib.console import DEFAULT_COLUMNS, Display, visible

logger = logging.getLogger(__name__)

SECONDS_BETWEEN_LINES = 10
BAR = "{l_bar}{bar}| {n_fmt}/{total_fmt} {unit} [{elapsed}<{remaining}, {speed}{postfix}]"
LINE = "{desc}: {n_fmt}/{total_fmt} {unit} in {elapsed}, {speed}{postfix}, {remaining} left"


class _Bar(tqdm):  # type: ignore[misc]
    """A progress bar that overwrites its own line."""

    @property
    def format_dict(self) -> dict[str, Any]:
        values: dict[str, Any] = super().format_dict
        return {**values, "speed": _speed(values)}

    def set_postfix_str(self, s: str = "", refresh: bool = True) -> None:  # noqa: FBT001, FBT002 - tqdm's signature
        super().set_postfix_str(visible(s), refresh)


class _Lines(_Bar):
    """A progress bar that logs whole lines, and its end unless a result replaces it before a line was due."""

    @staticmethod
    def status_printer(_: TextIO) -> Callable[[str], None]:
        def write(line: str) -> None:
            if line.strip():
                logger.info(line)

        return write

    def close(self) -> None:
        if not self.disable:
            if self.leave or self.last_print_n:
                self.display()
            self.disable: bool = True


def progress(description: str, total: int, unit: str, *, shown: bool = True, kept: bool = True) -> Any:
    """Return a progress display: a context manager with `update(count)`.

    Args:
        description: What is being done.
        total: Number of units.
        unit: Name of the units, in the plural: photos, rows, steps.
        shown: Whether this rank displays it.
        kept: Whether a full bar stays on the terminal, or a line about the result replaces it.
    """
    display = Display()
    common = {
        "total": total,
        "desc": visible(description),
        "unit": visible(unit),
        "disable": not (shown and logger.isEnabledFor(logging.INFO)),
        "file": display,
        "leave": kept,
    }
    columns = _terminal_columns(display)
    if columns is not None:
        return _Bar(**common, bar_format=BAR, ncols=columns)
    seconds = SECONDS_BETWEEN_LINES
    times = {"mininterval": seconds, "maxinterval": seconds, "delay": seconds}
    # With the speed since the beginning. Without a position, tqdm would move the cursor down and up again
    # below another display, even one whose work is done.
    return _Lines(**common, **times, bar_format=LINE, smoothing=0, position=0)


def _speed(values: Mapping[str, Any]) -> str:
    """Return how fast it is, of tqdm's values: 12.3 photos/s, or the seconds of each where these are more."""
    done, elapsed = values["n"] - values["initial"], values["elapsed"]
    rate = values["rate"] or (done / elapsed if done and elapsed else 0)
    if not rate:
        return f"? {values['unit']}/s"
    return f"{rate:.3g} {values['unit']}/s" if rate >= 1 else f"{1 / rate:.3g} s each"


def _terminal_columns(display: Display) -> int | None:
    """Return the width of the terminal that shows this process's stderr; None if there is none."""
    if (columns := display.columns()) is not None or "PYSPARK_GATEWAY_PORT" not in os.environ:
        return columns
    try:
        # spark-submit copies its program's output to its own, byte by byte.
        shown = os.open(f"/proc/{os.getppid()}/fd/1", os.O_WRONLY | os.O_NOCTTY)
    except OSError:
        return None
    try:
        return os.get_terminal_size(shown).columns or DEFAULT_COLUMNS if os.isatty(shown) else None
    finally:
        os.close(shown)
