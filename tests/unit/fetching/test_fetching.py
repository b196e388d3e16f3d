"""Photos are fetched in the order of the list; only their own errors are reported for them."""

import errno
import os
import tarfile
import threading
from pathlib import Path

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from hypothesis import given
from hypothesis import strategies as st

from landmark_lib.dataset import Reason
from landmark_lib.errors import BadPhotoError, SourceVanishedError, UserError
from landmark_lib.fetching.photos import LOOK_AHEAD, fetch_photos
from landmark_lib.settings import FetchSettings

FETCH = FetchSettings(connections_per_host=2, max_megabytes=1)


def row_of(uri, *, archive=None, offset=None, size=None, **why):
    listed = {"image_id": uri, "landmark_id": "a", "uri": uri, "reason": None, "detail": None, **why}
    return {**listed, "archive": archive, "offset": offset, "size": size}


def told(photo):
    return photo if isinstance(photo, bytes) else photo.reason


def fetch_all(rows, root, fetch=FETCH):
    fetched = list(fetch_photos(iter(rows), fetch, root))
    assert [row for row, _ in fetched] == rows
    return [told(photo) for _, photo in fetched]


def fetch_one(uri, root):
    [(_, photo)] = fetch_photos([row_of(uri)], FETCH, root)
    return photo


@pytest.fixture
def memory():
    """Yield fsspec's store in memory, emptied afterwards."""
    yield
    MemoryFileSystem.store.clear()
    MemoryFileSystem.pseudo_dirs[:] = [""]


@pytest.fixture(params=["file", "memory"])
def source(request, tmp_path, memory):
    """Return the address of a folder, on this machine or in a store."""
    return f"{request.param}://{tmp_path}"


def put(address, content):
    filesystem, path = fsspec.core.url_to_fs(address)
    filesystem.makedirs(path.rpartition("/")[0], exist_ok=True)
    filesystem.pipe_file(path, content)


def remove(address):
    filesystem, path = fsspec.core.url_to_fs(address)
    filesystem.rm(path, recursive=True)


def put_tar(address, contents, folder):
    """Write a tar of photos; return the rows that list them."""
    path = Path(folder, "members.tar")
    with tarfile.open(path, "w") as tar:
        for number, content in enumerate(contents):
            member = Path(folder, f"{number}.jpg")
            member.write_bytes(content)
            tar.add(member, member.name)
    put(address, path.read_bytes())
    with tarfile.open(path) as tar:
        return [
            row_of(f"{address}/{member.name}", archive=address, offset=member.offset_data, size=member.size)
            for member in tar
        ]


def test_rows_are_yielded_in_order_with_a_photo_or_an_error(source):
    put(f"{source}/a.jpg", b"first")
    put(f"{source}/empty.jpg", b"")
    put(f"{source}/folder/b.jpg", b"second")
    rows = [
        row_of(f"{source}/a.jpg"),
        row_of(f"{source}/gone.jpg"),
        row_of(f"{source}/a.jpg", reason="no label", detail="why"),
        row_of(f"{source}/empty.jpg"),
        *[row_of(f"{source}/folder/b.jpg")] * 9,
    ]
    expected = [b"first", Reason.MISSING_FILE, Reason.NO_LABEL, b"", *[b"second"] * 9]
    assert fetch_all(rows, source) == expected


def test_error_in_the_list_is_yielded_unchanged():
    [(_, photo)] = fetch_photos([row_of("file:///gone", reason="no label", detail="why")], FETCH, "/gone")
    assert (photo.reason, photo.detail) == (Reason.NO_LABEL, "why")


def test_photos_in_tars_are_read_in_place(source, tmp_path):
    first = put_tar(f"{source}/0.tar", [b"a" * 600, b"", b"b" * 10], tmp_path)
    second = put_tar(f"{source}/1.tar", [b"c"], tmp_path)
    put(f"{source}/d.jpg", b"d")
    rows = [*first, *second, row_of(f"{source}/d.jpg"), *first]
    photos = [b"a" * 600, b"", b"b" * 10]
    assert fetch_all(rows, source) == [*photos, b"c", b"d", *photos]


