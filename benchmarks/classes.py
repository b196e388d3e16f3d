"""Training a head on cached features of many classes: speed, communication and memory of two ranks.

    python benchmarks/classes.py [--write] [--runs 5] [--steps 20] [--sizes "8763:1 81313:0.2"]

A size is a number of classes and the share of them that a step looks at. Features of 2,048 numbers are made
up and kept in memory; all else is the training of a member: its steps, validation, checkpoints, models and
class means. A turn is an epoch; the first, which compiles, is left out. The sizes run one after another, so
the machine must stay idle otherwise. Exit status 1 if a goal is missed.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

from arguments import parse

if __name__ == "__main__":
    arguments = parse(
        __doc__,
        runs=(5, "epochs per size; the median is reported"),
        steps=(20, "steps of an epoch"),
        sizes=("8763:1 81313:0.2", "sizes, the first to compare with, the last with goals"),
        batch_size=(256, "rows of a batch on each rank; the default is that of a head alone on many rows"),
        size=(None, "of one training, on ranks that this program started"),
    )

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import tensorflow as tf
from results import Column, Ratio, goals, markdown_table, publish

from landmark_lib.digits import share as per_cent
from landmark_lib.method.similarity import FeatureSums, feature_statistics
from landmark_lib.settings import TrainSettings, from_flat
from landmark_lib.training import horovod_step
from landmark_lib.training.feed import Batches, FeatureRows
from landmark_lib.training.head import HeadOptions
from landmark_lib.training.member_data import MemberData
from landmark_lib.training.member_training import MemberTraining
from landmark_lib.training.model import build_tail
from landmark_lib.training.model_directory import LAST, MemberFiles, save_model
from landmark_lib.training.reading import Shards
from landmark_lib.training.recorder import DiskRecorder
from landmark_lib.training.signals import StopSignal

BIN = Path(sys.executable).parent
RANKS, FEATURES, ROWS, HELD_OUT = 2, 2_048, 4_096, 512
MIN_SPEED, MAX_ALLREDUCE, MAX_GB = 0.5, 0.15, 3.0
KIB_PER_GB = 1e9 / 1024


class MadeUpFeed:
    """A head, and made-up features that it is fed; each rank has its own."""

    bad_rows = 0

    def __init__(self, settings: TrainSettings, data: MemberData, rank: int) -> None:
        """Make up features."""
        self._batch_size, self._steps = data.batch_size(settings, RANKS), data.steps(settings, RANKS)
        classes, by_class = len(data.landmark_ids), data.class_share(settings) < 1
        features = keras.Input((FEATURES,))
        self.model = build_tail(None, features, HeadOptions(classes, 0.5, 1e-4, 0, by_class=by_class))
        self._chance = np.random.default_rng(rank)
        self._features = self._chance.exponential(size=(ROWS, FEATURES)).astype(np.float32)
        self._classes = self._chance.integers(classes, size=ROWS, dtype=np.int32)

    def training_batches(self, epoch: int, steps_done: int = 0) -> Batches:  # noqa: ARG002 - random rows
        """Yield random rows."""
        for _ in range(steps_done, self._steps):
            rows = self._chance.integers(ROWS, size=self._batch_size)
            yield tf.constant(self._features[rows]), tf.constant(self._classes[rows])

    def validation_batches(self) -> Batches:
        """Yield a few rows."""
        for start in range(0, HELD_OUT, 128):
            rows = slice(start, start + 128)
            yield tf.constant(self._features[rows]), tf.constant(self._classes[rows])

    def rows(self) -> Iterator[FeatureRows]:
        """Yield all rows."""
        yield self._features, self._classes

    def whole_model(self) -> keras.Model:
        """Return the head, as there is no backbone."""
        return self.model


def main(arguments: Namespace) -> int:
    """Measure, print, and return the exit status."""
    sizes = arguments.sizes.split()
    measured = [start(size, arguments) for size in sizes]
    speeds = [Column(each["speeds"]) for each in measured]
    ratios = [speed.over(speeds[0]) for speed in speeds]
    rows = []
    for size, each, speed, ratio in zip(sizes, measured, speeds, ratios, strict=True):
        classes, share = size.split(":")
        allreduce = per_cent(median(each["allreduce"]))
        rows.append([f"{int(classes):,}", share, str(speed), str(ratio), allreduce, f"{each['peak']:.2f}"])
    header = ["classes", "share in a step", "images/s", "relative to the first (range over epochs)"]
    header += ["allreduce", "peak of a rank, GB"]
    missed = missed_goals(ratios[-1], measured[-1])
    table = (
        f"{RANKS} ranks, batches of {measured[0]['batch_size']} rows each, features of {FEATURES:,} numbers:"
    )
    publish("classes", f"{table}\n\n{markdown_table(header, rows)}\n\n{goals(missed)}", write=arguments.write)
    return int(bool(missed))


def missed_goals(ratio: Ratio, measured: dict[str, Any]) -> list[str]:
    """Return the goals that the last size misses."""
    allreduce = median(measured["allreduce"])
    missed = [f"{ratio} of the speed, not {MIN_SPEED}"] if ratio.value < MIN_SPEED else []
    missed += [f"allreduce {per_cent(allreduce)}, not 15 %"] if allreduce > MAX_ALLREDUCE else []
    missed += [f"{measured['peak']:.2f} GB, not {MAX_GB}"] if measured["peak"] > MAX_GB else []
    return missed


def start(size: str, arguments: Namespace) -> dict[str, Any]:
    """Train with a size on two ranks; return what rank 0 measured."""
    own = ["--size", size, "--runs", arguments.runs, "--steps", arguments.steps]
    own += ["--batch-size", arguments.batch_size]
    command = [BIN / "horovodrun", "-np", str(RANKS), sys.executable, __file__, *map(str, own)]
    environment = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}"}
    with tempfile.TemporaryDirectory() as scratch:
        environment["CLASSES_SCRATCH"] = scratch
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"{size} failed:\n{done.stderr[-3000:]}")
        return json.loads(Path(scratch, "measured.json").read_text())


def class_means(feed: MadeUpFeed, classes: int) -> None:
    """Compute the class means as training does, without an index, as there are no photos."""
    sums = FeatureSums.zeros(classes, FEATURES)
    for features, of_rows in feed.rows():
        sums.add(features, of_rows)
    for part in (sums.photos, sums.features, sums.products):
        horovod_step.add_over_ranks(part)
    feature_statistics(sums)


def train(arguments: Namespace) -> None:
    """Train with one size as one of the ranks; rank 0 writes what was measured."""
    scratch = Path(os.environ["CLASSES_SCRATCH"])
    classes, share = arguments.size.split(":")
    settings = from_flat(
        TrainSettings,
        {
            "models": str(scratch / "models"),
            "trainable_layers": 0,
            "cache_features": True,
            "epochs": arguments.runs + 1,
            "class_sample": float(share),
            "batch_size": arguments.batch_size,
        },
    )
    ranks = horovod_step.start_ranks()
    rows = arguments.steps * arguments.batch_size * ranks.size
    shards, names = Shards("", [], None), [f"class {number}" for number in range(int(classes))]
    data = MemberData(0, "made up", shards, ([rows], []), rows, shards, names, [1] * len(names))
    feed, files = MadeUpFeed(settings, data, ranks.rank), MemberFiles(settings, data, ranks.size)
    horovod_step.from_rank_0(ranks, files.begin)
    training = MemberTraining(settings, data, ranks, feed, StopSignal(), DiskRecorder(files, feed))
    training.run()
    class_means(feed, len(names))
    horovod_step.from_rank_0(ranks, lambda: save_model(feed.model, files.directory / LAST))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / KIB_PER_GB
    peaks = horovod_step.gather(np.array([peak]))
    if ranks.is_chief:
        history = training.history[1:]
        measured = {
            "speeds": [result.images_per_second for result in history],
            "allreduce": [result.allreduce for result in history],
            "peak": float(peaks.max()),
            "batch_size": arguments.batch_size,
        }
        (scratch / "measured.json").write_text(json.dumps(measured))


if __name__ == "__main__":
    if arguments.size:
        train(arguments)
    else:
        sys.exit(main(arguments))
