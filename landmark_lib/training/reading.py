"""Rows from shards, in exactly the order told: Petastorm, and copies of remote shards on a local disk."""

import shutil
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partialmethod
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import ParseResult

import pyarrow as pa
from numpy.typing import NDArray
from petastorm import fs_utils, make_batch_reader
from petastorm.etl import dataset_metadata
from pyarrow.filesystem import DaskFileSystem
from pyarrow.parquet import ParquetDatasetPiece

from landmark_lib.dataset import FileRecord, read_table
from landmark_lib.errors import LandmarkError
from landmark_lib.method.epochs import ShardSlice
from landmark_lib.storage import Place, is_local, join, open_address

# Petastorm 0.13 calls what pyarrow has since announced to remove; both are pinned to versions that agree.
warnings.filterwarnings("ignore", category=FutureWarning, module="petastorm")

COLUMNS = ("image_id", "class_index", "image")
# A reader asks for every file it is given before its first row; so one gets a few at a time, and the first
# row does not wait for ten thousand files.
SHARDS_PER_READER = 16
COPIED_BYTES = 1 << 20  # at a time

# Columns of some rows, (rows,) each.
Group = tuple[NDArray[Any], ...]


def _read_no_pickle(_: bytes) -> NoReturn:
    raise dataset_metadata.PetastormMetadataError("a pickled schema is never read")


# Of a shard that is a folder with a file _common_metadata, Petastorm would unpickle the schema in that, which
# may call any built-in function. Told that there is none, it takes Parquet's own.
dataset_metadata.depickle_legacy_package_name_compatible = _read_no_pickle


def _split(address: str) -> ParseResult:
    scheme, _, rest = address.partition("://")
    host, slash, path = rest.partition("/")
    return ParseResult(scheme, host, slash + path, "", "", "")


# Petastorm takes a path for a URI, and would cut a name at `#` or `?`.
fs_utils.urlparse = _split
# A thread of pyarrow's that reads through a Python file lets go of it a moment after its work is done; should
# Python end in that moment, the process would abort.
ParquetDatasetPiece.read = partialmethod(ParquetDatasetPiece.read, use_threads=False)


@dataclass(frozen=True)
class Shards:
    """Shards of one data set that are read together; a slice's number is a position in `records`.

    Attributes:
        root: Root of the data set.
        records: The shards.
        cache: Folder for copies of them on a local disk, if any.
    """

    root: str
    records: Sequence[FileRecord]
    cache: str | None = None


def read_slices(
    shards: Shards, slices: Sequence[ShardSlice], columns: Sequence[str] = COLUMNS
) -> Iterator[Group]:
    """Read slices row group by row group.

    Args:
        shards: The shards.
        slices: What to read of them.
        columns: Which columns, in this order: image ids, class indices (int32), JPEGs (bytes).

    Yields:
        The columns of some rows, (rows,) each, in the order of the slices.

    Raises:
        LandmarkError: A shard is missing or broken, or holds other rows than the manifest says.
    """
    for first in range(0, len(slices), SHARDS_PER_READER):
        yield from _read_together(shards, slices[first : first + SHARDS_PER_READER], columns)


def _read_together(shards: Shards, slices: Sequence[ShardSlice], columns: Sequence[str]) -> Iterator[Group]:
    records = [shards.records[part.shard] for part in slices]
    groups = _row_groups(*_addresses(shards, records), columns)
    for part, record in zip(slices, records, strict=True):
        at = 0
        while at < record.rows:
            try:
                group = next(groups, None)
            except (OSError, pa.ArrowException, dataset_metadata.PetastormMetadataError) as error:
                raise _blame(shards, records, record, error) from None
            if group is None:
                raise _broken(shards, record, f"expected {record.rows} rows, found {at}")
            rows = len(group[0])
            low, high = max(part.start - at, 0), min(part.stop - at, rows)
            if low < high:
                yield tuple(column[low:high] for column in group)
            at += rows
        if at != record.rows:
            raise _broken(shards, record, f"expected {record.rows} rows, found {at}")
    if next(groups, None) is not None:
        raise LandmarkError(f"{shards.root}: more rows in the shards than {len(slices)} of them should hold")


