"""The heads of jobs/train.py against a linear probe: scikit-learn's logistic regression on the same features.

    python benchmarks/linear_probe.py [--write] [--weights FILE] [--photos DIR] [--seeds 5]
    python benchmarks/linear_probe.py --backbone MobileNetV3Small --weights sample --image-size 96

Each seed draws a new hold-out and new members. All layers but the head are frozen; three members vote, with
default settings but for the head. The probe is fitted to the rows of member 0, once for each strength of its
regularisation, and has the one that is best on the hold-out: an advantage that no head has. The photos of
all seeds are pooled; intervals are from a bootstrap over them, with the same resamples for all contestants.
"""

import json
import shutil
import sys
import tempfile
from argparse import Namespace
from dataclasses import asdict
from pathlib import Path

from arguments import parse

if __name__ == "__main__":
    arguments = parse(
        __doc__,
        backbone=("ResNet50", "network of keras.applications, as for jobs/train.py"),
        weights=("imagenet", "initial weights, as for jobs/train.py"),
        pooling=("gem2", "as for jobs/train.py"),
        photos=(None, "folder of folders, one per landmark; default: a rendered sample"),
        image_size=("224", "side of the network's input in pixels"),
        hold_out=("5", "photos of each class that are held out"),
        seeds=(5, "number of repetitions with new random draws"),
        work=(None, "directory for photos, data sets, models and predictions; kept"),
    )

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from first_vs_final import REPORTED, SAMPLE, Answered, Measured, ask, measure
from numpy.typing import NDArray
from results import markdown_table, publish
from sklearn.linear_model import LogisticRegression
from tuned_vs_default import BIN, JOBS, photos_or_sample, run

from landmark_lib.dataset import COMMON, VALIDATION, read_classes, training_directory
from landmark_lib.settings.train import ARCFACE, SOFTMAX, WITH_SIMILARITY
from landmark_lib.training.feature_files import FEATURES

HEADS = (SOFTMAX, WITH_SIMILARITY, ARCFACE)
PROBE = "linear probe"
STRENGTHS = (0.001, 0.01, 0.1, 1.0)  # C of the probe, on features of mean square 1
STEPS = 300


def main(arguments: Namespace) -> int:
    """Measure, print, and return the exit status: 1 if the default head is worse than the probe."""
    answers: dict[str, list[Answered]] = {name: [] for name in (PROBE, *HEADS)}
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(arguments.work or scratch)
        photos = photos_or_sample(arguments.photos, work, SAMPLE)
        for seed in range(arguments.seeds):
            for name, found in answered(work, photos, seed, arguments).items():
                answers[name].append(found)
    shared = [sorted(one.image_ids) for one in answers[PROBE]]
    measured = measure(answers, shared)
    ahead = {kind: measured[WITH_SIMILARITY].figure(kind, less=measured[PROBE]) for kind in REPORTED}
    publish("linear_probe", report(measured, len(shared), sum(map(len, shared))), write=arguments.write)
    return int(any(figure.high < 0 for figure in ahead.values()))


def answered(work: Path, photos: Path, seed: int, arguments: Namespace) -> dict[str, Answered]:
    """Return the predictions of all contestants for one draw, or read earlier ones."""
    kept = work / f"answers-{seed}.json"
    if not kept.exists():
        dataset, models = work / f"dataset-{seed}", work / f"models-{seed}"
        run(
            *(BIN / "spark-submit", JOBS / "preprocess.py", "--input", photos, "--output", dataset),
            *("--seed", seed, "--hold-out", arguments.hold_out),
        )
        found: dict[str, Answered] = {head: trained(dataset, models, head, seed, arguments) for head in HEADS}
        found[PROBE] = probed(dataset, models)
        kept.write_text(json.dumps({name: asdict(one) for name, one in found.items()}))
    return {name: Answered(**one) for name, one in json.loads(kept.read_text()).items()}


def trained(dataset: Path, models: Path, head: str, seed: int, arguments: Namespace) -> Answered:
    """Train three members with a head on frozen layers, and predict the hold-out."""
    for member in models.glob("member-*"):  # of another head; features are kept
        shutil.rmtree(member)
    run(
        *(BIN / "python", JOBS / "train.py", "--dataset", dataset, "--models", models, "--member", "all"),
        *("--trainable-layers", "0", "--cache-features", "--head", head, "--seed", seed),
        *("--backbone", arguments.backbone, "--weights", arguments.weights),
        *("--image-size", arguments.image_size, "--pooling", arguments.pooling),
    )
    return ask(str(dataset), str(models))


def probed(dataset: Path, models: Path) -> Answered:
    """Fit the probe to the features of member 0, and predict the hold-out with its best strength."""
    names = np.array([row.landmark_id for row in read_classes(str(dataset))])
    rows = features_in(models, COMMON, training_directory(0))
    features, classes = columns(rows)
    held_out = features_in(models, VALIDATION)
    asked, truth = columns(held_out)
    scale = np.sqrt(np.mean(np.square(features)))
    chances = max(
        (chances_of(features / scale, classes, asked / scale, strength) for strength in STRENGTHS),
        key=lambda found: np.mean(found.argmax(axis=1) == truth),
    )
    labels = names[chances.argmax(axis=1)].tolist()
    scores = chances.max(axis=1).tolist()
    ids = [image_id.decode() for image_id in held_out["image_id"].to_pylist()]
    # The probe is both the only member and the vote.
    return Answered(ids, names[truth].tolist(), [labels] * 2, [scores] * 2, len(rows), len(names))


def chances_of(
    features: NDArray[np.float32], classes: NDArray[np.int64], asked: NDArray[np.float32], strength: float
) -> NDArray[np.float64]:
    """Fit logistic regression; return the probabilities of all classes, (photos, classes)."""
    fitted = LogisticRegression(C=strength, max_iter=STEPS).fit(features, classes)
    chances: NDArray[np.float64] = fitted.predict_proba(asked)
    return chances


def features_in(models: Path, *directories: str) -> pa.Table:
    """Return the cached features of some directories of the data set."""
    paths = [
        path
        for directory in directories
        for path in sorted((models / FEATURES).glob(f"*/{directory}/*.parquet"))
    ]
    return pa.concat_tables([pq.read_table(path) for path in paths])


def columns(rows: pa.Table) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return the features and the class indices of rows."""
    features = np.stack(rows[FEATURES].to_numpy()).astype(np.float32)
    return features, rows["class_index"].to_numpy().astype(np.int64)


def report(measured: dict[str, Measured], seeds: int, photos: int) -> str:
    """Return the tables."""
    header = ["contestant", "members, mean top-1", "vote, top-1", "vote, mean per class", "vote, GAP"]
    rows = [
        [name, f"{one.member:.3f}", *(str(one.figure(kind)) for kind in REPORTED)]
        for name, one in measured.items()
    ]
    differences = [
        [
            f"{head} minus {PROBE}",
            *(str(measured[head].figure(kind, less=measured[PROBE])) for kind in REPORTED),
        ]
        for head in HEADS
    ]
    return (
        f"{seeds} seeds, {photos} photos:\n\n{markdown_table(header, rows)}\n\n"
        f"{markdown_table(['difference', 'top-1', 'mean per class', 'GAP'], differences)}"
    )


if __name__ == "__main__":
    sys.exit(main(arguments))
