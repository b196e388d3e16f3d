"""Tables of results, printed and written to RESULTS.md, each with its command, machine, versions and date.

Contestants take turns. A column shows the median of its turns. A ratio is that of the two medians as shown,
so that it can be recomputed from the columns; its range over the turns is beside it.
"""

import importlib.metadata
import os
import platform
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

LOAD = os.getloadavg()[0]  # before anything is measured
RESULTS = Path(__file__).with_name("RESULTS.md")
PACKAGES = ("Pillow", "pyspark", "pyarrow", "numpy", "petastorm", "tensorflow-cpu", "keras", "horovod")


@dataclass(frozen=True)
class Ratio:
    """The ratio of two columns.

    Attributes:
        value: Ratio of the medians as shown.
        low, high: Smallest and largest ratio of a turn.
    """

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{digits(self.value)} ({digits(self.low)} to {digits(self.high)})"


@dataclass(frozen=True)
class Column:
    """The measurements of one contestant, one per turn; the median is shown."""

    turns: Sequence[float]

    def __str__(self) -> str:
        return digits(median(self.turns))

    @property
    def shown(self) -> float:
        """The median, rounded to the digits shown."""
        return float(str(self).replace(",", ""))

    def over(self, other: "Column") -> Ratio:
        """Return the ratio to the column of another contestant.

        Raises:
            ValueError: The columns have different numbers of turns.
        """
        of_turns = [own / its for own, its in zip(self.turns, other.turns, strict=True)]
        value = self.shown / other.shown
        # The ratio of two medians lies within those of the turns, except for rounding.
        return Ratio(value, min(value, *of_turns), max(value, *of_turns))


def digits(value: float) -> str:
    """Format a value with three digits, or with all digits before the point: 0.283, 12.3, 242, 2,969."""
    if value == 0:
        return "0"
    exponent = int(f"{abs(value):.2e}".partition("e")[2])
    return f"{value:,.{max(0, 2 - exponent)}f}"


def goals(missed: Sequence[str]) -> str:
    """Return a line with the goals that were missed."""
    return "Goals missed: " + "; ".join(missed) if missed else "All goals met."


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table, its first column left-aligned, the others right-aligned."""
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def publish(name: str, table: str, *, write: bool) -> None:
    """Print a section; with `write`, put it between its markers in RESULTS.md, or at the end if it is new."""
    begin, end = f"<!-- begin {name} -->", f"<!-- end {name} -->"
    section = f"{begin}\n## {name}\n\n    {_command()}\n\n{_made_on()}\n\n{table}\n{end}\n"
    print(section)
    if not write:
        return
    page = RESULTS.read_text("utf-8") if RESULTS.exists() else "# Results of the benchmarks\n\n"
    before, found, rest = page.partition(begin)
    after = rest.partition(end + "\n")[2] if found else ""
    RESULTS.write_text(before + section + after if found else f"{page.rstrip()}\n\n{section}", "utf-8")


def _command() -> str:
    options = [option for option in sys.argv[1:] if option != "--write"]
    return shlex.join(["python", f"benchmarks/{Path(sys.argv[0]).name}", *options])


def _made_on() -> str:
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in PACKAGES)
    processor = platform.machine()
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            processor = line.partition(": ")[2]
            break
    machine = f"{processor}, {os.cpu_count()} cores, {platform.system()}, load {LOAD:.1f} before"
    return f"{datetime.now(UTC):%Y-%m-%d}; {machine}; Python {platform.python_version()}, {versions}."
