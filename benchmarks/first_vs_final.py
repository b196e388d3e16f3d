"""The paper's experiment: its first approach against its final one, and two baselines that it lacks.

    python benchmarks/first_vs_final.py [--write] [--weights FILE] [--photos DIR] [--seeds 3]
    python benchmarks/first_vs_final.py --backbone MobileNetV3Small --weights sample --image-size 96

The second command needs no network: its weights come with landmark_sample.

Makes four data sets from the same photos, trains three members on each (heads on frozen features, default
settings), lets them vote, and evaluates all on the same photos: the held-out photos of the classes that all
approaches have. Each seed draws a new hold-out, new members and new heads. The photos of all seeds are
pooled; intervals are from a bootstrap over them, with the same resamples for all approaches. Predictions are
kept in the work directory.
"""

import json
import shutil
import sys
import tempfile
from argparse import Namespace
from dataclasses import asdict, dataclass
from pathlib import Path

from arguments import parse

if __name__ == "__main__":
    arguments = parse(
        __doc__,
        backbone=("ResNet50", "network of keras.applications, as for jobs/train.py"),
        weights=("imagenet", "initial weights, as for jobs/train.py"),
        photos=(None, "folder of folders, one per landmark; default: a rendered sample"),
        image_size=("64", "side of the network's input in pixels"),
        epochs=("8", "passes over the training rows"),
        seeds=(3, "number of repetitions with new random draws"),
        work=(None, "directory for photos, data sets, models and predictions; kept"),
    )

import numpy as np
from numpy.typing import NDArray
from results import markdown_table, publish
from tuned_vs_default import BIN, JOBS, photos_or_sample, run

from landmark_lib.dataset import read_classes, read_manifest
from landmark_lib.digits import decimal
from landmark_lib.evaluation.ensemble_outputs import predict_hold_out
from landmark_lib.evaluation.networks import load_members
from landmark_lib.evaluation_results import Figure
from landmark_lib.hold_out import read_hold_out
from landmark_lib.method.intervals import (
    FIGURES,
    RESAMPLES,
    gap_of_copies,
    interval,
    resampled_figures,
)
from landmark_lib.method.metrics import mean_class_accuracy
from landmark_lib.predictions import Predictions
from landmark_lib.settings.views import PLAIN, Views
from landmark_lib.training.member_data import validation_shards

SAMPLE = ["--labels", "60", "--photos", "2000", "--longest-side", "400"]
NO_BALANCING = ["--approach", "final", "--cutoff", "1000000", "--target", "1"]
# Options of jobs/preprocess.py and jobs/train.py.
APPROACHES = {
    "first": (["--approach", "first"], []),
    "final": (["--approach", "final"], []),
    "no balancing": (NO_BALANCING, []),
    "class weights": (NO_BALANCING, ["--class-weights", "balanced"]),
}
REFERENCE = "final"
MEMBER_0 = ("train/common/", "train/member-0/")
BATCH = 32
REPORTED = ("top_1", "mean_class_accuracy", "gap")
PAPER = (
    "The paper reports an accuracy of 0.40 on photos of landmarks, and a GAP of 0.011 on a test set full of"
    " photos that show none. These figures are not comparable with the ones above: its photos were"
    " withdrawn, it had a hundred times as many landmarks, and its networks trained longer on larger images."
    " Only the rows of one table are comparable."
)


@dataclass(frozen=True)
class Answered:
    """The predictions of three members and their vote for the hold-out of one data set.

    Attributes:
        image_ids, truth: Id and landmark of each photo.
        labels, scores: Label and score of each photo, per voter, the ensemble last.
        rows: Training rows of a member.
        classes: Number of classes of the data set.
    """

    image_ids: list[str]
    truth: list[str]
    labels: list[list[str]]
    scores: list[list[float]]
    rows: int
    classes: int


def main(arguments: Namespace) -> int:
    """Measure, print, and return the exit status."""
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(arguments.work or scratch)
        photos = photos_or_sample(arguments.photos, work, SAMPLE)
        answers = {
            name: [answered(work, photos, name, seed, arguments) for seed in range(arguments.seeds)]
            for name in APPROACHES
        }
    publish("first_vs_final", report(answers), write=arguments.write)
    return 0


