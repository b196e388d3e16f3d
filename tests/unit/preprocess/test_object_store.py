"""Photos come from an object store, and data sets go there, as from and to a disk."""

import tarfile

import pyarrow as pa
import pytest

from landmark_lib import dataset
from landmark_lib.dataset import Manifest, Reason
from landmark_lib.errors import BadPhotoError, NotADatasetError, SourceVanishedError, UserError
from landmark_lib.fetching.photos import fetch_photos
from landmark_lib.preprocess import lock_steps
from landmark_lib.preprocess.lock import locked
from landmark_lib.settings import FetchSettings
from landmark_lib.storage import Place

# Google's packages announce to everybody when they will drop this Python.
pytestmark = pytest.mark.filterwarnings("ignore:You are using a Python version:FutureWarning")

FETCH = FetchSettings(connections_per_host=4)


def row_of(uri, archive=None, offset=None, size=None):
    listed = {"image_id": uri, "landmark_id": "a", "uri": uri, "reason": None, "detail": None}
    return {**listed, "archive": archive, "offset": offset, "size": size}


def test_photos_are_fetched_from_a_bucket_in_their_order(bucket, store):
    names = [f"{bucket}/photos/{i} [%].jpg" for i in range(10)]
    store.pipe({name: name.encode() for name in names[:5]} | {names[7]: b""})
    fetched = list(fetch_photos([row_of(name) for name in names], FETCH, f"{bucket}/photos"))
    assert [row["uri"] for row, _ in fetched] == names
    gone = [Reason.MISSING_FILE] * 2
    told = [photo.reason if isinstance(photo, BadPhotoError) else photo for _, photo in fetched]
    assert told == [*(name.encode() for name in names[:5]), *gone, b"", *gone]


def test_photos_in_a_tar_are_fetched_from_a_bucket_without_the_rest(bucket, store, tmp_path):
    (tmp_path / "a").write_bytes(b"photo" * 1000)
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        tar.add(tmp_path / "a", "a.jpg")
    with tarfile.open(tmp_path / "a.tar") as tar:
        [member] = tar
    uri = f"{bucket}/tars/a.tar"
    store.pipe(uri, (tmp_path / "a.tar").read_bytes()[: member.offset_data + 4000])
    whole = row_of("a", uri, member.offset_data, 4000)
    cut = row_of("b", uri, member.offset_data, 5000)
    beyond = row_of("c", uri, member.offset_data + 4000, 1)
    (_, first), (_, second), (_, third) = fetch_photos([whole, cut, beyond], FETCH, uri)
    assert first == b"photo" * 800
    assert (second.reason, third.reason) == (Reason.TRUNCATED, Reason.TRUNCATED)


def test_a_bucket_that_goes_away_rejects_no_photo(bucket, store):
    store.pipe(f"{bucket}/leaving/a.jpg", b"photo")
    rows = [row_of(f"{bucket}/leaving/a.jpg")] * 2
    fetched = fetch_photos(iter(rows), FetchSettings(connections_per_host=1), f"{bucket}/leaving")
    store.rm(f"{bucket}/leaving", recursive=True)
    with pytest.raises(SourceVanishedError, match="leaving is gone"):
        list(fetched)


def test_the_files_of_a_data_set_are_written_to_a_bucket_and_read_back(bucket, store):
    root = f"{bucket}/contract"
    table = pa.table({"landmark_id": ["a", "b"], "label_count": [2, 1]}, schema=dataset.LABELS_SCHEMA)
    path = dataset.part_name(dataset.LABELS, 0, 1)
    record = dataset.write_table(root, path, table, rows_per_group=1)
    assert dataset.read_table(root, path) == table
    assert dataset.read_table(root, path, ["label_count"]) == table.select(["label_count"])
    assert store.info(f"{root}/{path}")["size"] == record.bytes
    (Place(root) / "classes.csv").write(b"once")
    (Place(root) / "classes.csv").write(b"again")
    assert (Place(root) / "classes.csv").read_bytes() == b"again"
    assert sorted(store.find(root)) == [f"{root[5:]}/classes.csv", f"{root[5:]}/{path}"]


def test_a_data_set_in_a_bucket_is_whole_once_its_manifest_is_there(bucket):
    root = f"{bucket}/finished"
    assert not dataset.has_manifest(root)
    with pytest.raises(NotADatasetError, match="not a finished data set"):
        dataset.read_manifest(root)
    manifest = Manifest({"ensemble_size": 3}, {}, {}, {}, {}, 0, 0, {})
    dataset.write_manifest(root, manifest)
    assert dataset.has_manifest(root)
    assert dataset.read_manifest(root) == manifest


def test_one_job_at_a_time_fills_a_bucket(bucket, monkeypatch):
    output = f"{bucket}/locked"
    monkeypatch.setattr(lock_steps, "SECONDS_BETWEEN_SIGNS", 0.1)
    monkeypatch.setattr(lock_steps, "SECONDS_BETWEEN_LOOKS", 0.1)
    refusal = pytest.raises(UserError, match="another job is writing to")
    with locked(output), refusal, locked(output):
        pass
    assert Place(output).names() == []
