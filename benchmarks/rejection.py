"""What rejecting photos without a landmark is worth: GAP by their share, with and without rejection.

    python benchmarks/rejection.py [--write] [--weights FILE] [--photos DIR --no-landmark DIR]

Trains three heads on frozen features, with default settings, then evaluates with `--no-landmark`: half of the
photos of both kinds are used to fit and calibrate, the others to measure. By default the photos are a
rendered sample and rendered surroundings. Exit status 1 if they still cost more than 1 % of GAP and more than
half of what they cost by the score, or if more than 1 % of GAP is lost without any. For the rendered sample,
the same is reported for buildings that belong to no class: they show a landmark, but an unknown one. By
`--head softmax`, the paper's, they cost most.
"""

import sys
import tempfile
from argparse import Namespace
from pathlib import Path

from arguments import parse

if __name__ == "__main__":
    arguments = parse(
        __doc__,
        backbone=("ResNet50", "network of keras.applications, as for jobs/train.py"),
        weights=("imagenet", "initial weights, as for jobs/train.py"),
        head=("similarity", "head of each member, as for jobs/train.py"),
        image_size=("224", "side of the network's input in pixels"),
        photos=(None, "folder of folders, one per landmark; default: a rendered sample"),
        no_landmark=(None, "photos that show no landmark; default: rendered ones"),
        work=(None, "directory for photos, data set and models; kept"),
    )

from results import markdown_table, publish
from tuned_vs_default import BIN, JOBS, SAMPLE, run

from landmark_lib.digits import share
from landmark_lib.evaluation.evaluate import evaluate
from landmark_lib.evaluation_results import RejectionResult
from landmark_lib.settings import EvaluateSettings
from landmark_sample.write import BUILDINGS, SURROUNDINGS

NO_LANDMARK = ["--landmark-free", "--photos", "1000", "--longest-side", "400", "--seed", "1"]
SHOWS_NONE, SHOWS_UNKNOWN = "no landmark", "buildings of no class"
HOLD_OUT = ["--hold-out", "10", "--min-label-count", "3"]
TRAINING = ["--trainable-layers", "0", "--cache-features", "--epochs", "8", "--member", "all"]
WON_BACK, LOST = 0.5, 0.01


def main(arguments: Namespace) -> int:
    """Measure, print, and return the exit status."""
    if bool(arguments.photos) != bool(arguments.no_landmark):
        sys.exit("--photos and --no-landmark go together")
    with tempfile.TemporaryDirectory() as scratch:
        found = measured(Path(arguments.work or scratch), arguments)
    shares = found[SHOWS_NONE].shares
    whole = shares[0].plain.value
    met = all(
        at.rejecting.value >= (1 - LOST) * whole
        or (at.won_back is not None and at.won_back.value >= WON_BACK)
        for at in shares
    )
    publish("rejection", report(found, met=met), write=arguments.write)
    return int(not met)


def measured(work: Path, arguments: Namespace) -> dict[str, RejectionResult]:
    """Make the data set, train, and evaluate with each kind of other photos."""
    photos = Path(arguments.photos or work / "photos")
    rendered = work / "no-landmark"
    others = {SHOWS_NONE: rendered / SURROUNDINGS, SHOWS_UNKNOWN: rendered / BUILDINGS}
    if arguments.no_landmark:
        others = {SHOWS_NONE: Path(arguments.no_landmark)}
    elif not photos.exists():
        run(BIN / "python", "-m", "landmark_sample", "--output", photos, *SAMPLE)
        run(BIN / "python", "-m", "landmark_sample", "--output", rendered, *NO_LANDMARK)
    paths = ["--dataset", work / "dataset", "--models", work / "models"]
    run(
        *(BIN / "spark-submit", JOBS / "preprocess.py", "--input", photos),
        *("--output", work / "dataset", *HOLD_OUT),
    )
    network = ["--backbone", arguments.backbone, "--weights", arguments.weights, "--head", arguments.head]
    training = [*TRAINING, *network, "--image-size", arguments.image_size]
    run(BIN / "python", JOBS / "train.py", *paths, *training)
    return {kind: evaluated(work, folder) for kind, folder in others.items()}


def evaluated(work: Path, others: Path) -> RejectionResult:
    """Evaluate with a folder of photos that show none of the landmarks."""
    settings = EvaluateSettings(models=str(work / "models"), no_landmark=str(others))
    evaluation, _ = evaluate(settings, str(work / "dataset"))
    if evaluation.rejection is None:
        sys.exit(f"no rejection was learned: {evaluation.no_rejection}")
    return evaluation.rejection


def report(found: dict[str, RejectionResult], *, met: bool) -> str:
    """Return the tables and the verdict on the goals."""
    return (
        "\n\n".join(table(kind, of_kind) for kind, of_kind in found.items())
        + f"\n\n{'Goals met' if met else 'A goal is missed'} on photos of {SHOWS_NONE}: at least"
        f" {share(WON_BACK)} of the cost won back or at most {share(LOST)} of GAP left to win, and at most"
        f" {share(LOST)} lost where all photos show a landmark."
    )


def table(kind: str, found: RejectionResult) -> str:
    """Return the table of one kind of other photos."""
    header = [f"share of {kind}", "GAP, vote score", "GAP, rejection", "won back"]
    rows = [
        [share(at.share), str(at.plain), str(at.rejecting), str(at.won_back or "")] for at in found.shares
    ]
    return (
        f"Measured on {found.photos} photos of landmarks and {found.landmark_free} of {kind}:\n\n"
        f"{markdown_table(header, rows)}\n\n"
        f"At the threshold, {share(found.right_kept)} of the right predictions are kept and"
        f" {share(found.landmark_free_rejected)} of the photos of {kind} are rejected."
    )


if __name__ == "__main__":
    sys.exit(main(arguments))
