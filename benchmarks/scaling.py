"""Weak scaling of training from one rank to two: real steps of ResNet50, one core and one batch per rank.

    python benchmarks/scaling.py [--write] [--epochs 6]

The two cores of a machine may be threads of one core. Then even independent programs slow each other down. So
two ranks are compared with one rank alone, and with two independent trainings side by side: the loss against
the latter is the cost of Horovod. A turn is an epoch; the first, which compiles, is left out. The three run
one after another, so the machine must stay idle otherwise. Exit status 1 if the goal is missed.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from results import Column, Ratio, goals, markdown_table, publish
from shard_sets import write_shard_set

from landmark_lib.digits import share

BIN = Path(sys.executable).parent
TRAIN = Path(__file__).parents[1] / "jobs" / "train.py"
ROWS, BATCH = 256, 32
GOAL = 0.95
FREE = ("0", "3")


def main() -> int:
    """Measure, print, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--write", action="store_true", help="write the table to benchmarks/RESULTS.md")
    parser.add_argument("--epochs", type=int, default=6, help="epochs per run; the first is left out")
    arguments = parser.parse_args()
    rows, missed = [], []
    with tempfile.TemporaryDirectory() as scratch:
        write_shard_set(f"{scratch}/dataset", ROWS, validation=2)
        for free in FREE:
            row, ratio = compare(Path(scratch), free, arguments.epochs)
            rows.append(row)
            if ratio.value < GOAL:
                missed.append(f"{free} trainable layers: {ratio}, not {GOAL}")
    header = ["trainable layers", "one rank alone, images/s", "twice that", "two independent", "two ranks"]
    header += [
        "two ranks / independent (range over epochs)",
        "two ranks / twice alone",
        "input wait",
        "allreduce",
    ]
    table = f"ResNet50 at 224 pixels, {BATCH} images per rank and step, one core per rank:\n\n"
    table += f"{markdown_table(header, rows)}\n\n{goals(missed)}"
    publish("scaling", table, write=arguments.write)
    return int(bool(missed))


def compare(scratch: Path, free: str, epochs: int) -> tuple[list[str], Ratio]:
    """Train one rank, two independent ones, two together; return the row, and together / independent."""
    alone = [start(scratch, f"alone-{free}", free, epochs, cores="0", ranks=1)]
    (one,) = speeds(alone)
    twice = Column([2 * speed for speed in one])
    apart = [start(scratch, f"apart-{free}-{core}", free, epochs, cores=core, ranks=1) for core in ("0", "1")]
    both = Column([sum(pair) for pair in zip(*speeds(apart), strict=True)])
    together = start(scratch, f"together-{free}", free, epochs, cores="0,1", ranks=2)
    (of_two,) = speeds([together])
    two = Column(of_two)
    ratio = two.over(both)
    history = read_history(together[1])
    shares = [share(median(epoch[name] for epoch in history)) for name in ("input_wait", "allreduce")]
    return [free, *map(str, (Column(one), twice, both, two, ratio, two.over(twice))), *shares], ratio


def start(
    scratch: Path, name: str, free: str, epochs: int, *, cores: str, ranks: int
) -> tuple[subprocess.Popen[bytes], Path]:
    """Start a training on some cores; return its process and the directory of its member."""
    models = scratch / name
    command = [
        *("taskset", "-c", cores, BIN / "horovodrun", "-np", str(ranks), BIN / "python", TRAIN),
        *("--dataset", scratch / "dataset", "--models", models, "--member", "0", "--weights", "random"),
        *("--trainable-layers", free, "--learning-rate", "1e-5", "--batch-size", str(BATCH)),
        # The same number of steps with one rank as with two.
        *("--epochs", str(epochs), "--epochs-per-pass", str(2 // ranks)),
    ]
    environment = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}"}
    with scratch.joinpath(f"{name}.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=environment)
    return process, models / "member-0"


def speeds(started: list[tuple[subprocess.Popen[bytes], Path]]) -> list[list[float]]:
    """Wait for trainings; return the images per second of each epoch, per training."""
    for process, member in started:
        if process.wait():
            sys.exit(f"a training failed:\n{member.parent.with_suffix('.log').read_text()}")
    return [[epoch["images_per_second"] for epoch in read_history(member)] for _, member in started]


def read_history(member: Path) -> list[dict[str, float]]:
    """Read the history of all epochs but the first."""
    return [json.loads(line) for line in (member / "history.jsonl").read_text().splitlines()][1:]


if __name__ == "__main__":
    sys.exit(main())
