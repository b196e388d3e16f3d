"""From a list of labels to a written plan: time and memory as the corpus grows.

    python benchmarks/plan_scale.py [--write]

Each run is a job of its own under spark-submit with two cores and a driver of 2 GB (`plan_once.py`); in
local mode the driver is the executor too. The label lists are made by `landmark_sample`, with the label
counts of the paper's corpus. Ends with status 1 if a goal is missed.
"""

import json
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import click
from processes import Measured, measure
from results import Column, digits, markdown_table, publish

from landmark_sample.write import SampleSettings, write_labels

ONCE = Path(__file__).with_name("plan_once.py")
DRIVER_MEMORY, CORES = "2g", 2
STEPS = {"list": "list, parts", "count": "label counts", "plan": "plan, written", "sums": "sums"}
HEADER = [
    *("images", "labels", "classes", "runs", "seconds", "times the first", "CPU seconds"),
    *(f"{name} (s)" for name in STEPS.values()),
    *("JVM peak (MB)", "its heap at the end of a step (MB)", "largest worker (MB)"),
]


@dataclass(frozen=True)
class Size:
    """One size of corpus.

    Attributes:
        images: Images in the list.
        labels: Labels in the list.
        runs: Runs of which the median is told.
    """

    images: int
    labels: int
    runs: int


# A run of 10 M images takes minutes: one tells enough.
SIZES = (Size(1_200_000, 14_951, 5), Size(3_000_000, 200_000, 3), Size(10_000_000, 200_000, 1))
MOST_SECONDS = 120  # of the first size
MOST_RATIO = 9  # of the last size to the first


@click.command()
@click.option("--write", is_flag=True, help="Put the table into RESULTS.md.")
@click.option("--runs", type=click.IntRange(1), help="Runs of each size.  [default: 5, 3 and 1]")
def main(*, write: bool, runs: int | None) -> None:
    """Measure the plan's time and memory."""
    rows: list[list[str]] = []
    seconds: list[Column] = []
    with tempfile.TemporaryDirectory() as temporary:
        for size in SIZES:
            folder = Path(temporary) / str(size.images)
            write_labels(SampleSettings(size.labels, size.images), folder)
            measured = [_once(size, folder) for _ in range(runs or size.runs)]
            seconds.append(Column([run.seconds for run, _ in measured]))
            rows.append(_row(size, measured, seconds))
            shutil.rmtree(folder)
    publish("plan_scale", markdown_table(HEADER, rows), write=write)
    first, last = seconds[0].shown, seconds[-1].shown
    sys.exit(first > MOST_SECONDS or last > MOST_RATIO * first)


def _once(size: Size, folder: Path) -> tuple[Measured, dict[str, Any]]:
    output = folder / "dataset"
    submit = Path(sys.executable).with_name("spark-submit")
    settings = ["--driver-memory", DRIVER_MEMORY, "--master", f"local[{CORES}]"]
    measured = measure([submit, *settings, ONCE, folder / "labels.csv", output, str(size.images)])
    shutil.rmtree(output)
    return measured, json.loads(measured.output.splitlines()[-1])


def _row(size: Size, measured: list[tuple[Measured, dict[str, Any]]], seconds: list[Column]) -> list[str]:
    told = [told for _, told in measured]
    return [
        f"{size.images:,}",
        f"{size.labels:,}",
        f"{told[0]['classes']:,}",
        str(len(measured)),
        str(seconds[-1]),
        digits(seconds[-1].shown / seconds[0].shown),
        f"{median(run.cpu_seconds for run, _ in measured):.0f}",
        *(f"{median(one['seconds'][step] for one in told):.1f}" for step in STEPS),
        f"{max(run.peak('java') for run, _ in measured):.0f}",
        f"{max(one['heap'] for one in told):.0f}",
        f"{max(run.peak('worker') for run, _ in measured):.0f}",
    ]


if __name__ == "__main__":
    main()