def _blame(
    shards: Shards, opened: Sequence[FileRecord], current: FileRecord, error: Exception
) -> LandmarkError:
    """Name the shard that a reader failed on: one of those that it opened, or else the one it was in."""
    for record in opened:
        try:
            read_table(shards.root, record.path, ["class_index"])
        except (OSError, pa.ArrowException) as found:
            return _broken(shards, record, str(found))
    return _broken(shards, current, str(error))


def _broken(shards: Shards, record: FileRecord, why: str) -> LandmarkError:
    return LandmarkError(f"the shard {join(shards.root, record.path)} is broken: {' '.join(why.split())}")


def _row_groups(
    uris: list[str], filesystem: DaskFileSystem | None, columns: Sequence[str]
) -> Iterator[Group]:
    # The pool that reads in the calling thread keeps the order told and gives every row group. The pool of
    # threads does neither: it looks whether its work is done, then whether more is coming, and ends early
    # when the last work arrives in between, without an error. Reading ahead is left to TensorFlow.
    reader = make_batch_reader(
        uris,
        # A name alone would also be taken for the beginning of others, with a warning.
        schema_fields=[f"{column}$" for column in columns],
        reader_pool_type="dummy",
        shuffle_row_groups=False,
        num_epochs=1,
        filesystem=filesystem,
    )
    try:
        for group in reader:
            yield tuple(getattr(group, column) for column in columns)
    finally:
        reader.stop()
        reader.join()


class _AsPetastormTakesIt(DaskFileSystem):  # type: ignore[misc]
    """A file system of fsspec for the interface of pyarrow that Petastorm 0.13 reads through.

    Given gcsfs's or s3fs's own, it would take pyarrow's newer interface, with options that this refuses.
    """

    def __init__(self, filesystem: Any) -> None:
        """Take a file system; the base class would do the same and announce its end to every user."""
        self.fs = filesystem

    def isfile(self, path: str) -> bool:
        """Tell whether there is a file."""
        return bool(self.fs.isfile(path))

    def isdir(self, path: str) -> bool:
        """Tell whether there is a folder."""
        return bool(self.fs.isdir(path))


def _addresses(shards: Shards, records: Sequence[FileRecord]) -> tuple[list[str], _AsPetastormTakesIt | None]:
    """Give URIs of shards, or of their copies, and the file system if it is not the local one."""
    if shards.cache is not None:
        return [f"file://{_local_copy(shards, record).absolute()}" for record in records], None
    places = [Place(shards.root) / record.path for record in records]
    if is_local(shards.root):
        return [f"file://{place.path}" for place in places], None
    return [place.address for place in places], _AsPetastormTakesIt(open_address(shards.root)[0])


def _local_copy(shards: Shards, record: FileRecord) -> Path:
    """Copy a shard to the local disk unless it is there; it is named by its content."""
    folder = Place(str(shards.cache))
    copy = folder / f"{record.sha256}.parquet"
    if copy.exists():
        return copy.path
    try:
        with copy.atomic_file() as partial:
            with (Place(shards.root) / record.path).open() as file, partial.open("wb") as out:
                shutil.copyfileobj(file, out, COPIED_BYTES)
            found = Place(str(partial)).digest()
            if found != record.sha256:
                raise _broken(shards, record, f"its checksum is {found}, not {record.sha256}")
    except OSError as error:
        raise LandmarkError(f"--shard-cache: cannot copy {record.path} to {folder}: {error}") from None
    return copy.path


def verify_shards(shards: Shards, numbers: Sequence[int]) -> None:
    """Compare some shards with the checksums of the manifest.

    Raises:
        LandmarkError: One of them is missing or differs.
    """
    for number in numbers:
        record = shards.records[number]
        try:
            found = (Place(shards.root) / record.path).digest()
        except OSError as error:
            raise _broken(shards, record, str(error)) from None
        if found != record.sha256:
            raise _broken(shards, record, f"its checksum is {found}, not {record.sha256}")
