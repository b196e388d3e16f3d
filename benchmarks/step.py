"""Our step of training against plain Keras: the same model, the same batch, one process, in turns.

    python benchmarks/step.py [--write] [--runs 7]

Ends with status 1 if the goal is missed.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable
from statistics import median

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import tensorflow as tf
from results import markdown_table, publish

from landmark_lib.training.backbone import free_last_layers, load_backbone
from landmark_lib.training.horovod_step import start_ranks
from landmark_lib.training.model import build_model
from landmark_lib.training.step import training_step

SIDE, BATCH, CLASSES, STEPS = 96, 8, 1000, 8
FREE = (0, 3, 53)
GOAL = 0.98


def main() -> int:
    """Measure and print; give the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--write", action="store_true", help="put the table into benchmarks/RESULTS.md")
    parser.add_argument("--runs", type=int, default=7, help="runs of each contestant; medians count")
    arguments = parser.parse_args()
    start_ranks()
    rows = [compare(free, arguments.runs) for free in FREE]
    missed = [f"{row[0]}: {row[3]}, not {GOAL}" for row in rows if float(row[3]) < GOAL]
    header = ["free layers", "this project, ms a step", "Keras fit, ms a step", "Keras' time / ours"]
    table = f"ResNet50, {BATCH} images of {SIDE} x {SIDE}, {CLASSES} classes:\n\n"
    table += markdown_table(header, rows)
    table += "\n\n" + ("Goals missed: " + "; ".join(missed) if missed else "All goals met.")
    publish("step", table, "python benchmarks/step.py", write=arguments.write)
    return int(bool(missed))


def compare(free: int, runs: int) -> list[str]:
    """Time both with so many free layers."""
    random = np.random.default_rng(0)
    images = tf.constant(random.integers(0, 256, (BATCH, SIDE, SIDE, 3)).astype(np.uint8))
    labels = tf.constant(random.integers(0, CLASSES, BATCH).astype(np.int32))
    batches = tf.data.Dataset.from_tensors((images, labels)).repeat(STEPS)
    ours, theirs = (make(free) for _ in range(2))
    optimizer = keras.optimizers.SGD(1e-6, momentum=0.9)
    step = training_step(ours, optimizer)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    theirs.compile(keras.optimizers.SGD(1e-6, momentum=0.9), loss, metrics=["accuracy"])

    def this_project() -> None:
        for one_images, one_labels in batches:
            result = step(one_images, one_labels, asked_to_stop=False)
            result.sums.numpy()

    def plain_keras() -> None:
        theirs.fit(batches, verbose=0)

    seconds = [(timed(this_project), timed(plain_keras)) for _ in range(runs + 1)]
    timed_runs = seconds[1:]  # the first one compiles
    mine, keras_fit = (1000 * median(column) / STEPS for column in zip(*timed_runs, strict=True))
    ratio = median(other / own for own, other in timed_runs)
    return [str(free), f"{mine:.0f}", f"{keras_fit:.0f}", f"{ratio:.3f}"]


def make(free: int) -> keras.Model:
    """Make the network."""
    backbone = load_backbone("ResNet50", "random", SIDE, seed=0)
    free_last_layers(backbone, free)
    return build_model(backbone, "caffe", CLASSES, dropout=0.5, l2=1e-4, seed=0)


def timed(run: Callable[[], None]) -> float:
    """Give the seconds of a run."""
    begin = time.perf_counter()
    run()
    return time.perf_counter() - begin


if __name__ == "__main__":
    sys.exit(main())
