"""Search for better settings of the members: `python jobs/tune.py`."""

import os
from pathlib import Path
from typing import NoReturn

from landmark_lib.command_line import given_or_default, run_job
from landmark_lib.console import show
from landmark_lib.errors import UserError
from landmark_lib.logs import LOGGER
from landmark_lib.settings import DATASET_DIRECTORY, TuneSettings
from landmark_lib.surroundings import quick_import

TRAIN = Path(__file__).resolve().with_name("train.py")


def tune(settings: TuneSettings) -> None:
    """Search for better settings of the members, and choose those that vote best together.

    Each trial trains one member: its head and its trainable layers, on what the frozen layers return, which
    is computed once; or its whole network, under horovodrun. Bad trials are stopped early. Run the same
    command to resume, or start it several times on one machine to search with several workers.

    Writes members.yaml for `jobs/train.py --config`, tune.json and tune.html to the folder tuning in the
    models' directory.
    """
    if "HOROVOD_RANK" in os.environ:
        raise UserError("jobs/tune.py starts horovodrun itself: run it as `python jobs/tune.py`")
    from landmark_lib.tuning.search import open_search

    root = given_or_default("--dataset", settings.dataset, DATASET_DIRECTORY)
    search = open_search(settings, root)
    LOGGER.info("loading TensorFlow")
    with quick_import():
        from landmark_lib.tuning.describe import describe
        from landmark_lib.tuning.loop import tune as run

    found = run(settings, search, TRAIN)
    if found:
        show(describe(found, settings.models))


def main() -> NoReturn:
    """Run the job with this process's command line."""
    run_job(TuneSettings, tune)


if __name__ == "__main__":
    main()
