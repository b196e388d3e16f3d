"""The files below a folder, following links. A folder that cannot be listed is an entry of its own.

So are hidden files and folders and those that tools leave, whose contents are not listed.
"""

import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from landmark_lib.dataset import Reason
from landmark_lib.errors import StorageError
from landmark_lib.inputs.names import is_litter, printable
from landmark_lib.inputs.remarks import IGNORED
from landmark_lib.storage import Place

AS_ON_DISK = ("utf-8", "surrogateescape")
ROWS_PER_BATCH = 16_384

# Paths are relative to the root and bytes, because a name on a disk need not be UTF-8.
CHILD_SCHEMA = pa.schema(
    [
        ("path", pa.binary()),
        ("is_folder", pa.bool_()),  # a folder with a reason was not listed
        ("size", pa.int64()),  # bytes
        ("reason", pa.string()),
        ("detail", pa.string()),
    ]
)
FILE_SCHEMA = CHILD_SCHEMA.set(0, pa.field("path", pa.string()))


class Child(NamedTuple):
    """A file or folder; `path` is relative to the root, as Python decodes it."""

    path: str
    is_folder: bool
    size: int | None = None
    reason: str | None = None
    detail: str | None = None


def list_files(root: Place) -> Iterator[pa.RecordBatch]:
    """Yield all files below a folder in rows of FILE_SCHEMA, with sizes if they cost no call."""
    yield from map(with_printable_paths, batches(walk(root, "", with_sizes=False)))


def walk(root: Place, path: str, *, with_sizes: bool) -> Iterator[Child]:
    """Yield all files below a folder, and the folders that are not listed.

    Args:
        root: The folder that paths are relative to.
        path: The folder to walk, below the root; empty for the root itself.
        with_sizes: Whether to request the sizes of files even if that costs a call for each.
    """
    for child in children(root, path, with_sizes=with_sizes):
        if child.is_folder and child.reason is None:
            yield from walk(root, child.path, with_sizes=with_sizes)
        else:
            yield child


def children(root: Place, path: str, *, with_sizes: bool, limit: int | None = None) -> Iterator[Child]:
    """Yield the files and folders in a folder.

    Args:
        root: The folder that paths are relative to.
        path: The folder to list, below the root; empty for the root itself.
        with_sizes: Whether to request the sizes of files even if that costs a call for each.
        limit: Stop after this many.

    Raises:
        OSError: The network or the object store failed, not the folder.
    """
    try:
        if root.is_local:
            # Not by fsspec, which makes a dictionary for each file: a folder may hold a million.
            top = str(root.path)
            with os.scandir(_below(top, path)) as entries:
                for found in islice(entries, limit):
                    try:
                        yield _local_child(top, path, found, with_sizes=with_sizes)
                    except OSError as error:  # a link to itself, or the file is gone by now
                        yield _unreadable(_below(path, found.name), error.strerror or str(error))
        else:
            for entry in (root / path if path else root).entries(limit):
                name = entry["name"].rstrip("/").rpartition("/")[2]
                if is_litter(name):
                    yield Child(_below(path, name), is_folder=False, reason=IGNORED)
                else:
                    yield Child(_below(path, name), entry["type"] == "directory", entry["size"])
    except (ConnectionError, TimeoutError, StorageError):
        raise
    except OSError as error:
        why = f"the folder cannot be listed: {error.strerror or error}"
        yield Child(path, is_folder=True, reason=Reason.UNREADABLE_FILE, detail=why)


def _local_child(root: str, path: str, entry: os.DirEntry[str], *, with_sizes: bool) -> Child:
    name = _below(path, entry.name)
    if is_litter(entry.name):
        return Child(name, is_folder=False, reason=IGNORED)
    if entry.is_dir():
        if entry.is_symlink():
            target, parts = Path(entry.path).resolve(), Path(path).parts
            folders = (Path(root, *parts[:count]) for count in range(len(parts) + 1))
            if any(folder.resolve().is_relative_to(target) for folder in folders):
                why = "a link to a folder that holds it"
                return Child(name, is_folder=True, reason=Reason.UNREADABLE_FILE, detail=why)
        return Child(name, is_folder=True)
    if entry.is_file():
        return Child(name, is_folder=False, size=entry.stat().st_size if with_sizes else None)
    if entry.is_symlink() and not Path(entry.path).exists():
        return Child(name, is_folder=False, reason=Reason.MISSING_FILE, detail="a link that leads nowhere")
    return _unreadable(name, "not a regular file")


def _unreadable(path: str, why: str) -> Child:
    return Child(path, is_folder=False, reason=Reason.UNREADABLE_FILE, detail=why)


def _below(folder: str, name: str) -> str:
    return f"{folder.rstrip('/')}/{name}" if folder and name else folder or name


def batches(listed: Iterator[Child]) -> Iterator[pa.RecordBatch]:
    """Yield children in rows of CHILD_SCHEMA."""
    while rows := list(islice(listed, ROWS_PER_BATCH)):
        paths, *others = zip(*rows, strict=True)
        columns: list[Any] = [[path.encode(*AS_ON_DISK) for path in paths], *others]
        arrays = [pa.array(column, field.type) for column, field in zip(columns, CHILD_SCHEMA, strict=True)]
        yield pa.record_batch(arrays, CHILD_SCHEMA)


def with_printable_paths(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Return rows of CHILD_SCHEMA in rows of FILE_SCHEMA; names that are not UTF-8 are unreadable files."""
    try:
        columns = [batch.column("path").cast(pa.string()), *batch.columns[1:]]
    except pa.ArrowInvalid:
        rows = batch.to_pylist()
        for row in rows:
            path = row["path"].decode(*AS_ON_DISK)
            row["path"] = printable(path)
            if row["path"] != path:
                row["reason"] = row["reason"] or Reason.UNREADABLE_FILE
                row["detail"] = row["detail"] or "its name is not UTF-8"
        return pa.RecordBatch.from_pylist(rows, FILE_SCHEMA)
    return pa.record_batch(columns, FILE_SCHEMA)
