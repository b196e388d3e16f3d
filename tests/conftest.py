"""What several folders of tests share."""

import pytest
from hypothesis import settings

from landmark_lib.logs import start_logging

# A deadline measures how busy the machine is, not whether the code is right.
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")


@pytest.fixture(autouse=True)
def _logging():
    """Send the log to stderr as the jobs do."""
    start_logging()


@pytest.fixture(scope="session")
def one_rank():
    """Start Horovod on this process alone, before TensorFlow has fixed its threads."""
    from landmark_lib.training.horovod_step import start_ranks

    return start_ranks()


@pytest.fixture(scope="session")
def small_dataset(tmp_path_factory):
    """A small data set written without Spark; gives its root."""
    from small_dataset import write_small_dataset

    root = str(tmp_path_factory.mktemp("small") / "dataset")
    write_small_dataset(root)
    return root
