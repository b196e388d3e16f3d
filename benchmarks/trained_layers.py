"""What training layers of the backbone brings, by the photos of a landmark and by how the layers learn.

    python benchmarks/trained_layers.py [--write] [--weights FILE] [--photos DIR --hold-out 5]
    python benchmarks/trained_layers.py --backbone MobileNetV3Small --weights sample --image-size 96

One member for each number of trained layers, twice: as by default (the head first, then the backbone at a
tenth of the rate), and all at once at the head's rate, as in the paper. Training sets have no copies and at
most so many photos of a landmark (--cutoff); the hold-out is the same. Outputs of frozen layers are cached.
The photos of all seeds are pooled; intervals are from a bootstrap over them, with the same resamples for all
contestants. Exit status 1 if trained layers with default settings are worse than none.
"""

import json
import sys
import tempfile
from argparse import Namespace
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from arguments import parse

if __name__ == "__main__":
    arguments = parse(
        __doc__,
        backbone=("ResNet50", "network of keras.applications, as for jobs/train.py"),
        weights=("imagenet", "initial weights, as for jobs/train.py"),
        image_size=("224", "side of the network's input in pixels"),
        photos=(None, "folder of folders, one per landmark; default: a rendered sample"),
        hold_out=("40", "photos of each class that are held out"),
        per_class=("5 20 80", "photos of a landmark to train on, at most"),
        layers=("0 3 12", "numbers of trained layers, the first to compare with"),
        epochs=("10", "epochs of each training"),
        seeds=(2, "number of repetitions with new random draws"),
        work=(None, "directory for photos, data sets, models and predictions; kept"),
    )

from first_vs_final import Answered, Measured, ask, measure
from results import markdown_table, publish
from tuned_vs_default import BIN, JOBS, SAMPLE, photos_or_sample, run

TOGETHER = ("--head-epochs", "0", "--backbone-lr-factor", "1")
NAMES = {"as by default": (), "all at once": TOGETHER}


def main(arguments: Namespace) -> int:
    """Measure, print, and return the exit status."""
    rows, worse = [], []
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(arguments.work or scratch)
        photos = photos_or_sample(arguments.photos, work, SAMPLE)
        for count in arguments.per_class.split():
            answers: dict[str, list[Answered]] = {name: [] for name, *_ in contestants(arguments)}
            for seed in range(arguments.seeds):
                dataset = write_dataset(work, photos, count, seed, arguments.hold_out)
                for name, layers, options in contestants(arguments):
                    answers[name].append(answered(work, dataset, name, layers, options, seed, arguments))
            shared = [sorted(one.image_ids) for one in next(iter(answers.values()))]
            measured = measure(answers, shared)
            rows += list(table_rows(count, answers, measured))
            worse += [f"{count} photos, {name}" for name in defaults_worse_than_none(measured)]
    header = ["photos of a landmark", "trained layers", "top-1", "minus none", "GAP, minus none"]
    table = f"{arguments.backbone} from {arguments.weights}:\n\n{markdown_table(header, rows)}"
    verdict = f"Worse than none with default settings: {', '.join(worse) or 'nowhere'}."
    publish("trained_layers", f"{table}\n\n{verdict}", write=arguments.write)
    return int(bool(worse))


def contestants(arguments: Namespace) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Yield the name, the trained layers and the options of each contestant."""
    first, *others = arguments.layers.split()
    yield first, first, ()
    for layers in others:
        for name, options in NAMES.items():
            yield f"{layers}, {name}", layers, options


def write_dataset(work: Path, photos: Path, count: str, seed: int, hold_out: str) -> Path:
    """Preprocess the photos, unless already done; resized ones are kept from count to count."""
    dataset, done = work / f"dataset-{seed}", work / f"dataset-{seed}.cutoff"
    if not done.exists() or done.read_text() != count:
        run(
            *(BIN / "spark-submit", JOBS / "preprocess.py", "--input", photos, "--output", dataset),
            *("--overwrite", "--seed", seed, "--hold-out", hold_out, "--cutoff", count, "--target", "1"),
        )
        done.write_text(count)
    return dataset


def answered(
    work: Path,
    dataset: Path,
    name: str,
    layers: str,
    options: tuple[str, ...],
    seed: int,
    arguments: Namespace,
) -> Answered:
    """Train a member and predict the hold-out, or read earlier predictions."""
    models = work / f"{dataset.with_suffix('.cutoff').read_text()}-{seed}-{name}".replace(" ", "-")
    kept = models / "answers.json"
    if not kept.exists():
        run(
            *(BIN / "python", JOBS / "train.py", "--dataset", dataset, "--models", models, "--member", "0"),
            *("--trainable-layers", layers, "--cache-features", "--seed", seed, *options),
            *("--backbone", arguments.backbone, "--weights", arguments.weights),
            *("--image-size", arguments.image_size, "--epochs", arguments.epochs),
        )
        kept.write_text(json.dumps(asdict(ask(str(dataset), str(models)))))
    return Answered(**json.loads(kept.read_text()))


def table_rows(
    count: str, answers: dict[str, list[Answered]], measured: dict[str, Measured]
) -> Iterator[list[str]]:
    """Yield the rows of one number of photos."""
    none = next(iter(measured.values()))
    for name in answers:
        one = measured[name]
        differences = ["", ""]
        if one is not none:
            differences = [str(one.figure(kind, less=none)) for kind in ("top_1", "gap")]
        yield [count, name, str(one.figure("top_1")), *differences]


def defaults_worse_than_none(measured: dict[str, Measured]) -> list[str]:
    """Return the default contestants whose top-1 is below that of no trained layers beyond chance."""
    none = next(iter(measured.values()))
    return [
        name
        for name, one in measured.items()
        if name.endswith("as by default") and one.figure("top_1", less=none).high < 0
    ]


if __name__ == "__main__":
    sys.exit(main(arguments))
