"""Tables of results, printed and kept in RESULTS.md, each with its command, machine, versions and date."""

import importlib.metadata
import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

RESULTS = Path(__file__).with_name("RESULTS.md")
PACKAGES = ("Pillow", "pyspark", "pyarrow", "numpy", "petastorm", "tensorflow-cpu", "keras", "horovod")


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Write a table, its first column to the left and the others to the right."""
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def publish(name: str, table: str, command: str, *, write: bool) -> None:
    """Print a section; with `write`, put it between its markers in RESULTS.md, at the end if it is new."""
    begin, end = f"<!-- begin {name} -->", f"<!-- end {name} -->"
    section = f"{begin}\n## {name}\n\n    {command}\n\n{_made_on()}\n\n{table}\n{end}\n"
    print(section)
    if not write:
        return
    page = RESULTS.read_text("utf-8") if RESULTS.exists() else "# Results of the benchmarks\n\n"
    before, found, rest = page.partition(begin)
    after = rest.partition(end + "\n")[2] if found else ""
    RESULTS.write_text(before + section + after if found else f"{page.rstrip()}\n\n{section}", "utf-8")


def _made_on() -> str:
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in PACKAGES)
    processor = platform.machine()
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            processor = line.partition(": ")[2]
            break
    machine = f"{processor}, {os.cpu_count()} cores, {platform.system()}"
    return f"{datetime.now(UTC):%Y-%m-%d}; {machine}; Python {platform.python_version()}, {versions}."
