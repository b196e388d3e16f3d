"""This project's training step compared with plain Keras' `fit`: same model, batch and process, in turns.

    python benchmarks/step.py [--write] [--turns 15]

A turn is 8 steps of each; its value is the median time between the ends of consecutive steps. So both include
all work per step, and neither includes work that is done once, such as the start of `fit`. Exit status 1 if
the goal is missed.
"""

import os
import sys
import time
from argparse import Namespace
from collections.abc import Callable, Sequence
from itertools import pairwise
from statistics import median

from arguments import parse

if __name__ == "__main__":
    arguments = parse(
        __doc__,
        turns=(15, "turns of 8 steps per contestant; the median is reported"),
    )

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import tensorflow as tf
from results import Column, goals, markdown_table, publish

from landmark_lib.training.backbone import free_last_layers, load_backbone
from landmark_lib.training.head import HeadOptions
from landmark_lib.training.horovod_step import start_ranks
from landmark_lib.training.model import build_model
from landmark_lib.training.step import training_step

SIDE, BATCH, CLASSES, STEPS = 96, 8, 1000, 8
FREE = (0, 3, 53)
GOAL = 0.98


def main(arguments: Namespace) -> int:
    """Measure, print, and return the exit status."""
    start_ranks()
    rows, missed = [], []
    for free in FREE:
        ours, theirs = compare(free, arguments.turns)
        ratio = theirs.over(ours)
        rows.append([str(free), str(ours), str(theirs), str(ratio)])
        if ratio.value < GOAL:
            missed.append(f"{free} trainable layers: {ratio}, not {GOAL}")
    header = [
        "trainable layers",
        "this project, ms per step",
        "Keras' fit, ms per step",
        "Keras / this project (range over turns)",
    ]
    table = f"ResNet50, {BATCH} images of {SIDE} x {SIDE}, {CLASSES} classes, {arguments.turns} turns:\n\n"
    table += f"{markdown_table(header, rows)}\n\n{goals(missed)}"
    publish("step", table, write=arguments.write)
    return int(bool(missed))


def compare(free: int, turns: int) -> tuple[Column, Column]:
    """Time both with `free` trainable layers; return their milliseconds per step."""
    random = np.random.default_rng(0)
    images = tf.constant(random.integers(0, 256, (BATCH, SIDE, SIDE, 3)).astype(np.uint8))
    labels = tf.constant(random.integers(0, CLASSES, BATCH).astype(np.int32))
    batches = tf.data.Dataset.from_tensors((images, labels)).repeat(1 + STEPS)
    ours, theirs = (make(free) for _ in range(2))
    optimizer = keras.optimizers.SGD(1e-6, momentum=0.9)
    step = training_step(ours, optimizer)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    theirs.compile(keras.optimizers.SGD(1e-6, momentum=0.9), loss, metrics=["accuracy"])

    def this_project() -> float:
        ends = []
        for one_images, one_labels in batches:
            step(one_images, one_labels, asked_to_stop=False).sums.numpy()
            ends.append(time.perf_counter())
        return milliseconds_of_a_step(ends)

    def plain_keras() -> float:
        ends = Ends()
        theirs.fit(batches, verbose=0, callbacks=[ends])
        return milliseconds_of_a_step(ends.times)

    this_project(), plain_keras()  # compiles
    measured: dict[Callable[[], float], list[float]] = {this_project: [], plain_keras: []}
    for turn in range(turns):
        # The order alternates: on a machine that slows down, the first contestant would have an advantage.
        for contestant in list(measured)[:: -1 if turn % 2 else 1]:
            measured[contestant].append(contestant())
    return Column(measured[this_project]), Column(measured[plain_keras])


class Ends(keras.callbacks.Callback):
    """Record when each step of `fit` ends."""

    def __init__(self) -> None:
        super().__init__()
        self.times: list[float] = []

    def on_train_batch_end(self, batch: int, logs: object = None) -> None:  # noqa: ARG002 - required by Keras
        """Record the time; the logs are plain numbers here, so the step has ended."""
        self.times.append(time.perf_counter())


def milliseconds_of_a_step(ends: Sequence[float]) -> float:
    """Return the median time between the ends of consecutive steps."""
    return 1000 * median(after - before for before, after in pairwise(ends))


def make(free: int) -> keras.Model:
    """Return the network."""
    backbone = load_backbone("ResNet50", "random", SIDE, seed=0)
    free_last_layers(backbone, free)
    return build_model(backbone, "caffe", HeadOptions(CLASSES, dropout=0.5, l2=1e-4, seed=0))


if __name__ == "__main__":
    sys.exit(main(arguments))
