"""The manifest lists every file as it is, and is not made when rows were lost."""

import hashlib

import pyarrow.parquet as pq
import pytest

from landmark_lib.dataset import FileRecord, LandmarkClass
from landmark_lib.errors import LandmarkError
from landmark_lib.preprocess.manifest import Counted, make_manifest
from landmark_lib.preprocess.output_directory import OURS
from landmark_lib.preprocess.plan import PlannedRows

FILES = [
    FileRecord("corpus/a", rows=5, bytes=1, sha256=""),
    FileRecord("train/common/a", rows=4, bytes=1, sha256=""),
    FileRecord("validation/a", rows=2, bytes=1, sha256=""),
]
PLANNED = [PlannedRows("train", (0,), images=3, outputs=4), PlannedRows("validation", (), 2, 2)]


def manifest_of(listed=5, corpus=5, planned=PLANNED, validation=2):
    files = [FileRecord("corpus/a", corpus, 1, ""), *FILES[1:]]
    classes = [LandmarkClass(0, "x", 5, 3)]
    stored = {"train/common": 4, "validation": validation}
    return make_manifest(
        {"hold_out": 2}, "out", Counted(listed, 0, {"x": 5}, classes, planned, stored), files
    )


def test_manifest_lists_every_file_with_its_rows_bytes_and_checksum(made):
    listed = {(f.path, f.rows, f.bytes, f.sha256) for f in made.manifest.files}
    found = {
        (path, pq.read_metadata(made.root / path).num_rows, len(content), hashlib.sha256(content).hexdigest())
        for path, content in made.contents("**/*.parquet").items()
    }
    assert listed == found


def test_a_finished_data_set_has_no_other_files(made):
    parquet = {record.path for record in made.manifest.files}
    assert set(made.contents("**/*", "**/.*")) == {*parquet, "dataset.json", "classes.csv", "report.html"}


def test_manifest_has_settings_versions_and_label_counts(made, csv_corpus):
    manifest = made.manifest
    assert manifest.settings["input"] == str(csv_corpus.source)
    assert (manifest.settings["cutoff"], manifest.settings["seed"], manifest.members) == (14, 0, 3)
    assert {"python", "pyspark", "pyarrow", "pillow"} < set(manifest.versions)
    assert manifest.label_counts["labels"] == 10
    assert manifest.label_counts["percentiles"]["50"] in {6, 9}
    assert sum(labels for _, _, labels in manifest.label_counts["histogram"]) == 10


def test_rows_that_add_up_make_a_manifest():
    assert manifest_of().roles == {"train": 3, "validation": 2}


@pytest.mark.parametrize(
    ("lost", "message"),
    [
        ({"listed": 6}, "6 photos listed, but 5 in the corpus and 0 rejected"),
        ({"planned": PLANNED[:1]}, "5 images in the corpus, but 3 in the plan"),
        ({"validation": 3}, "validation: expected 3 planned rows, found 2"),
    ],
)
def test_lost_rows_are_an_error(lost, message):
    with pytest.raises(LandmarkError, match=message):
        manifest_of(**lost)


def test_no_run_leaves_names_that_the_next_one_would_refuse(made):
    assert {path.name for path in made.root.iterdir()} <= OURS