def test_tar_is_opened_once_for_consecutive_photos(tmp_path, monkeypatch):
    rows = put_tar(f"{tmp_path}/0.tar", [b"a", b"b", b"c"], tmp_path)
    opened = []
    path_open = Path.open
    monkeypatch.setattr(
        Path, "open", lambda path, *how, **more: opened.append(path) or path_open(path, *how, **more)
    )
    assert fetch_all(rows, str(tmp_path)) == [b"a", b"b", b"c"]
    assert opened == [tmp_path / "0.tar"]


def test_truncated_tar_loses_only_the_missing_photos(source, tmp_path):
    rows = put_tar(f"{source}/0.tar", [b"a" * 600, b"b" * 600, b"c" * 600], tmp_path)
    put(f"{source}/0.tar", (tmp_path / "members.tar").read_bytes()[: rows[1]["offset"] + 100])
    assert fetch_all(rows, source) == [b"a" * 600, Reason.TRUNCATED, Reason.TRUNCATED]


def test_store_is_not_asked_for_ranges_beyond_the_end(memory, monkeypatch, tmp_path):
    [row] = put_tar("memory://0.tar", [b"a" * 600], tmp_path)
    put("memory://0.tar", b"x" * row["offset"])
    asked = []
    monkeypatch.setattr(MemoryFileSystem, "cat_file", lambda *_, **where: asked.append(where))
    assert fetch_all([row], "memory://0.tar") == [Reason.TRUNCATED]
    assert not asked


def test_too_many_bytes_are_not_read(source, tmp_path):
    put(f"{source}/most.jpg", bytes(1_000_000))
    put(f"{source}/more.jpg", bytes(1_000_001))
    [in_tar] = put_tar(f"{source}/0.tar", [bytes(1_000_001)], tmp_path)
    rows = [row_of(f"{source}/most.jpg"), row_of(f"{source}/more.jpg"), in_tar]
    assert fetch_all(rows, source) == [bytes(1_000_000), Reason.TOO_LARGE, Reason.TOO_LARGE]


@pytest.fixture
def calls(monkeypatch):
    """Return the calls that read from the store in memory, and the bytes that each returned."""
    calls = []
    for name in ("cat_file", "info"):
        real = getattr(MemoryFileSystem, name)

        def noted(*arguments, _real=real, _name=name, **more):
            answer = _real(*arguments, **more)
            calls.append((_name, len(answer) if _name == "cat_file" else None))
            return answer

        monkeypatch.setattr(MemoryFileSystem, name, noted)
    return calls


def test_object_is_read_only_up_to_the_limit(memory, calls):
    put("memory://photos/huge.jpg", bytes(5_000_000))
    del calls[:]
    assert fetch_all([row_of("memory://photos/huge.jpg")], "memory://photos") == [Reason.TOO_LARGE]
    assert calls == [("cat_file", 1_000_001)]


@pytest.mark.parametrize("size", [0, 5, 1_000_000])
def test_object_is_read_in_one_call(memory, calls, size):
    put("memory://photos/a.jpg", bytes(size))
    del calls[:]
    assert fetch_all([row_of("memory://photos/a.jpg")], "memory://photos") == [bytes(size)]
    assert calls == [("cat_file", size)]


class ClientError(Exception):
    """An error of a store's client that is not an OSError."""


@pytest.fixture(params=[OSError(errno.EINVAL, "InvalidRange"), ValueError("Bad Request"), ClientError("416")])
def strict_store(request, memory, monkeypatch):
    """Return the error of a store that refuses ranges beyond the end, as object stores do."""
    real = MemoryFileSystem.cat_file

    def cat_file(store, path, start=None, end=None):
        if start is not None and start >= store.size(path):
            raise request.param
        return real(store, path, start, end)

    monkeypatch.setattr(MemoryFileSystem, "cat_file", cat_file)
    return request.param


def test_empty_object_is_read_although_its_store_refuses_ranges_of_it(strict_store):
    put("memory://photos/empty.jpg", b"")
    put("memory://photos/a.jpg", b"photo")
    rows = [row_of(f"memory://photos/{name}.jpg") for name in ("empty", "a", "gone", "empty")]
    assert fetch_all(rows, "memory://photos") == [b"", b"photo", Reason.MISSING_FILE, b""]


