"""Every file below a folder is listed once, and a folder that cannot be listed is reported."""

import os

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from trees import nest_beyond_what_a_path_may_hold, put

from landmark_lib.dataset import Reason
from landmark_lib.inputs.walk import walk
from landmark_lib.storage import Place


def listed(address, *, with_sizes=False):
    """Return (path, reason) of everything below a folder, sorted."""
    return sorted((c.path, c.reason) for c in walk(Place(str(address)), "", with_sizes=with_sizes))


def test_files_are_found_at_every_depth(tmp_path):
    names = ["a.jpg", "b/c.jpg", "b/d/e/f.jpg", "new\nline/#?.jpg", "b::c/x.jpg"]
    for name in names:
        put(tmp_path / name)
    (tmp_path / "empty").mkdir()
    assert listed(tmp_path) == sorted((name, None) for name in names)


def test_sizes_are_listed_on_request(tmp_path):
    put(tmp_path / "a" / "b.jpg")
    place = Place(str(tmp_path))
    assert [child.size for child in walk(place, "", with_sizes=True)] == [5]
    assert [child.size for child in walk(place, "", with_sizes=False)] == [None]


def test_links_count_as_what_they_lead_to_and_never_lead_in_circles(tmp_path):
    put(tmp_path / "elsewhere" / "a.jpg")
    root = tmp_path / "root"
    put(root / "b" / "c.jpg")
    put(root / "d" / "e.jpg")
    (root / "link").symlink_to(tmp_path / "elsewhere")
    (root / "link.jpg").symlink_to(tmp_path / "elsewhere" / "a.jpg")
    (root / "b" / "up").symlink_to(root)
    (root / "b" / "side").symlink_to(root / "d")
    (root / "d" / "side").symlink_to(root / "b")
    (root / "gone.jpg").symlink_to(root / "nowhere.jpg")
    (root / "itself").symlink_to(root / "itself")
    assert listed(root) == [
        ("b/c.jpg", None),
        ("b/side/e.jpg", None),
        ("b/side/side", Reason.UNREADABLE_FILE),
        ("b/up", Reason.UNREADABLE_FILE),
        ("d/e.jpg", None),
        ("d/side/c.jpg", None),
        ("d/side/side", Reason.UNREADABLE_FILE),
        ("d/side/up", Reason.UNREADABLE_FILE),
        ("gone.jpg", Reason.MISSING_FILE),
        ("itself", Reason.UNREADABLE_FILE),
        ("link.jpg", None),
        ("link/a.jpg", None),
    ]


def test_what_is_neither_file_nor_folder_is_unreadable(tmp_path):
    os.mkfifo(tmp_path / "pipe.jpg")
    assert listed(tmp_path) == [("pipe.jpg", Reason.UNREADABLE_FILE)]


def test_a_folder_that_cannot_be_listed_is_reported(tmp_path):
    put(tmp_path / "a.jpg")
    nest_beyond_what_a_path_may_hold(tmp_path)
    (first, second) = listed(tmp_path)
    assert first == ("a.jpg", None)
    assert (set(second[0]), second[1]) == ({"d", "/"}, Reason.UNREADABLE_FILE)


class FailingFileSystem(MemoryFileSystem):
    """A store that cannot be reached, as one behind a network now and then is."""

    protocol = "failing"
    store = {}  # noqa: RUF012 - as the class it is made of has it
    pseudo_dirs = [""]  # noqa: RUF012 - the same

    def ls(self, path, **options):  # noqa: ARG002 - the failure is for all
        raise TimeoutError(path)


def test_a_network_that_fails_is_an_error_and_no_empty_folder():
    fsspec.register_implementation("failing", FailingFileSystem, clobber=True)
    with pytest.raises(TimeoutError):
        list(walk(Place("failing://photos"), "", with_sizes=False))


def test_stores_without_folders_list_the_same(tmp_path):
    store = fsspec.filesystem("memory")
    store.pipe({"/walked/a.jpg": b"1", "/walked/b/c/d.jpg": b"22", "/other.jpg": b""})
    try:
        found = list(walk(Place("memory://walked"), "", with_sizes=True))
        assert sorted((c.path, c.size) for c in found) == [("a.jpg", 1), ("b/c/d.jpg", 2)]
    finally:
        store.rm("/walked", recursive=True)
        store.rm("/other.jpg")
