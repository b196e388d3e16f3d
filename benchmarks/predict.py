"""Predicting from the shards of a data set compared with Keras' `predict` on images in memory.

    python benchmarks/predict.py [--write] [--runs 5]

One ResNet50 at 224 pixels, which both load in every run. This project also decodes JPEGs and writes Parquet.
Then three members that share their frozen layers, compared with three that share none. Exit status 1 if a
goal is missed.
"""

import os
import sys
import tempfile
import time
from argparse import Namespace
from collections.abc import Callable
from functools import partial
from pathlib import Path

from arguments import parse

if __name__ == "__main__":
    arguments = parse(
        __doc__,
        runs=(5, "runs per contestant; the median is reported"),
    )

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from results import Column, goals, markdown_table, publish
from shard_sets import CLASSES, write_shard_set

from landmark_lib import dataset
from landmark_lib.evaluation.photos import find_photos
from landmark_lib.evaluation.predict import predict
from landmark_lib.settings import PredictSettings
from landmark_lib.settings.train import ALL
from landmark_lib.storage import Place
from landmark_lib.training.backbone import free_last_layers, load_backbone
from landmark_lib.training.head import HeadOptions
from landmark_lib.training.horovod_step import start_ranks
from landmark_lib.training.member_record import MemberRecord, member_directory, write_member
from landmark_lib.training.model import build_model, load_trained
from landmark_lib.training.model_directory import BEST, save_model

SIDE, BATCH, PHOTOS = 224, 32, 512
GOAL = 0.95
SHARING = {0: 2.7, 3: 2.2}  # how many times as fast three members are, by their trained layers


def main(arguments: Namespace) -> int:
    """Measure, print, and return the exit status."""
    with tempfile.TemporaryDirectory() as scratch:
        ours, theirs = compare(Path(scratch), arguments.runs)
        alone, *together = compare_sharing(Path(scratch), arguments.runs)
    ratio = ours.over(theirs)
    missed = [f"{ratio}, not {GOAL}"] if ratio.value < GOAL else []
    sharing = [["none", str(alone), ""]]
    for (layers, goal), speeds in zip(SHARING.items(), together, strict=True):
        faster = speeds.over(alone)
        sharing.append([f"all but the last {layers}", str(speeds), str(faster)])
        missed += [f"{layers} layers: {faster}, not {goal}"] if faster.value < goal else []
    rows = [
        ["this project, from shards to Parquet", str(ours)],
        ["Keras' predict, images in memory", str(theirs)],
        ["ratio (range over runs)", str(ratio)],
    ]
    table = f"ResNet50 at {SIDE} pixels, {PHOTOS} photos, batches of {BATCH}, loading included:\n\n"
    table += f"{markdown_table(['what', 'images/s'], rows)}\n\nThree members:\n\n"
    header = ["convolutions that they share", "photos/s", "times as fast (range over runs)"]
    table += f"{markdown_table(header, sharing)}\n\n{goals(missed)}"
    publish("predict", table, write=arguments.write)
    return int(bool(missed))


def compare(scratch: Path, runs: int) -> tuple[Column, Column]:
    """Time both in turns; return the images per second of this project and of Keras."""
    ranks = start_ranks()  # before any use of TensorFlow, because it sets the number of threads
    root, models = str(scratch / "dataset"), str(scratch / "models")
    fingerprint = write_shard_set(root, rows=1, validation=PHOTOS).fingerprint
    directory = write_network(models, fingerprint)
    images = held_out_images(root)

    def this_project(run: int) -> None:
        output = str(scratch / f"predictions-{run}")
        settings = PredictSettings(models=models, output=output, batch_size=BATCH)
        predict(settings, find_photos(settings, root), ranks)

    def plain_keras(_: int) -> None:
        load_trained(directory / BEST).predict(images, batch_size=BATCH, verbose=0)

    speeds = [(speed(this_project, run), speed(plain_keras, run)) for run in range(runs)]
    ours, theirs = (Column(column) for column in zip(*speeds, strict=True))
    return ours, theirs


def compare_sharing(scratch: Path, runs: int) -> list[Column]:
    """Return the photos per second of three members that share nothing, and of those of `SHARING`."""
    root, ranks = str(scratch / "dataset"), start_ranks()
    fingerprint = dataset.read_manifest(root).fingerprint
    for name in ("none", *map(str, SHARING)):
        for member in range(3):
            layers = ALL if name == "none" else int(name)
            write_network(str(scratch / name), fingerprint, member, layers)

    def predict_with(name: str, run: int) -> None:
        output = str(scratch / f"predictions-{name}-{run}")
        settings = PredictSettings(models=str(scratch / name), output=output, batch_size=BATCH)
        predict(settings, find_photos(settings, root), ranks)

    names = ("none", *map(str, SHARING))
    speeds = [[speed(partial(predict_with, name), run) for name in names] for run in range(runs)]
    return [Column(column) for column in zip(*speeds, strict=True)]


def write_network(models: str, fingerprint: str, member: int = 0, layers: int | str = 0) -> Place:
    """Write a member as training of its last layers would; return its directory."""
    directory = member_directory(models, member)
    backbone = load_backbone("ResNet50", "random", SIDE, seed=0)
    free_last_layers(backbone, layers)
    for variable in backbone.trainable_variables:
        variable.assign(variable.value * (1 + 0.01 * member))
    network = build_model(backbone, "caffe", HeadOptions(CLASSES, dropout=0.5, l2=1e-4, seed=member))
    save_model(network, directory / BEST)
    record = MemberRecord(
        member=member,
        finished=True,
        epochs=1,
        best_epoch=1,
        settings={"weights": "random"},
        dataset_fingerprint=fingerprint,
        landmark_ids=[f"landmark {number}" for number in range(CLASSES)],
        versions={},
    )
    write_member(directory, record)
    keras.backend.clear_session()
    return directory


def held_out_images(root: str) -> NDArray[np.uint8]:
    """Return the decoded hold-out, (photos, side, side, 3)."""
    records = dataset.read_manifest(root).files_in(dataset.VALIDATION)
    tables = [dataset.read_table(root, record.path) for record in records]
    jpegs = [jpeg for table in tables for jpeg in table["image"].to_pylist()]
    return np.stack([tf.io.decode_jpeg(jpeg, channels=3).numpy() for jpeg in jpegs])


def speed(run: Callable[[int], None], number: int) -> float:
    """Return the images per second of a run."""
    begin = time.perf_counter()
    run(number)
    return PHOTOS / (time.perf_counter() - begin)


if __name__ == "__main__":
    sys.exit(main(arguments))