def answered(work: Path, photos: Path, name: str, seed: int, arguments: Namespace) -> Answered:
    """Make a data set, train its members and predict, or read earlier predictions."""
    kept = work / "answers" / f"{name}-{seed}.json".replace(" ", "-")
    if not kept.exists():
        preprocessing, training = APPROACHES[name]
        # Each approach replaces the previous one; the resized photos are kept.
        dataset, models = work / f"dataset-{seed}", work / "models"
        run(
            *(BIN / "spark-submit", JOBS / "preprocess.py", "--input", photos, "--output", dataset),
            *("--overwrite", "--seed", seed, *preprocessing),
        )
        run(
            *(BIN / "python", JOBS / "train.py", "--dataset", dataset, "--models", models, *training),
            *("--trainable-layers", "0", "--cache-features", "--member", "all", "--seed", seed),
            *("--backbone", arguments.backbone, "--weights", arguments.weights),
            *("--image-size", arguments.image_size, "--epochs", arguments.epochs, "--head", "softmax"),
            *("--pooling", "avg", "--feature-length", "0", "--weight-averaging", "none"),
        )
        kept.parent.mkdir(exist_ok=True)
        kept.write_text(json.dumps(asdict(ask(str(dataset), str(models)))))
        for member in models.glob("member-*"):  # features are kept: the next approach may share the data set
            shutil.rmtree(member)
    return Answered(**json.loads(kept.read_text()))


def ask(root: str, models: str, views: Views = PLAIN) -> Answered:
    """Predict the hold-out with all members, and let them vote."""
    manifest = read_manifest(root)
    validation = validation_shards(root, manifest)
    hold_out = read_hold_out(root, manifest)
    outputs = predict_hold_out(load_members(models, views), hold_out, validation, BATCH)
    names = np.array([row.landmark_id for row in read_classes(root)])
    voters = [voter.predictions for voter in (*outputs.members, outputs.ensemble)]
    return Answered(
        image_ids=list(hold_out.image_ids),
        truth=names[hold_out.truth].tolist(),
        labels=[names[voter.first].tolist() for voter in voters],
        scores=[voter.first_scores.tolist() for voter in voters],
        rows=sum(record.rows for record in manifest.files if record.path.startswith(MEMBER_0)),
        classes=len(names),
    )


def report(answers: dict[str, list[Answered]]) -> str:
    """Return the tables and their explanation."""
    shared = [
        sorted(set.intersection(*(set(one.image_ids) for one in of_one_seed)))
        for of_one_seed in zip(*answers.values(), strict=True)
    ]
    measured = measure(answers, shared)
    rows = [row(name, of_seeds, measured[name]) for name, of_seeds in answers.items()]
    header = ["approach", "rows per member", "landmarks", "members, mean top-1", "vote, top-1"]
    header += ["vote, mean per class", "vote, GAP", "vote, top-1 on its own hold-out"]
    final = measured[REFERENCE]
    ahead = {
        name: {kind: final.figure(kind, less=other) for kind in REPORTED}
        for name, other in measured.items()
        if name != REFERENCE
    }
    differences = [[name, *map(str, of_kinds.values())] for name, of_kinds in ahead.items()]
    against = markdown_table([f"vote: {REFERENCE} minus …", "top-1", "mean per class", "GAP"], differences)
    top_1 = {name: of_kinds["top_1"] for name, of_kinds in ahead.items()}
    beyond = [name for name, found in top_1.items() if found.low > 0 or found.high < 0]
    verdict = (
        f"In top-1 accuracy, the vote of the {REFERENCE} approach differs beyond chance (95 % interval) from:"
        f" {', '.join(beyond) or 'none of the others'}."
    )
    return (
        f"{len(shared)} seeds, {sum(map(len, shared))} photos, of the landmarks that all approaches have:\n\n"
        f"{markdown_table(header, rows)}\n\n{against}\n\n{verdict}\n\n{PAPER}"
    )


