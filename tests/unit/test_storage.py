"""Every address of a user is one place, and files are written atomically."""

from pathlib import Path
from urllib.parse import quote

import fsspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from landmark_lib.errors import AddressError, StorageError, UserError
from landmark_lib.storage import (
    Place,
    is_local,
    is_partial,
    join,
    open_address,
    resolve,
    scheme_of,
)

ODD_NAMES = [
    *("a#b.jpg", "a #1", "100%25 stone.jpg", "q?x=1.jpg", "plus+sign", "a::b.jpg", " lead", "trail "),
    *(
        "quote'\".jpg",
        "[1].jpg",
        "*.jpg",
        "{a,b}",
        "café",
        "cafe\u0301",
        "塔",
        "~",
        "a:b",
        "gs:",
        "-x",
    ),
]
# File names: anything but a slash and NUL.
NAMES = st.text(st.characters(exclude_characters="/\0", codec="utf-8"), min_size=1, max_size=40).filter(
    lambda name: name not in {".", ".."} and len(name.encode()) < 200
)


@pytest.fixture(params=["disk", "store"])
def folder(request, tmp_path):
    """A folder of each kind of place."""
    if request.param == "disk":
        return Place(str(tmp_path))
    return Place(f"{request.getfixturevalue('bucket')}/{tmp_path.name} [0]")


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("data/photos", "data/photos"),
        ("photos/", "photos/"),
        ("/a b/c", "/a b/c"),
        ("~", "/home/me"),
        ("~/m", "/home/me/m"),
        ("a/~/b", "a/~/b"),
        ("a~", "a~"),
        ("%20", "%20"),
        ("file:///a%20b/c%23d", "/a b/c#d"),
        ("FILE:///a", "/a"),
        ("file:/a%25", "/a%"),
        ("file://localhost/a", "/a"),
        ("file:///a#b?c", "/a#b?c"),
        ("file:///caf%C3%A9", "/café"),
        ("gs://bucket/a%20b", "gs://bucket/a%20b"),
        ("GS://Bucket/a#b", "gs://Bucket/a#b"),
        ("s3://bucket", "s3://bucket"),
        ("a:b", "a:b"),
        ("a/gs://b", "a/gs://b"),
    ],
)
def test_text_of_a_user_becomes_one_address(written, address, monkeypatch):
    monkeypatch.setenv("HOME", "/home/me")
    assert resolve(written) == address


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("", "received nothing"),
        ("~nobody-of-this-name/m", "unknown home directory"),
        ("file://host/a", "file:///"),
        ("file:a", "file:///"),
        ("file://~/a", "file:///"),
        ("file:///a%00b", "file:///"),
        ("gs://", "bucket"),
        ("gs:///", "bucket"),
        ("gs:/bucket/a", "two slashes"),
        ("S3:/bucket/a", "two slashes"),
    ],
)
def test_invalid_address_is_refused_in_one_line(written, why):
    with pytest.raises(AddressError, match=why):
        resolve(written)


@given(NAMES)
@example("a#b")
@example("~x")
def test_any_path_stays_unchanged_and_any_file_uri_becomes_its_path(name):
    assert resolve(f"/folder/{name}") == f"/folder/{name}"
    assert resolve(f"file:///folder/{quote(name)}") == f"/folder/{name}"
    assert Place(f"/folder/{name}").path == Path("/folder") / name
    assert Place(f"file:///folder/{name}").path == Path("/folder") / name


def test_scheme_is_recognized_in_any_case_and_a_path_has_none():
    assert [scheme_of(address) for address in ("GS://b", "file:///a", "/a", "a:b", "a/s3://b")] == [
        *("gs", "file", "", "", "")
    ]
    assert [is_local(address) for address in ("a", "file:///a", "gs://b")] == [True, True, False]


@pytest.mark.parametrize("address", ["nosuch://a/b", "hdfs://host:port/a"])
def test_address_without_a_file_system_is_refused(address):
    with pytest.raises(UserError, match=address.partition(":")[0]):
        Place(address).exists()


