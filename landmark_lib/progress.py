"""How far long work has come: a bar on a terminal, a plain line now and then elsewhere."""

import sys
from collections.abc import Callable
from typing import Any, TextIO

from tqdm import tqdm

SECONDS_BETWEEN_LINES = 10
LINE = "{desc}: {n_fmt}/{total_fmt}{unit} in {elapsed}, {rate_fmt}, {remaining} left"


class _Lines(tqdm):  # type: ignore[misc]
    """A progress bar that writes whole lines, for logs."""

    @staticmethod
    def status_printer(file: TextIO) -> Callable[[str], None]:
        def write(line: str) -> None:
            if line.strip():
                file.write(line + "\n")
                file.flush()

        return write

    def close(self) -> None:
        if not self.disable:
            self.display()
            self.disable: bool = True


def progress(description: str, total: int, unit: str, *, speaks: bool = True) -> Any:
    """Open a progress display: a context manager with `update(count)`.

    Args:
        description: What is being done.
        total: Units of the whole work.
        unit: What is counted, in the plural: photos, rows, steps.
        speaks: False on ranks that stay silent.
    """
    common = {"total": total, "desc": description, "unit": f" {unit}", "disable": not speaks}
    if sys.stderr.isatty():
        return tqdm(**common, dynamic_ncols=True)
    return _Lines(
        **common, bar_format=LINE, mininterval=SECONDS_BETWEEN_LINES, maxinterval=SECONDS_BETWEEN_LINES
    )
