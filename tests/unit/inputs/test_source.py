"""The kind of a source is detected, and mistakes in it are reported before anything is listed."""

import gzip
import os
import tarfile

import pytest
from small_dataset import write_small_dataset
from trees import counted_entries, put

from landmark_lib.errors import UserError
from landmark_lib.inputs.layout import ENTRIES_CHECKED
from landmark_lib.inputs.source import find_source
from landmark_lib.settings import SourceSettings

JPEG = b"\xff\xd8\xff\xe0\0\x10JFIF"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Make one of every source, right and wrong."""
    root = tmp_path_factory.mktemp("sources of all kinds")
    put(root / "folders" / "x" / "a.jpg")
    put(root / "images" / "a.jpg")
    (root / "tars").mkdir()
    with tarfile.open(root / "tars" / "images_000.TAR", "w") as tar:
        tar.add(root / "images" / "a.jpg", "a.jpg")
    content = (root / "tars" / "images_000.TAR").read_bytes()
    for name in ("images_000.tar.gz", "packed/images_000.tar"):
        put(root / "compressed" / name)
        (root / "compressed" / name).write_bytes(gzip.compress(content))
    (root / "empty").mkdir()
    put(root / "hidden only" / ".DS_Store")
    for name in ("photo.jpg", "photo.HEIF.JPG", "photo without ending"):
        (root / name).write_bytes(JPEG)
    (root / "blank.csv").write_text("")
    (root / "other.csv").write_text("id,address,label\na,a.jpg,x\n")
    (root / "no header.csv").write_text(
        "0001,https://example.org/1.jpg,5\n0002,https://example.org/2.jpg,6\n"
    )
    (root / "test.csv").write_text("id,url\na,a.jpg\n")
    (root / "urls.txt").write_text("url\na.jpg\n")
    (root / "list without ending").write_text("id\turl\tlandmark_id\na\ta.jpg\tx\n")
    (root / "images" / "ids.csv").write_text("id\na\n")
    (root / "labels.csv").write_text("id,url,landmark_id\n")
    for folder in ("images", "tars"):
        (root / folder / "clean.csv").write_text("landmark_id,images\nx,a\n")
    os.mkfifo(root / "pipe")
    write_small_dataset(str(root / "dataset"))
    return root


def found(place, address, labels=None, **settings):
    labels = None if labels is None else str(place / labels)
    return find_source(SourceSettings(str(place / address), labels, **settings))


@pytest.mark.parametrize(
    ("source", "kind", "address", "labels"),
    [
        (("folders",), "folders", "folders", None),
        (("labels.csv",), "csv", "labels.csv", None),
        (("list without ending",), "csv", "list without ending", None),
        (("images", "labels.csv"), "images", "images", "labels.csv"),
        (("images/clean.csv",), "images", "images", "images/clean.csv"),
        (("tars", "labels.csv"), "tar", "tars", "labels.csv"),
        (("tars/clean.csv",), "tar", "tars", "tars/clean.csv"),
        (("tars/images_000.TAR", "labels.csv"), "tar", "tars/images_000.TAR", "labels.csv"),
    ],
)
def test_the_kind_shows_by_what_lies_there(place, source, kind, address, labels):
    resolved = found(place, *source)
    assert (resolved.kind, resolved.place.path) == (kind, place / address)
    assert (resolved.labels and resolved.labels.path) == (labels and place / labels)


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("images", "folders"),
        ("tars", "tar"),
        ("tars/images_000.TAR", "tar"),
        ("tars/clean.csv", "tar"),
        ("test.csv", "csv"),
        ("urls.txt", "csv"),
        ("images/ids.csv", "images"),
        ("photo.jpg", "photo"),
        ("photo.HEIF.JPG", "photo"),
        ("photo without ending", "photo"),
    ],
)
def test_the_kind_shows_without_labels_too(place, address, kind):
    assert found(place, address, unlabelled=True).kind == kind


def test_a_kind_that_is_named_is_taken(place):
    assert found(place, "tars", "tars/clean.csv", kind="images").kind == "images"
    beside = found(place, "images/clean.csv", kind="images")
    assert (beside.place.path, beside.labels.path) == (place / "images", place / "images/clean.csv")


@pytest.mark.parametrize(
    ("source", "settings", "message"),
    [
        (("nowhere",), {}, "--input: no such folder or file: "),
        (("empty",), {}, "--input: the folder is empty: "),
        (("hidden only",), {}, "--input: the folder is empty: "),
        (("pipe",), {}, "pipe is neither"),
        (("dataset",), {}, "dataset is a data set already; name the photos that it was made from"),
        (
            ("photo.jpg",),
            {},
            "--input: expected a folder of folders named by label, or a list, received a photo",
        ),
        (("blank.csv",), {}, "found ''"),
        (("other.csv",), {}, "found 'id,address,label'"),
        (("no header.csv",), {}, "header id,url,landmark_id, found '0001,https://example.org/1.jpg,5'"),
        (("test.csv",), {}, "--input: expected a CSV with the header id,url,landmark_id, found 'id,url'"),
        (("images",), {}, "--input: expected folders named by label in "),
        (("images",), {"kind": "images"}, "--labels: expected a CSV with the labels of the photos in "),
        (("tars",), {"kind": "tar"}, "--labels: expected a CSV with the labels of the photos in "),
        (("images", "nowhere.csv"), {}, "--labels: no such file: "),
        (("images", "empty"), {}, "--labels: cannot read "),
        (("images", "pipe"), {}, "--labels: cannot read "),
        (
            ("images", "test.csv"),
            {},
            "--labels: expected a CSV with the header id,landmark_id or landmark_id,images",
        ),
        (("folders", "labels.csv"), {"kind": "folders"}, "--labels: expected none with --kind folders"),
        (("labels.csv", "labels.csv"), {}, "--labels: expected none, since "),
        (("folders",), {"kind": "csv"}, "--kind csv: expected a file as --input"),
        (("labels.csv",), {"kind": "folders"}, "--kind folders: expected a folder as --input"),
        (("labels.csv", "labels.csv"), {"kind": "images"}, "--kind images: expected a folder as --input"),
        (("images", "labels.csv"), {"kind": "tar"}, "--input: no .tar files in "),
        (("compressed", "labels.csv"), {}, "images_000.tar.gz is compressed"),
        (("compressed/images_000.tar.gz", "labels.csv"), {}, "images_000.tar.gz is compressed"),
        (("compressed/packed", "labels.csv"), {}, "images_000.tar is compressed"),
    ],
)
def test_a_source_that_cannot_be_listed_is_the_users_mistake(place, source, settings, message):
    with pytest.raises(UserError) as error:
        found(place, *source, **settings)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_an_unknown_scheme_is_the_users_mistake():
    with pytest.raises(UserError, match="unknown://photos: Protocol not known: unknown"):
        find_source(SourceSettings("unknown://photos"))


def test_a_folder_whose_own_name_is_not_utf_8_is_the_users_mistake(tmp_path):
    put(tmp_path / os.fsdecode(b"\xff") / "x" / "a.jpg")
    with pytest.raises(UserError, match=r"--input: expected a path in UTF-8, received .*/\\udcff"):
        found(tmp_path, os.fsdecode(b"\xff"))


def test_somebody_elses_dataset_json_is_no_data_set(tmp_path):
    put(tmp_path / "x" / "a.jpg")
    (tmp_path / "dataset.json").write_text('{"name": "my photos"}')
    assert found(tmp_path, ".").kind == "folders"


@pytest.fixture
def looked_at(monkeypatch):
    return counted_entries(monkeypatch)


@pytest.mark.parametrize("settings", [{"unlabelled": True}, {"labels": "labels.csv"}, {}])
def test_of_a_huge_folder_only_the_first_entries_are_looked_at(tmp_path, looked_at, settings):
    (tmp_path / "labels.csv").write_text("id,landmark_id\n1,x\n")
    (tmp_path / "flat").mkdir()
    for number in range(2 * ENTRIES_CHECKED):
        (tmp_path / "flat" / f"{number}.jpg").touch()
    found(tmp_path, "flat", **settings)
    assert len(looked_at) <= ENTRIES_CHECKED + 1
