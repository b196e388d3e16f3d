"""The files below a folder, listed in Spark tasks: none of their names passes through the driver.

The two upper levels are listed one after the other and their folders spread over the tasks, then each task
lists all that lies deeper. A folder that cannot be listed is a row too, never a shorter list.
"""

import os
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
from fsspec.implementations.local import LocalFileSystem
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import from_arrow_schema

from landmark_lib.dataset import Reason
from landmark_lib.preprocess.sources.address import Place, open_place
from landmark_lib.preprocess.sources.schema import printable

AS_ON_DISK = ("utf-8", "surrogateescape")
ROWS_PER_BATCH = 16_384
LEVELS_SPREAD = 2
TASKS_PER_CORE = 2

# Paths are relative to the root and bytes, because a name on a disk need not be UTF-8.
CHILD_SCHEMA = pa.schema(
    [
        ("path", pa.binary()),
        ("is_folder", pa.bool_()),  # a folder with a reason is one that could not be listed
        ("size", pa.int64()),  # bytes
        ("reason", pa.string()),
        ("detail", pa.string()),
    ]
)
FILE_SCHEMA = CHILD_SCHEMA.set(0, pa.field("path", pa.string()))


class Child(NamedTuple):
    """A file or folder; `path` is relative to the root, as Python names it."""

    path: str
    is_folder: bool
    size: int | None = None
    reason: Reason | None = None
    detail: str | None = None


def list_files(spark: SparkSession, root: Place, *, with_sizes: bool) -> DataFrame:
    """List all files below a folder, links followed.

    Args:
        spark: Where to list.
        root: The folder.
        with_sizes: Whether to ask for the sizes of files where that costs a call for each.

    Returns:
        path (relative to the root, printable), is_folder (true only for folders that cannot be listed), size,
        reason, detail.
    """
    uri = root.uri

    def list_level(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        place = open_place(uri)
        for batch in batches:
            to_list = pc.and_(batch.column("is_folder"), batch.column("reason").is_null())
            yield batch.filter(pc.invert(to_list))
            for path in batch.filter(to_list).column("path").to_pylist():
                yield from _batches(children(place, path.decode(*AS_ON_DISK), with_sizes=with_sizes))

    def list_rest(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        place = open_place(uri)
        for batch in batches:
            to_list = pc.and_(batch.column("is_folder"), batch.column("reason").is_null())
            yield _with_printable_paths(batch.filter(pc.invert(to_list)))
            for path in batch.filter(to_list).column("path").to_pylist():
                below = walk(place, path.decode(*AS_ON_DISK), with_sizes=with_sizes)
                yield from map(_with_printable_paths, _batches(below))

    tasks = TASKS_PER_CORE * spark.sparkContext.defaultParallelism
    columns = from_arrow_schema(CHILD_SCHEMA)
    level = spark.createDataFrame([(b"", True, None, None, None)], columns).coalesce(1)
    for _ in range(LEVELS_SPREAD):
        level = level.mapInArrow(list_level, columns).repartition(tasks, F.col("path"))
    return level.mapInArrow(list_rest, from_arrow_schema(FILE_SCHEMA))


def walk(place: Place, path: str, *, with_sizes: bool) -> Iterator[Child]:
    """List all files below a folder, given by its path below the root; folders only that cannot be listed."""
    for child in children(place, path, with_sizes=with_sizes):
        if child.is_folder and child.reason is None:
            yield from walk(place, child.path, with_sizes=with_sizes)
        else:
            yield child


def children(place: Place, path: str, *, with_sizes: bool) -> Iterator[Child]:
    """List the files and folders in a folder, given by its path below the root.

    Raises:
        OSError: The network failed, which is not the folder's fault.
    """
    try:
        if isinstance(place.filesystem, LocalFileSystem):
            yield from _local_children(place.path, path, with_sizes=with_sizes)
        else:
            yield from _remote_children(place, path)
    except (ConnectionError, TimeoutError):
        raise
    except OSError as error:
        why = f"the folder cannot be listed: {error.strerror or error}"
        yield Child(path, is_folder=True, reason=Reason.UNREADABLE_FILE, detail=why)


def _local_children(root: str, path: str, *, with_sizes: bool) -> Iterator[Child]:
    # fsspec would make a dictionary of every file, and a folder may hold a million.
    with os.scandir(_below(root, path)) as entries:
        for entry in entries:
            try:
                yield _local_child(root, path, entry, with_sizes=with_sizes)
            except OSError as error:  # a link to itself, a file gone meanwhile
                yield _unreadable(_below(path, entry.name), error.strerror or str(error))


def _local_child(root: str, path: str, entry: os.DirEntry[str], *, with_sizes: bool) -> Child:
    name = _below(path, entry.name)
    if entry.is_dir():
        if entry.is_symlink() and _holds(entry.path, root, path):
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


def _holds(link: str, root: str, path: str) -> bool:
    target = Path(link).resolve()
    folders = [Path(root), *(Path(root, *Path(path).parts[:n]) for n in range(1, len(Path(path).parts) + 1))]
    return any(folder.resolve().is_relative_to(target) for folder in folders)


def _remote_children(place: Place, path: str) -> Iterator[Child]:
    folder = _below(place.path, path)
    for entry in place.filesystem.ls(folder, detail=True):
        name = entry["name"].rstrip("/")
        # Object stores show the mark that a folder exists as a file of the folder's name.
        if name != folder.rstrip("/"):
            is_folder = entry["type"] == "directory"
            yield Child(name[len(place.path.rstrip("/")) + 1 :], is_folder, entry["size"])


def _below(folder: str, name: str) -> str:
    return f"{folder.rstrip('/')}/{name}" if folder and name else folder or name


def _batches(listed: Iterator[Child]) -> Iterator[pa.RecordBatch]:
    while rows := list(islice(listed, ROWS_PER_BATCH)):
        paths, *others = zip(*rows, strict=True)
        columns: list[Any] = [[path.encode(*AS_ON_DISK) for path in paths], *others]
        arrays = [pa.array(column, field.type) for column, field in zip(columns, CHILD_SCHEMA, strict=True)]
        yield pa.record_batch(arrays, CHILD_SCHEMA)


def _with_printable_paths(batch: pa.RecordBatch) -> pa.RecordBatch:
    try:
        columns = [batch.column("path").cast(pa.string()), *batch.columns[1:]]
    except pa.ArrowInvalid:
        rows = [_printable_row(row) for row in batch.to_pylist()]
        return pa.RecordBatch.from_pylist(rows, FILE_SCHEMA)
    return pa.record_batch(columns, FILE_SCHEMA)


def _printable_row(row: dict[str, Any]) -> dict[str, Any]:
    path = row["path"].decode(*AS_ON_DISK)
    if printable(path) == path:
        return {**row, "path": path}
    why = {
        "reason": row["reason"] or Reason.UNREADABLE_FILE,
        "detail": row["detail"] or "its name is not UTF-8",
    }
    return {**row, "path": printable(path), **why}