@dataclass(frozen=True)
class Measured:
    """The figures of an approach on the shared photos.

    Attributes:
        member: Mean top-1 accuracy of its members.
        vote: Figures of its vote.
        resamples: The same on resamples of the photos, (resamples,) each.
    """

    member: float
    vote: dict[str, float]
    resamples: dict[str, NDArray[np.float64]]

    def figure(self, kind: str, less: "Measured | None" = None) -> Figure:
        """Return a figure with its interval, or its difference from another approach's."""
        if less is None:
            return Figure(self.vote[kind], *interval(self.resamples[kind]))
        drawn = self.resamples[kind] - less.resamples[kind]
        return Figure(self.vote[kind] - less.vote[kind], *interval(drawn))


def row(name: str, of_seeds: list[Answered], measured: Measured) -> list[str]:
    """Return the row of an approach."""
    own = [np.mean(np.array(one.labels[-1]) == np.array(one.truth)) for one in of_seeds]
    return [
        name,
        f"{np.mean([one.rows for one in of_seeds]):,.0f}",
        f"{of_seeds[0].classes}",
        decimal(measured.member),
        *(str(measured.figure(kind)) for kind in REPORTED),
        decimal(float(np.mean(own))),
    ]


def measure(answers: dict[str, list[Answered]], shared: list[list[str]]) -> dict[str, Measured]:
    """Evaluate all approaches on the shared photos of all seeds."""
    every = [one for of_seeds in answers.values() for one in of_seeds]
    known = sorted({label for one in every for some in (one.truth, *one.labels) for label in some})
    numbers = {landmark: number for number, landmark in enumerate(known)}
    pooled = {name: pool(of_seeds, shared, numbers) for name, of_seeds in answers.items()}
    truth = next(truth for truth, _ in pooled.values())
    voters = [voter for _, of_one in pooled.values() for voter in of_one]
    drawn = iter(resampled_figures(voters, truth, len(known), resamples=RESAMPLES, seed=0))
    found = {}
    for name, (_, of_one) in pooled.items():
        *_, of_vote = (next(drawn) for _ in of_one)
        members = [float(np.mean(member.right(truth))) for member in of_one[:-1]]
        resamples = {kind: of_vote[:, FIGURES.index(kind)] for kind in REPORTED}
        found[name] = Measured(float(np.mean(members)), vote_figures(of_one[-1], truth), resamples)
    return found


def vote_figures(vote: Predictions, truth: NDArray[np.int64]) -> dict[str, float]:
    """Return the figures of the vote on all photos."""
    right = vote.right(truth)
    ranked = right[np.argsort(-vote.first_scores, kind="stable")]
    return {
        "top_1": float(right.mean()),
        "mean_class_accuracy": mean_class_accuracy(vote.first, truth),
        "gap": gap_of_copies(ranked, np.ones(len(truth), np.int64), len(truth)),
    }


def pool(
    of_seeds: list[Answered], shared: list[list[str]], numbers: dict[str, int]
) -> tuple[NDArray[np.int64], list[Predictions]]:
    """Return the truth and the predictions of each voter for the shared photos, seed by seed."""
    truth: list[int] = []
    labels: list[list[int]] = [[] for _ in of_seeds[0].labels]
    scores: list[list[float]] = [[] for _ in of_seeds[0].labels]
    for one, image_ids in zip(of_seeds, shared, strict=True):
        places = {image_id: place for place, image_id in enumerate(one.image_ids)}
        here = [places[image_id] for image_id in image_ids]
        truth += [numbers[one.truth[place]] for place in here]
        for voter, (given, sure) in enumerate(zip(one.labels, one.scores, strict=True)):
            labels[voter] += [numbers[given[place]] for place in here]
            scores[voter] += [sure[place] for place in here]
    return np.array(truth, np.int64), [
        Predictions(np.array(of_voter, np.int64)[:, np.newaxis], np.array(sure)[:, np.newaxis])
        for of_voter, sure in zip(labels, scores, strict=True)
    ]


if __name__ == "__main__":
    sys.exit(main(arguments))
