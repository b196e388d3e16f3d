"""Data sets of every format version stay readable for ever."""

import hashlib

import pytest
from commands import REPOSITORY

from landmark_lib import dataset
from landmark_lib.storage import Place

GOLDEN = sorted(path for path in (REPOSITORY / "tests" / "golden").iterdir() if path.is_dir())


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
