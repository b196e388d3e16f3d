"""From a list of labels to a written plan: time and memory as the corpus grows.

    python benchmarks/plan_scale.py [--write]

Each run is a separate spark-submit job with two cores and a driver of 2 GB (`plan_once.py`). In local mode
the driver is also the executor. `landmark_sample` makes the label lists, with the label counts of the
paper's corpus. Exit status 1 if a goal is missed.
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
    *("images", "labels", "classes", "runs", "seconds", "relative to the first", "CPU seconds"),
    *(f"{name} (s)" for name in STEPS.values()),
    *("JVM peak (MB)", "largest heap after a step (MB)", "largest worker (MB)"),
]


@dataclass(frozen=True)
class Size:
    """One size of corpus.

    Attributes:
        images: Images in the list.
        labels: Labels in the list.
        runs: Number of runs; the median is reported.
    """

    images: int
    labels: int
    runs: int


# A run with 10 million images takes minutes: one is enough.
SIZES = (Size(1_200_000, 14_951, 5), Size(3_000_000, 200_000, 3), Size(10_000_000, 200_000, 1))
MAX_SECONDS = 120  # for the first size
MAX_RATIO = 9  # of the last size to the first


@click.command()
@click.option("--write", is_flag=True, help="Write the table to RESULTS.md.")
@click.option("--runs", type=click.IntRange(1), help="Runs per size.  [default: 5, 3 and 1]")
def main(*, write: bool, runs: int | None) -> None:
    """Measure time and memory of a plan."""
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
    sys.exit(first > MAX_SECONDS or last > MAX_RATIO * first)


def _once(size: Size, folder: Path) -> tuple[Measured, dict[str, Any]]:
    output = folder / "dataset"
    submit = Path(sys.executable).with_name("spark-submit")
    settings = ["--driver-memory", DRIVER_MEMORY, "--master", f"local[{CORES}]"]
    measured = measure([submit, *settings, ONCE, folder / "labels.csv", output, str(size.images)])
    shutil.rmtree(output)
    return measured, json.loads(measured.output.splitlines()[-1])


def _row(size: Size, measured: list[tuple[Measured, dict[str, Any]]], seconds: list[Column]) -> list[str]:
    results = [result for _, result in measured]
    return [
        f"{size.images:,}",
        f"{size.labels:,}",
        f"{results[0]['classes']:,}",
        str(len(measured)),
        str(seconds[-1]),
        digits(seconds[-1].shown / seconds[0].shown),
        f"{median(run.cpu_seconds for run, _ in measured):.0f}",
        *(f"{median(one['seconds'][step] for one in results):.1f}" for step in STEPS),
        f"{max(run.peak('java') for run, _ in measured):.0f}",
        f"{max(one['heap'] for one in results):.0f}",
        f"{max(run.peak('worker') for run, _ in measured):.0f}",
    ]


if __name__ == "__main__":
    main()
