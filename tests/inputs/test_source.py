"""What a source is shows by itself, and what is wrong with it is told before anything is listed."""

import gzip
import tarfile

import pytest
from landmark_lib.preprocess.sources.kinds import resolve
from small_corpus import draw_photo, write_csv
from test_source_walk import put

from landmark_lib.errors import UserError
from landmark_lib.preprocess.sources import check_source
from landmark_lib.settings import SourceSettings


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Make one of every source, right and wrong."""
    root = tmp_path_factory.mktemp("kinds")
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
    (root / "photo.jpg").write_bytes(draw_photo(0))
    (root / "blank.csv").write_text("")
    (root / "other.csv").write_text("id,address,label\na,a.jpg,x\n")
    (root / "test.csv").write_text("id,url\na,a.jpg\n")
    (root / "images" / "ids.csv").write_text("id\na\n")
    write_csv(root / "labels.csv", [])
    for folder in ("images", "tars"):
        (root / folder / "clean.csv").write_text("landmark_id,images\nx,a\n")
    return root


def described(place, address, labels=None, **settings):
    return SourceSettings(str(place / address), None if labels is None else str(place / labels), **settings)


@pytest.mark.parametrize(
    ("source", "kind", "address", "labels"),
    [
        (("folders",), "folders", "folders", None),
        (("labels.csv",), "csv", "labels.csv", None),
        (("images", "labels.csv"), "images", "images", "labels.csv"),
        (("images/clean.csv",), "images", "images", "images/clean.csv"),
        (("tars", "labels.csv"), "tar", "tars", "labels.csv"),
        (("tars/clean.csv",), "tar", "tars", "tars/clean.csv"),
        (("tars/images_000.TAR", "labels.csv"), "tar", "tars/images_000.TAR", "labels.csv"),
    ],
)
def test_the_kind_shows_by_what_lies_there(place, source, kind, address, labels):
    resolved = resolve(described(place, *source))
    assert resolved.kind == kind
    assert resolved.address.removeprefix("file://") == str(place / address)
    assert (
        resolved.labels is None
        if labels is None
        else resolved.labels.removeprefix("file://") == str(place / labels)
    )
    check_source(described(place, *source))


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("images", "folders"),
        ("tars", "tar"),
        ("tars/images_000.TAR", "tar"),
        ("test.csv", "csv"),
        ("images/ids.csv", "images"),
    ],
)
def test_the_kind_shows_without_labels_too(place, address, kind):
    source = described(place, address, unlabelled=True)
    assert resolve(source).kind == kind
    check_source(source)


def test_a_kind_that_is_named_is_taken(place):
    source = described(place, "tars", "tars/clean.csv", kind="images")
    assert resolve(source) == source
    check_source(source)
    assert resolve(described(place, "images/clean.csv", kind="images")).labels.endswith("/images/clean.csv")


@pytest.mark.parametrize(
    ("source", "settings", "told"),
    [
        (("nowhere",), {}, "--input: no such folder or file: "),
        (("empty",), {}, "--input: the folder is empty: "),
        (("photo.jpg",), {}, "--input: expected a CSV with the header id,url,landmark_id, found "),
        (("blank.csv",), {}, "found ''"),
        (("other.csv",), {}, "found 'id,address,label'"),
        (("test.csv",), {}, "--input: expected a CSV with the header id,url,landmark_id, found 'id,url'"),
        (("images",), {}, "--input: expected folders named by label in "),
        (("images",), {"kind": "images"}, "--labels: expected a CSV with the labels of the photos in "),
        (("tars",), {"kind": "tar"}, "--labels: expected a CSV with the labels of the photos in "),
        (("images", "nowhere.csv"), {}, "--labels: no such file: "),
        (("images", "empty"), {}, "--labels: cannot read "),
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
def test_a_source_that_cannot_be_listed_is_the_users_mistake(place, source, settings, told):
    with pytest.raises(UserError) as error:
        check_source(described(place, *source, **settings))
    assert told in str(error.value)
    assert "\n" not in str(error.value)


def test_an_unknown_scheme_is_the_users_mistake():
    with pytest.raises(UserError, match="unknown://photos: Protocol not known: unknown"):
        check_source(SourceSettings("unknown://photos"))