def test_error_of_a_store_is_raised_unchanged(memory, monkeypatch):
    put("memory://photos/a.jpg", b"photo")
    error = ConnectionResetError("hung up")

    def cat_file(*_):
        raise error

    monkeypatch.setattr(MemoryFileSystem, "cat_file", cat_file)
    with pytest.raises(ConnectionResetError) as caught:
        fetch_one("memory://photos/a.jpg", "memory://photos")
    assert caught.value is error


def test_growing_file_is_read_up_to_the_limit(tmp_path, monkeypatch):
    stat_file = Path.stat

    def stat_before_it_grows(path):
        status = stat_file(path)
        with path.open("ab") as file:
            file.write(bytes(9_000_000 if path.name == "much.jpg" else 500_000))
        return status

    for name in ("little", "much"):
        (tmp_path / f"{name}.jpg").write_bytes(b"photo")
    monkeypatch.setattr(Path, "stat", stat_before_it_grows)
    little, much = (fetch_one(f"file://{tmp_path}/{name}.jpg", str(tmp_path)) for name in ("little", "much"))
    assert little == b"photo" + bytes(500_000)
    assert (much.reason, much.detail) == (Reason.TOO_LARGE, "more than 1000000 bytes")


@pytest.mark.parametrize("scheme", ["file", "FILE", "File", "memory", "MEMORY"])
def test_schemes_are_recognized_in_any_case(memory, tmp_path, scheme):
    put(f"{scheme.lower()}://{tmp_path}/a.jpg", b"photo")
    root = f"{scheme.lower()}://{tmp_path}"
    assert fetch_one(f"{scheme}://{tmp_path}/a.jpg", root) == b"photo"
    assert (
        fetch_one(f"{scheme}://{tmp_path}/gone.jpg", f"{scheme}://{tmp_path}").reason == Reason.MISSING_FILE
    )


@pytest.mark.parametrize(
    "uri",
    [
        "unknown://a.jpg",
        "ftp://127.0.0.1/a.jpg",
        "webhdfs://127.0.0.1/a.jpg",
        "simplecache::http://127.0.0.1/a.jpg",
        "file:///null\0character.jpg",
    ],
)
def test_invalid_and_foreign_addresses_are_unsupported(tmp_path, uri):
    assert fetch_one(uri, str(tmp_path)).reason == Reason.UNSUPPORTED_ADDRESS


@pytest.mark.parametrize(
    "name", ["a::b.jpg", "a b%20c.jpg", "#1?.jpg", "[x]{y}*.jpg", "ünï.jpg", "a://b.jpg"]
)
def test_any_file_name_is_accepted(tmp_path, name):
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_bytes(b"photo")
    assert fetch_one(f"file://{tmp_path}/{name}", str(tmp_path)) == b"photo"


def test_folder_is_not_a_photo(source):
    put(f"{source}/folder/b.jpg", b"")
    assert fetch_one(f"{source}/folder", source).reason in {Reason.UNREADABLE_FILE, Reason.MISSING_FILE}


def test_file_listed_as_too_large_is_not_fetched(memory):
    fetched = fetch_photos([row_of("memory://gone.jpg", size=1_000_001)], FETCH, "memory://")
    assert [told(photo) for _, photo in fetched] == [Reason.TOO_LARGE]


def test_file_listed_as_empty_is_not_fetched(memory, calls):
    fetched = fetch_photos([row_of("memory://photos/empty.jpg", size=0)], FETCH, "memory://")
    assert [photo for _, photo in fetched] == [b""]
    assert not calls


def test_pipe_is_unreadable_and_does_not_block(tmp_path):
    os.mkfifo(tmp_path / "pipe.jpg")
    assert fetch_one(f"file://{tmp_path}/pipe.jpg", str(tmp_path)).reason == Reason.UNREADABLE_FILE


@pytest.fixture
def fail_with(tmp_path, monkeypatch):
    """Return a function that fetches a photo whose file cannot be read."""

    def fail_with(error):
        def open_file(*_):
            raise error

        (tmp_path / "a.jpg").touch()
        monkeypatch.setattr(Path, "open", open_file)
        return fetch_one(f"file://{tmp_path}/a.jpg", str(tmp_path))

    return fail_with


@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO, errno.ENAMETOOLONG, errno.ELOOP, errno.ESTALE])
def test_error_of_one_file_is_reported_for_its_photo(fail_with, number):
    photo = fail_with(OSError(number, os.strerror(number)))
    assert photo.reason == Reason.UNREADABLE_FILE
    assert os.strerror(number) in photo.detail


