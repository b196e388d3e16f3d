"""Training reads data sets of every format version."""

import pytest
from commands import REPOSITORY

from landmark_lib import dataset

GOLDEN = sorted(path for path in (REPOSITORY / "tests" / "golden").iterdir() if path.is_dir())


@pytest.fixture(params=GOLDEN, ids=lambda path: f"format {path.name}")
def root(request):
    return str(request.param)


def test_training_reads_its_rows(root, one_rank):
    from landmark_lib.settings import TrainSettings, from_flat
    from landmark_lib.training.member_data import read_member_data
    from landmark_lib.training.reading import read_slices
    from landmark_lib.training.stream import TRAINED, training_batches

    member = read_member_data(root, dataset.read_manifest(root), 1)
    assert member.rows == 6
    slices = member.epoch(from_flat(TrainSettings, {"batch_size": 3}), epoch=0, rank=0, ranks=1)
    batches = list(training_batches(lambda: read_slices(member.training, slices, TRAINED), 32, 3, seed=0))
    assert sorted(label for _, labels in batches for label in labels.numpy()) == [0, 0, 0, 1, 1, 1]
