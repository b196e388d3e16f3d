"""Evaluate the members and their vote: `python jobs/evaluate.py`."""

from typing import NoReturn

from landmark_lib.command_line import given_or_default, run_job
from landmark_lib.console import show, visible
from landmark_lib.settings import DATASET_DIRECTORY, EvaluateSettings


def evaluate(settings: EvaluateSettings) -> None:
    """Evaluate every trained member and the ensemble's vote on the hold-out of a data set.

    The ensemble's label is the majority of its members' labels; ties go to the larger summed confidence.
    Prints accuracy (top-1, top-5, mean per class) and GAP. Writes them with the confusion matrix as JSON, and
    as a report.
    """
    from landmark_lib.dataset import read_classes
    from landmark_lib.evaluation.evaluate import evaluate as run
    from landmark_lib.evaluation.table import describe_evaluation

    root = given_or_default("--dataset", settings.dataset, DATASET_DIRECTORY)
    evaluation, path = run(settings, root)
    show(describe_evaluation(evaluation, read_classes(root)))
    show(f"\nResults: {visible(path)}")


def main() -> NoReturn:
    """Run the job with this process's command line."""
    run_job(EvaluateSettings, evaluate)


if __name__ == "__main__":
    main()