def test_name_in_a_store_is_never_a_chain_of_addresses():
    filesystem, path = open_address("gs://bucket/x::http://127.0.0.1/a.jpg")
    assert "gs" in filesystem.protocol
    assert path == "bucket/x::http://127.0.0.1/a.jpg"


def test_parents_and_names_are_those_of_the_address():
    assert join("gs://bucket/out/", "plan") == "gs://bucket/out/plan"
    assert Place("gs://bucket/out") / "plan" == Place("gs://bucket/out/plan")
    assert Place("/a/b/").name == "b"
    assert [Place(place).parent.address for place in ("/a/b", "/a", "a", "gs://b/c")] == [
        "/a",
        "/",
        ".",
        "gs://b",
    ]


def test_a_place_is_the_same_however_it_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos").mkdir()
    (tmp_path / "link").symlink_to("photos")
    for written in (
        "./photos/",
        str(tmp_path / "photos"),
        "link",
        f"file://{tmp_path}/photos",
        "x/../photos",
    ):
        assert Place("photos").is_same(Place(resolve(written)))
    assert not Place("photos").is_same(Place("photo"))
    assert Place("gs://b/a/").is_same(Place("gs://b/a"))
    assert not Place("gs://b/a").is_same(Place("b/a"))


@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_file_of_any_name_is_written_read_listed_and_removed(folder, name):
    place = folder / "deep" / name
    assert not place.exists()
    place.write(b"old")
    place.write(b"new", sync=True)
    assert (place.read_bytes(), place.read_text()) == (b"new", "new")
    assert (place.is_file(), place.is_dir()) == (True, False)
    assert (folder / "deep").names() == [name]
    assert list(folder.files()) == [place]
    with place.open() as file, place.local_file() as copy:
        assert file.read() == copy.read_bytes() == b"new"
    assert place.digest() == "11507a0e2f5e69d5dfa40a62a1bd7b6ee57e6bcd85c67c9b8431b36fff21c437"
    (folder / "deep").remove()
    assert not place.exists()
    place.remove()  # nothing to remove
    assert folder.names() == []


def test_semicolon_in_a_name_is_an_ordinary_character(tmp_path):
    # Only on a disk: the emulator of a store reads the rest as a parameter of the address.
    place = Place(str(tmp_path)) / "semi;colon"
    place.write(b"new")
    assert (place.read_bytes(), Place(str(tmp_path)).names()) == (b"new", ["semi;colon"])


def test_a_folder_is_removed_without_its_neighbours_whatever_its_name(folder):
    for name in ("a*/x", "ab/x", "a[b]/x", "a*"):
        if name != "a*":
            (folder / name).write(b"")
    (folder / "a*").remove()
    (folder / "a[b]").remove()
    assert folder.names() == ["ab"]


def test_a_missing_file_is_reported_as_on_a_disk(folder):
    with pytest.raises(FileNotFoundError):
        (folder / "nothing").read_bytes()
    assert (folder / "nothing").names() == []


def test_file_written_in_pieces_appears_when_it_is_complete(folder):
    place = folder / "model.keras"
    with place.atomic_file() as partial:
        assert partial.suffix == ".keras"
        partial.write_bytes(b"half")
        assert not place.exists()
    assert place.read_bytes() == b"half"


class FullDiskError(OSError):
    pass


def test_a_failed_write_leaves_the_old_file_and_takes_no_space(folder):
    place = folder / "a"
    place.write(b"old")
    with pytest.raises(FullDiskError), place.atomic_file() as partial:  # noqa: PT012 - the write fails within
        partial.write_bytes(b"new")
        raise FullDiskError
    assert place.read_bytes() == b"old"
    assert folder.names() == ["a"]


def test_partial_files_of_any_release_are_recognized():
    assert is_partial(".dataset.json.0123.partial")
    assert [name for name in ("a", ".hidden", "a.partial", "partial-a") if is_partial(name)] == []


def test_refusal_of_a_store_is_an_oserror(bucket, monkeypatch):
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/nowhere.json")
    monkeypatch.setitem(fsspec.config.conf, "gs", {"token": "google_default"})
    fsspec.get_filesystem_class("gs").clear_instance_cache()
    with pytest.raises(StorageError):
        Place(f"{bucket}/a").read_bytes()
