"""Whether the time of the input pipeline depends on the size of the data set: 100, 1,000 and 10,000 shards.

    python benchmarks/growth.py [--write] [--runs 5]

The shards of the larger data sets are hard links to those of the smallest. Each run reads a data set's
manifest, then the first batches of an epoch, decoded as in training. Start-up is the time until the first
batch, in a process that has loaded TensorFlow. Time per row is that of the following batches. Exit status 1
if a goal is missed.
"""

import os
import sys
import tempfile
import time
from argparse import Namespace

from arguments import parse

if __name__ == "__main__":
    arguments = parse(
        __doc__,
        runs=(5, "runs per size; the median is reported"),
    )

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from results import Column, goals, markdown_table, publish
from shard_sets import repeat_shards, write_shard_set

from landmark_lib.dataset import Manifest, read_manifest
from landmark_lib.method.epochs import BATCH_SIZE
from landmark_lib.settings import TrainSettings, from_flat
from landmark_lib.training.member_data import read_member_data
from landmark_lib.training.stream import TrainingRows

SHARDS, ROWS_PER_SHARD = 100, 128
TIMES = (1, 10, 100)
BATCHES = 256
STARTS_IN = 10.0  # seconds, for the largest
LONGER = 1.1  # time per row of the largest relative to the smallest


def main(arguments: Namespace) -> int:
    """Measure, print, and return the exit status."""
    os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))  # as in stream.py
    with tempfile.TemporaryDirectory() as scratch:
        roots = []
        for times in TIMES:
            roots.append(f"{scratch}/{times}")
            manifest = write_shard_set(roots[-1], SHARDS * ROWS_PER_SHARD, rows_per_shard=ROWS_PER_SHARD)
            repeat_shards(roots[-1], manifest, times)
        take(roots[0])  # warms up
        # Sizes take turns.
        turns = [[take(root) for root in roots] for _ in range(arguments.runs)]
    starts = [Column([turn[number][0] for turn in turns]) for number in range(len(TIMES))]
    each = [Column([1e6 * turn[number][1] for turn in turns]) for number in range(len(TIMES))]
    ratios = [of_size.over(each[0]) for of_size in each]
    sizes = [f"{SHARDS * times:,}" for times in TIMES]
    rows = [list(map(str, row)) for row in zip(sizes, starts, each, ratios, strict=True)]
    missed = [f"{starts[-1]} s to the first batch, not {STARTS_IN}"] if starts[-1].shown > STARTS_IN else []
    missed += [f"a row takes {ratios[-1]} times as long, not {LONGER}"] if ratios[-1].value > LONGER else []
    header = ["shards", "first batch after, s", "per row, µs", "relative to the smallest (range over runs)"]
    publish("growth", f"{markdown_table(header, rows)}\n\n{goals(missed)}", write=arguments.write)
    return int(bool(missed))


def take(root: str) -> tuple[float, float]:
    """Read some batches of a data set; return the seconds until the first, and per row after it."""
    began = time.perf_counter()
    manifest: Manifest = read_manifest(root)
    settings = from_flat(TrainSettings, {"dataset": root, "models": "nowhere", "epochs_per_pass": 1})
    member = read_member_data(root, manifest, 0)
    slices = member.epoch(settings, 0, 0, 1)
    batches = TrainingRows(member.training, 0).batches(
        slices, settings.network.image_size, BATCH_SIZE, member.shuffle_seed(settings, 0, 0)
    )
    next(batches)
    first = time.perf_counter()
    for _ in range(BATCHES):
        next(batches)
    return first - began, (time.perf_counter() - first) / BATCHES / BATCH_SIZE


if __name__ == "__main__":
    sys.exit(main(arguments))
