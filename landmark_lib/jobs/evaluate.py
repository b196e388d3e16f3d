"""Evaluate the members and their vote: `python jobs/evaluate.py`."""

from typing import NoReturn

from landmark_lib.command_line import given_or_default, next_command, run_job
from landmark_lib.console import show, visible
from landmark_lib.logs import LOGGER
from landmark_lib.settings import DATASET_DIRECTORY, EvaluateSettings
from landmark_lib.settings.views import PLAIN
from landmark_lib.surroundings import quick_import


def evaluate(settings: EvaluateSettings) -> None:
    """Evaluate every trained member and the ensemble's vote on the hold-out of a data set.

    The ensemble's label is the majority of its members' labels; ties go to the larger summed confidence.
    Prints accuracy (top-1, top-5, mean per class) and GAP. Writes them with the confusion matrix as JSON, and
    as a report.
    """
    from landmark_lib.dataset import REPORT, read_classes
    from landmark_lib.evaluation.checks import check_evaluation
    from landmark_lib.evaluation.table import describe_evaluation

    root = given_or_default("--dataset", settings.dataset, DATASET_DIRECTORY)
    members = check_evaluation(settings, root)
    LOGGER.info(f"loading TensorFlow and {len(members):,} members")
    with quick_import():
        from landmark_lib.evaluation.evaluate import evaluate as run

    evaluation, path = run(settings, root)
    show(describe_evaluation(evaluation, read_classes(root)))
    show(f"\nResults: {visible(path)}\nReport: {visible(path.parent / REPORT)}")
    views = {} if settings.views == PLAIN else {"views": settings.views}
    show(next_command("Predict other photos", "predict", input="PHOTOS", models=settings.models, **views))


def main() -> NoReturn:
    """Run the job with this process's command line."""
    run_job(EvaluateSettings, evaluate)


if __name__ == "__main__":
    main()
