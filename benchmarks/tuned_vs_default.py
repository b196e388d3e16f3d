"""What tuning is worth on the sample: the tuned ensemble against the one with default settings.

    python benchmarks/tuned_vs_default.py [--write] [--weights FILE] [--work DIR] [--trainable-layers 0,12]

Renders a larger sample than the demo's, with hundreds of held-out photos, and trains quickly: at 64 pixels,
with few passes. One half of the hold-out selects, the other half measures, paired by photo. Exit
status 1 if the 95 % interval of the difference reaches 0. Resumes in an existing work directory.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from results import markdown_table, publish

from landmark_lib.digits import decimal
from landmark_lib.report.tuning_sections import setting_text
from landmark_lib.tuning_results import EnsembleResult, TrialResult, Tuning, read_tuning

BIN = Path(sys.executable).parent
JOBS = Path(__file__).parents[1] / "jobs"
SAMPLE = ["--labels", "40", "--photos", "6000", "--longest-side", "400"]
DATASET = ["--hold-out", "40", "--min-label-count", "50"]
TRAINING = ["--image-size", "64", "--epochs", "8", "--epochs-per-pass", "2"]


def main() -> int:
    """Measure, print, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--write", action="store_true", help="write the table to benchmarks/RESULTS.md")
    parser.add_argument("--weights", default="imagenet", help="initial weights, as for jobs/tune.py")
    parser.add_argument("--work", help="directory for photos, data set and trials; kept")
    parser.add_argument("--trials", default="24", help="total number of trials")
    parser.add_argument("--trainable-layers", default="0,12", help="to search; the first is the default's")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(arguments.work or scratch)
        write_dataset(work)
        layers = ["--trainable-layers", arguments.trainable_layers]
        run(
            *(BIN / "python", JOBS / "tune.py", "--dataset", work / "dataset", "--models", work / "models"),
            *(*TRAINING, *layers, "--weights", arguments.weights, "--trials", arguments.trials),
        )
        found = read_tuning(str(work / "models"))
    if found is None or found.default is None or found.top_1_difference is None:
        sys.exit("a trial with the defaults failed, so there is nothing to compare with")
    better = found.top_1_difference.low > 0
    publish("tuned_vs_default", report(found, better=better), write=arguments.write)
    return int(not better)


def write_dataset(work: Path) -> None:
    """Render the sample and preprocess it, unless already done."""
    run(
        *(BIN / "spark-submit", JOBS / "preprocess.py"),
        *("--input", photos_or_sample(None, work, SAMPLE), "--output", work / "dataset", *DATASET),
    )


def photos_or_sample(photos: str | None, work: Path, sample: Sequence[str]) -> Path:
    """Return the folder of photos that was given, or one with a sample, rendered with these options once."""
    folder = Path(photos or work / "photos")
    if not folder.exists():
        run(BIN / "python", "-m", "landmark_sample", "--output", folder, *sample)
    return folder


def report(found: Tuning, *, better: bool) -> str:
    """Return the table and the verdict on the goal."""
    states = Counter(trial.state for trial in found.trials)
    minutes = sum(trial.seconds for trial in found.trials) / 60
    by_number = {trial.number: trial for trial in found.trials}
    members = "; ".join(settings_of(by_number[number]) for number in found.tuned.trials)
    rows = [row("tuned", found.tuned)]
    if found.default and found.top_1_difference and found.gap_difference:
        rows.append(row("default", found.default))
        rows.append(["difference", "", str(found.top_1_difference), str(found.gap_difference)])
    table = markdown_table(["ensemble", "top-1 on the selection half", "top-1", "GAP"], rows)
    goal = "Goal met" if better else "Goal missed"
    return (
        f"{len(found.trials)} trials ({states['pruned']} pruned, {states['failed']} failed),"
        f" {minutes:.0f} minutes; selected on {found.selection_photos} photos, measured on the other"
        f" {found.reporting_photos}:\n\n{table}\n\nMembers: {members}.\n\n"
        f"{goal}: tuned better than default by more than the interval of the difference."
    )


def settings_of(trial: TrialResult) -> str:
    """Return the settings of a trial as text."""
    named = ((name.replace("_", " "), value) for name, value in trial.parameters.items())
    return ", ".join(f"{name} {setting_text(value)}" for name, value in named)


def row(name: str, ensemble: EnsembleResult) -> list[str]:
    """Return the row of an ensemble."""
    return [name, decimal(ensemble.selection_accuracy), str(ensemble.top_1), str(ensemble.gap)]


def run(*command: object) -> None:
    """Run a command with its output shown. Fail if it fails."""
    environment = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}"}
    subprocess.run([str(part) for part in command], check=True, env=environment)


if __name__ == "__main__":
    sys.exit(main())
