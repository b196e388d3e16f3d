"""Weak scaling of training from one rank to two: real steps of ResNet50, a core and a batch for each rank.

    python benchmarks/scaling.py [--write] [--epochs 6]

The two cores of a machine may be threads of one, and then two programs slow each other down that share
nothing else. So two ranks are compared with one rank alone, and with two ranks that train side by side
without knowing of each other: what is lost against these is what Horovod costs. A turn is an epoch; the
first, which compiles, is left out. The three run one after another, so the machine must stay quiet.
Ends with status 1 if the goal is missed.
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
    """Measure and print; give the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--write", action="store_true", help="put the table into benchmarks/RESULTS.md")
    parser.add_argument("--epochs", type=int, default=6, help="epochs of each run; the first is left out")
    arguments = parser.parse_args()
    rows, missed = [], []
    with tempfile.TemporaryDirectory() as scratch:
        write_shard_set(f"{scratch}/dataset", ROWS, validation=2)
        for free in FREE:
            row, ratio = compare(Path(scratch), free, arguments.epochs)
            rows.append(row)
            if ratio.value < GOAL:
                missed.append(f"{free} free layers: {ratio}, not {GOAL}")
    header = ["free layers", "one rank alone, images/s", "twice that", "two apart", "two together"]
    header += [
        "together / apart (least to most of an epoch)",
        "together / twice alone",
        "input wait",
        "allreduce",
    ]
    table = f"ResNet50 at 224 pixels, {BATCH} images a rank and step, one core a rank:\n\n"
    table += f"{markdown_table(header, rows)}\n\n{goals(missed)}"
    publish("scaling", table, write=arguments.write)
    return int(bool(missed))


def compare(scratch: Path, free: str, epochs: int) -> tuple[list[str], Ratio]:
    """Train one rank alone, two apart and two together; return the row, and together / apart."""
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
    """Start a training on some cores; give it and the directory of its member."""
    models = scratch / name
    command = [
        *("taskset", "-c", cores, BIN / "horovodrun", "-np", str(ranks), BIN / "python", TRAIN),
        *("--dataset", scratch / "dataset", "--models", models, "--member", "0", "--weights", "random"),
        *("--trainable-layers", free, "--learning-rate", "1e-5", "--batch-size", str(BATCH)),
        # As many steps for one rank as for two.
        *("--epochs", str(epochs), "--epochs-per-pass", str(2 // ranks)),
    ]
    environment = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}"}
    with scratch.joinpath(f"{name}.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=environment)
    return process, models / "member-0"


def speeds(started: list[tuple[subprocess.Popen[bytes], Path]]) -> list[list[float]]:
    """Wait for trainings; return the images per second of each, epoch by epoch."""
    for process, member in started:
        if process.wait():
            sys.exit(f"a training failed:\n{member.parent.with_suffix('.log').read_text()}")
    return [[epoch["images_per_second"] for epoch in read_history(member)] for _, member in started]


def read_history(member: Path) -> list[dict[str, float]]:
    """Read all epochs but the first."""
    return [json.loads(line) for line in (member / "history.jsonl").read_text().splitlines()][1:]


if __name__ == "__main__":
    sys.exit(main())
