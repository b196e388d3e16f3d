"""Training reads a data set in an object store as it reads one on a disk."""

import pytest
import small_network
from job_runs import run_here
from small_dataset import image_id, write_small_dataset

from landmark_lib import dataset
from landmark_lib.method.epochs import ShardSlice
from landmark_lib.training.member_data import read_member_data
from landmark_lib.training.reading import read_slices

# Google's packages announce to everybody when they will drop this Python.
pytestmark = pytest.mark.filterwarnings("ignore:You are using a Python version:FutureWarning")


@pytest.fixture(scope="module")
def remote(bucket):
    root = f"{bucket}/dataset"
    write_small_dataset(root)
    return root


@pytest.mark.parametrize("copied", [False, True], ids=["directly", "through copies"])
def test_rows_of_an_object_store_are_read_in_order(remote, tmp_path, copied):
    cache = str(tmp_path) if copied else None
    member = read_member_data(remote, dataset.read_manifest(remote), 0, cache)
    groups = read_slices(member.training, [ShardSlice(3, 0, 11), ShardSlice(0, 5, 17)])
    assert [name for ids, _, _ in groups for name in ids] == [
        *(image_id("train/member-0", 0, row) for row in range(11)),
        *(image_id("train/common", 0, row) for row in range(5, 17)),
    ]
    assert bool(list(tmp_path.iterdir())) is copied


def test_a_member_is_trained_from_an_object_store(remote, tmp_path):
    done = run_here(
        *("train", "--dataset", remote, "--models", tmp_path),
        *("--member", "0", *small_network.OPTIONS, "--epochs", "1", "--trainable-layers", "0"),
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "member-0" / "best.keras").exists()