MACHINE_FAULTS = (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EHOSTUNREACH, errno.ENOTCONN)


@pytest.mark.parametrize(
    "error",
    [
        *(OSError(number, os.strerror(number)) for number in MACHINE_FAULTS),
        TimeoutError("no answer"),
        ConnectionResetError("hung up"),
    ],
    ids=str,
)
def test_error_of_the_machine_is_not_reported_for_a_photo(fail_with, error):
    with pytest.raises(type(error)) as caught:
        fail_with(error)
    assert caught.value is error


def test_vanished_source_is_reported_and_no_photo_rejected(source):
    put(f"{source}/photos/a.jpg", b"a")
    put(f"{source}/photos/b.jpg", b"b")
    rows = iter([row_of(f"{source}/photos/{name}.jpg") for name in "abb"])
    fetched = fetch_photos(rows, FetchSettings(connections_per_host=1), f"{source}/photos")
    assert next(fetched)[1] == b"a"
    remove(f"{source}/photos")
    with pytest.raises(SourceVanishedError, match="/photos is gone"):
        [photo for _, photo in fetched if isinstance(photo, BadPhotoError)]


def test_empty_folder_means_a_missing_disk(tmp_path):
    (tmp_path / "disk").mkdir()
    with pytest.raises(SourceVanishedError, match="empty"):
        fetch_one(f"file://{tmp_path}/disk/label/a.jpg", f"{tmp_path}/disk")


def test_vanished_tar_is_reported_although_others_remain(source, tmp_path):
    rows = put_tar(f"{source}/0.tar", [b"a"], tmp_path)
    put(f"{source}/1.tar", b"")
    remove(f"{source}/0.tar")
    with pytest.raises(SourceVanishedError, match=r"0\.tar is gone"):
        fetch_all(rows, source)


def test_missing_package_is_reported_by_name_and_no_photo_rejected(tmp_path, monkeypatch):
    def get_filesystem_class(_):
        raise ImportError("Install s3fs to access S3")

    monkeypatch.setattr(fsspec, "get_filesystem_class", get_filesystem_class)
    with pytest.raises(UserError, match=r"s3://b/a\.jpg: Install s3fs"):
        fetch_one("s3://b/a.jpg", str(tmp_path))


def test_stores_are_read_in_parallel(memory, monkeypatch):
    put("memory://photos/a.jpg", b"a")
    meeting = threading.Barrier(2)
    cat_file = MemoryFileSystem.cat_file

    def meet(*arguments):
        meeting.wait(30)  # for a parallel call
        return cat_file(*arguments)

    monkeypatch.setattr(MemoryFileSystem, "cat_file", meet)
    assert fetch_all([row_of("memory://photos/a.jpg")] * 6, "memory://photos") == [b"a"] * 6


@given(photos=st.integers(0, 12), connections=st.integers(1, 4))
def test_only_a_few_rows_are_read_ahead(photos, connections):
    taken = 0

    def listed():
        nonlocal taken
        for _ in range(photos):
            taken += 1
            yield row_of("file:///x", reason="no label")

    fetch = FetchSettings(connections_per_host=connections)
    given_back = 0
    for _ in fetch_photos(listed(), fetch, "/"):
        given_back += 1
        assert taken - given_back <= LOOK_AHEAD * connections
    assert given_back == photos


def test_file_is_read_only_when_its_turn_comes(tmp_path):
    for name in "ab":
        (tmp_path / name).write_bytes(b"old")
    fetched = fetch_photos([row_of(f"file://{tmp_path}/{name}") for name in "ab"], FETCH, str(tmp_path))
    assert next(fetched)[1] == b"old"
    (tmp_path / "b").write_bytes(b"new")
    assert next(fetched)[1] == b"new"


def test_no_thread_remains_after_an_early_end(memory):
    put("memory://photos/a.jpg", b"a")
    before = set(threading.enumerate())
    fetched = fetch_photos([row_of("memory://photos/a.jpg")] * 8, FETCH, "memory://photos")
    next(fetched)
    assert set(threading.enumerate()) != before
    fetched.close()
    assert set(threading.enumerate()) == before
