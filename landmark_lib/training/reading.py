"""Rows from shards in a given order, by Petastorm; copies of remote shards on a local disk."""

import shutil
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partialmethod
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import ParseResult

import pyarrow as pa
from numpy.typing import NDArray
from petastorm import fs_utils, make_batch_reader
from petastorm import reader as petastorm_reader
from petastorm.etl import dataset_metadata
from petastorm.workers_pool.ventilator import Ventilator
from pyarrow.filesystem import DaskFileSystem
from pyarrow.parquet import ParquetDatasetPiece

from landmark_lib.dataset import FileRecord, read_table
from landmark_lib.errors import LandmarkError
from landmark_lib.method.epochs import ShardSlice
from landmark_lib.storage import Place, is_local, join, open_address

# Petastorm 0.13 calls functions that pyarrow has deprecated since; both are pinned to versions that agree.
warnings.filterwarnings("ignore", category=FutureWarning, module="petastorm")

COLUMNS = ("image_id", "class_index", "image")
# A reader opens all its files before its first row. Each has only a few, so that the first row does not wait
# for ten thousand files.
SHARDS_PER_READER = 16
COPIED_BYTES = 1 << 20  # per read

# Columns of some rows, (rows,) each.
Group = tuple[NDArray[Any], ...]


def _read_no_pickle(_: bytes) -> NoReturn:
    raise dataset_metadata.PetastormMetadataError("a pickled schema is never read")


# If a shard is a folder with a file _common_metadata, Petastorm would unpickle the schema in it, which may
# call any built-in function. Without one, it uses Parquet's own schema.
dataset_metadata.depickle_legacy_package_name_compatible = _read_no_pickle


def _split(address: str) -> ParseResult:
    scheme, _, rest = address.partition("://")
    host, slash, path = rest.partition("/")
    return ParseResult(scheme, host, slash + path, "", "", "")


# Petastorm parses paths as URIs, and would cut a name at `#` or `?`.
fs_utils.urlparse = _split
# A pyarrow thread that reads through a Python file releases it a moment after its work is done. If Python
# exits in that moment, the process aborts.
ParquetDatasetPiece.read = partialmethod(ParquetDatasetPiece.read, use_threads=False)


class _AllAtOnce(Ventilator):  # type: ignore[misc]
    """Lists all row groups of a reader before the first is read.

    Petastorm's own lists four ahead, in a thread that looks every 10 ms whether one was read. When it is
    late, the reader sleeps for 100 ms, about as long as two cores decode four row groups.
    """

    def __init__(self, ventilate_fn: Callable[..., None], items: list[dict[str, Any]], **_: object) -> None:
        """Begin; the other arguments are about threads, epochs and random order, none of which are used."""
        super().__init__(ventilate_fn)
        self._items = items

    def start(self) -> None:
        """List all of them."""
        for item in self._items:
            self._ventilate_fn(**item)

    def processed_item(self) -> None:
        """Do nothing: none is waited for."""

    def completed(self) -> bool:
        """Return whether all are listed."""
        return True

    def stop(self) -> None:
        """Do nothing: no thread runs."""


petastorm_reader.ConcurrentVentilator = _AllAtOnce


@dataclass(frozen=True)
class Shards:
    """Shards of one data set that are read together; `ShardSlice.shard` is a position in `records`.

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
        slices: The slices to read.
        columns: The columns to read, in this order: image ids, class indices (int32), JPEGs (bytes).

    Yields:
        The columns of some rows, (rows,) each, in the order of the slices.

    Raises:
        LandmarkError: A shard is missing or broken, or its rows differ from the manifest's.
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
        rows = sum(record.rows for record in records)
        raise LandmarkError(f"{shards.root}: expected {rows} rows in {len(slices)} shards, found more")


def _blame(
    shards: Shards, opened: Sequence[FileRecord], current: FileRecord, error: Exception
) -> LandmarkError:
    """Return the error for a reader's failure: of the first unreadable shard, or else of the current one."""
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
    # The pool that reads in the calling thread keeps the order and yields every row group. The thread pool
    # does neither: it checks first whether its work is done, then whether more is coming, and ends early
    # without an error if the last work arrives in between. TensorFlow reads ahead instead.
    reader = make_batch_reader(
        uris,
        # Without $, a name also matches longer ones, with a warning.
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


class _PetastormFiles(DaskFileSystem):  # type: ignore[misc]
    """A file system of fsspec with the interface of pyarrow that Petastorm 0.13 reads through.

    With one of gcsfs or s3fs it would use pyarrow's newer interface, with options that this refuses.
    """

    def __init__(self, filesystem: Any) -> None:
        """Wrap a file system; the base class would do the same, with a deprecation warning for every user."""
        self.fs = filesystem

    def isfile(self, path: str) -> bool:
        """Return whether a path is a file."""
        return bool(self.fs.isfile(path))

    def isdir(self, path: str) -> bool:
        """Return whether a path is a folder."""
        return bool(self.fs.isdir(path))


def _addresses(shards: Shards, records: Sequence[FileRecord]) -> tuple[list[str], _PetastormFiles | None]:
    """Return URIs of shards or their copies, and the file system if it is not the local one."""
    if shards.cache is not None:
        return [f"file://{_local_copy(shards, record).absolute()}" for record in records], None
    places = [Place(shards.root) / record.path for record in records]
    if is_local(shards.root):
        return [f"file://{place.path}" for place in places], None
    return [place.address for place in places], _PetastormFiles(open_address(shards.root)[0])


def _local_copy(shards: Shards, record: FileRecord) -> Path:
    """Copy a shard to the local disk unless it is there; the name of the copy is its checksum."""
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
    """Compare shards with the checksums of the manifest.

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
