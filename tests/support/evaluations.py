"""An evaluation of a small data set for the page, made of plain values without any model."""

from collections import Counter
from dataclasses import replace

import numpy as np
from report_datasets import HOSTILE, SCRIPT, ids_of, rejected_row, write_dataset

from landmark_lib import dataset
from landmark_lib.evaluation_results import (
    ENSEMBLE,
    MEAN_SOFTMAX,
    Comparison,
    Decile,
    Disagreement,
    Evaluation,
    Figure,
    RejectionAtShare,
    RejectionResult,
    ReliabilityBin,
    Temperature,
    VoterResult,
)
from landmark_lib.hold_out import read_hold_out
from landmark_lib.method.neighbours import Neighbour
from landmark_lib.method.recipes import PLAIN
from landmark_lib.predictions import Predictions
from landmark_lib.report.curves import Curves

MEMBERS = ["member-0", "member-1", "member-2"]
VOTERS = [*MEMBERS, ENSEMBLE, MEAN_SOFTMAX]
LABELS = {f"place {k}": ids_of(f"place {k}", 4 + 3 * k) for k in range(8)}


def write_measured(root):
    """Write a data set with 8 classes, 16 photos held out, and some rejected."""
    rejected = [rejected_row(f"cut-{i}", "truncated image", f"file:///{i}", "ends early") for i in range(20)]
    return write_dataset(root, LABELS, [*rejected, rejected_row("", "no image id")], hold_out=2)


def write_hostile_measured(root):
    """Write a data set whose labels and image ids are markup, and long."""
    labels = {
        f"{name}{k}": [f"{name}{k}/{image}" for image in HOSTILE]
        for k, name in enumerate([SCRIPT, "x" * 2000, HOSTILE[1], HOSTILE[3]])
    }
    rejected = [rejected_row(SCRIPT, "empty file", SCRIPT, SCRIPT)]
    return write_dataset(root, labels, rejected, hold_out=2)


MEASURED = {"evaluation": write_measured, "hostile evaluation": write_hostile_measured}


def predictions_of(root, manifest):
    """Return the hold-out, sorted, and predictions: every third is the next class; scores rise."""
    hold_out = read_hold_out(root, manifest)
    order = np.argsort(hold_out.image_ids, kind="stable")
    image_ids, truth = sorted(hold_out.image_ids), hold_out.truth[order]
    wrong = np.arange(len(truth)) % 3 == 0
    # (photos,) becomes (photos, 2): the true class and the next one, in the order predicted.
    classes = np.stack([truth + wrong, truth + ~wrong], axis=1) % manifest.classes
    scores = np.linspace(0.3, 0.9, len(truth))[:, np.newaxis]
    return replace(hold_out, image_ids=image_ids, truth=truth), Predictions(classes, scores)


def confusion_of(hold_out, predictions):
    """Count the pairs of true and predicted class."""
    pairs = Counter(zip(hold_out.truth.tolist(), predictions.first.tolist(), strict=True))
    return [(true, predicted, photos) for (true, predicted), photos in sorted(pairs.items())]


def figure(value):
    """Return a value with an interval around it."""
    return Figure(value, max(0.0, value - 0.0625), min(1.0, value + 0.0525))


def result(number, confusion, classes):
    """Return the result of one voter; no two figures of an evaluation are equal."""
    base = 0.41 + 0.0317 * number
    parts = [(0.125 + 0.25 * k, 0.11 + 0.21 * k + 0.003 * number, 3 + k) for k in range(4)]
    deciles = [
        Decile(4 + 6 * k, 9 + 6 * k, classes // 4, 4, None if k == 2 else base + 0.0123 * k) for k in range(4)
    ]
    return VoterResult(
        voter=VOTERS[number],
        weights="imagenet" if number else "random",
        top_1=figure(base),
        top_5=figure(base + 0.1003),
        mean_class_accuracy=figure(base + 0.0207),
        macro_precision=figure(base + 0.0311),
        macro_recall=figure(base + 0.0419),
        gap=figure(base - 0.0531),
        ece=0.0621 + 0.0107 * number,
        reliability=[ReliabilityBin(*part) for part in parts],
        deciles=deciles,
        confusion=confusion,
        temperature=Temperature(1.25 + number, 0.0913 + 0.01 * number, 0.0341 + 0.01 * number, 8)
        if number < len(MEMBERS)
        else None,
    )


def evaluation_of(manifest, hold_out, predictions, difference=-0.0317, p_value=0.25):
    """Return an evaluation of all voters."""
    confusion = confusion_of(hold_out, predictions)
    return Evaluation(
        dataset=hold_out.dataset,
        dataset_fingerprint=manifest.fingerprint,
        photos=len(predictions),
        classes=manifest.classes,
        chance=1 / manifest.classes,
        voters=[result(number, confusion, manifest.classes) for number in range(len(VOTERS))],
        comparison=Comparison("member-2", Figure(difference, -0.081, 0.024), 3, 4, p_value),
        disagreement=Disagreement(
            MEMBERS,
            [[0.0, 0.21, 0.32], [0.21, 0.0, 0.43], [0.32, 0.43, 0.0]],
            0.5625,
            0.875,
            0.4375,
        ),
        rejection=rejection_of(),
    )


def rejection_of():
    """Return the result of a rejection; nothing is lost where every photo shows a landmark."""
    gaps = ((0.0, 0.71, 0.72), (0.5, 0.61, 0.67), (0.9, 0.41, 0.56), (0.98, 0.21, 0.48))
    shares = [
        RejectionAtShare(
            share,
            figure(plain),
            figure(rejecting),
            Figure(rejecting - plain, -0.012, 0.31),
            figure((rejecting - plain) / (0.71 - plain)) if share else None,
        )
        for share, plain, rejecting in gaps
    ]
    weights = {"vote score": 0.51, "neighbours": 1.52}
    return RejectionResult("streets", 15, 31, {"empty": 2}, shares, weights, 0.377, 0.9375, 0.8125)


def curves_of(member, epochs=6):
    """Return the curves of a member whose learning rate drops once."""
    return Curves(
        training_accuracy=[0.2 + 0.07 * k + 0.01 * member for k in range(epochs)],
        validation_accuracy=[0.3 + 0.06 * k - 0.011 * k * k for k in range(epochs)],
        training_loss=[2.5 / (k + 1) + 0.01 * member for k in range(epochs)],
        validation_loss=[2.2 / (k + 1) + 0.3 for k in range(epochs)],
        learning_rate=[0.002 if 2 * k < epochs else 0.0004 for k in range(epochs)],
    )


def similar_of(root, manifest, hold_out):
    """Return three training photos for each held-out photo, one of which is in no training set."""
    rows = [
        row
        for record in manifest.shards_in(dataset.COMMON)
        for row in dataset.read_table(root, record.path, ["image_id", "class_index", "recipe"]).to_pylist()
        if row["recipe"] == str(PLAIN)
    ]
    chosen = [rows[photo % len(rows)] for photo in range(len(hold_out.image_ids) + 1)]
    return [
        [
            Neighbour(chosen[photo]["image_id"], chosen[photo]["class_index"], 0.75),
            Neighbour(chosen[photo + 1]["image_id"], chosen[photo + 1]["class_index"], 0.5),
            Neighbour("removed since", 0, 0.25),
        ]
        for photo in range(len(hold_out.image_ids))
    ]
