"""Train one member of the ensemble, or all: `horovodrun -np 2 python jobs/train.py`."""

from typing import NoReturn

from landmark_lib.command_line import given_or_default, next_command, run_job
from landmark_lib.console import is_rank_0, show, visible
from landmark_lib.logs import LOGGER
from landmark_lib.settings import DATASET_DIRECTORY, TrainSettings
from landmark_lib.surroundings import quick_import


def train(settings: TrainSettings) -> None:
    """Fine-tune ResNet50 on the shards of a data set, on one process, or on many under horovodrun.

    Each member of the ensemble is trained on its own training set: dropout and one dense layer on top of
    ResNet50, whose last convolutional layers are trainable. The best and the last model and the history are
    written to member-<k> in the models' directory. Run the same command to resume.
    """
    from landmark_lib.training.checks import check_training

    root = given_or_default("--dataset", settings.dataset, DATASET_DIRECTORY)
    check_training(settings, root)  # takes a moment, where TensorFlow takes some seconds
    LOGGER.info("loading TensorFlow")
    with quick_import():
        from landmark_lib.training.loop import train as run

    run(settings, root)
    if is_rank_0():
        show(f"Models and their curves: {visible(settings.models)}")
        show(next_command("Evaluate them", "evaluate", dataset=root, models=settings.models))


def main() -> NoReturn:
    """Run the job with this process's command line."""
    run_job(TrainSettings, train)


if __name__ == "__main__":
    main()
