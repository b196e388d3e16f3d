"""Data sets of every format version stay readable for ever."""

import hashlib
from pathlib import Path

import pytest

from landmark_lib import dataset
from landmark_lib.storage import Place

GOLDEN = sorted(path for path in (Path(__file__).parent / "golden").iterdir() if path.is_dir())


@pytest.fixture(params=GOLDEN, ids=lambda path: f"format {path.name}")
def root(request):
    return str(request.param)


def test_there_is_one_of_this_format():
    assert str(dataset.FORMAT_VERSION) in {path.name for path in GOLDEN}


def test_its_files_are_what_its_manifest_says(root):
    manifest = dataset.read_manifest(root)
    assert {record.path.split("/")[0] for record in manifest.files} >= {
        "corpus",
        "plan",
        "train",
        "validation",
    }
    for record in manifest.files:
        content = (Place(root) / record.path).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (record.bytes, record.sha256)
        assert dataset.read_table(root, record.path).num_rows == record.rows


def test_training_reads_its_rows(root, one_rank):
    from landmark_lib.settings import TrainSettings
    from landmark_lib.training.member_data import read_member_data
    from landmark_lib.training.reading import read_slices
    from landmark_lib.training.stream import TRAINED, training_batches

    member = read_member_data(root, dataset.read_manifest(root), 1)
    assert member.rows == 6
    slices = member.epoch(TrainSettings(batch_size=3), epoch=0, rank=0, ranks=1)
    batches = list(training_batches(lambda: read_slices(member.training, slices, TRAINED), 32, 3, seed=0))
    assert sorted(label for _, labels in batches for label in labels.numpy()) == [0, 0, 0, 1, 1, 1]
