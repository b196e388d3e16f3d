"""Files of what the frozen part of a network returns for each row, one per shard of the data set.

    <models>/features/<fingerprint>/train/common/shard-….parquet     image_id, class_index, features

They are not compressed: reading is then limited by the disk alone. A file is complete or absent.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from landmark_lib.dataset import FileRecord
from landmark_lib.errors import LandmarkError
from landmark_lib.storage import Place

FEATURES = "features"  # the column, and the folder in --models
GROUP_BYTES = 16 * 2**20  # of a row group; so much is read at once

# Image ids as UTF-8 (rows,), class indices (rows,) and features (rows, …).
NamedRows = tuple[NDArray[np.object_], NDArray[np.int32], NDArray[Any]]


class FeatureFiles:
    """Files of features, one per shard.

    Attributes:
        folder: Where the files are.
        shape: Shape of the features of a row.
        stored_as: Type of their numbers.
    """

    def __init__(
        self, folder: Place, shape: tuple[int, ...], stored_as: np.dtype[np.generic], cache: str | None = None
    ) -> None:
        """Begin.

        Args:
            folder: Where the files are.
            shape: Shape of the features of a row.
            stored_as: Type of their numbers.
            cache: Folder on a local disk for copies of files in a store, if any.
        """
        self.folder, self.shape, self.stored_as, self._cache = folder, shape, stored_as, cache

    @property
    def row_bytes(self) -> int:
        """Bytes of the features of a row."""
        return int(np.prod(self.shape)) * self.stored_as.itemsize

    def missing(self, records: Sequence[FileRecord]) -> list[int]:
        """Return the positions of the shards whose features are missing.

        Raises:
            LandmarkError: The folder cannot be listed.
        """
        try:
            present = {file.address for file in self.folder.files()}
        except OSError as error:
            raise LandmarkError(f"--cache-features: cannot list {self.folder}: {error}") from None
        return [n for n, record in enumerate(records) if (self.folder / record.path).address not in present]

    def group_sizes(self, record: FileRecord) -> list[int]:
        """Return the rows of each row group of a shard's file."""
        size = max(1, GROUP_BYTES // self.row_bytes)
        return [min(size, record.rows - start) for start in range(0, record.rows, size)]

    def write(self, record: FileRecord, groups: Iterator[NamedRows]) -> None:
        """Write the features of a shard, row group by row group.

        Raises:
            LandmarkError: They cannot be written.
        """
        place = self.folder / record.path
        column = pa.binary(self.row_bytes) if self._is_packed else pa.list_(pa.float32(), *self.shape)
        schema = pa.schema(
            [("image_id", pa.binary()), ("class_index", pa.int32()), pa.field(FEATURES, column)]
        )
        try:
            with (
                place.atomic_file() as partial,
                pq.ParquetWriter(partial, schema, compression="NONE", use_dictionary=False) as file,
            ):
                for ids, classes, features in groups:
                    columns = [pa.array(ids, pa.binary()), classes, self._column(features)]
                    file.write_table(pa.Table.from_arrays(columns, schema=schema))
        except OSError as error:
            raise LandmarkError(
                f"--cache-features: cannot write {place}: {error.strerror or error}"
            ) from None

    def read(self, record: FileRecord, start: int = 0, stop: int | None = None) -> Iterator[NamedRows]:
        """Yield the features of the rows start … stop - 1 of a shard, by row group.

        Raises:
            LandmarkError: They cannot be read, or their number is not that of the shard's rows.
        """
        place = self.folder / record.path
        stop = record.rows if stop is None else stop
        try:
            file, first = pq.ParquetFile(self._source(place)), 0
            if file.metadata.num_rows != record.rows:
                raise LandmarkError(
                    f"the features {place} are broken: expected {record.rows} rows, found"
                    f" {file.metadata.num_rows}; remove the file"
                )
            for number in range(file.num_row_groups):
                rows = file.metadata.row_group(number).num_rows
                wanted = slice(max(start - first, 0), min(stop - first, rows))
                first += rows
                if wanted.start < wanted.stop:
                    table = file.read_row_group(number).combine_chunks()
                    features = self._values(table[FEATURES].chunk(0))[wanted]
                    ids, classes = (table[name].to_numpy()[wanted] for name in ("image_id", "class_index"))
                    yield ids, classes, features
        except (OSError, ValueError, pa.ArrowException) as error:
            raise LandmarkError(f"the features {place} cannot be read: {error}; remove the file") from None

    @property
    def _is_packed(self) -> bool:
        """Whether a row is a string of bytes: fast for long rows, and any type can be stored."""
        return self.stored_as != np.float32

    def _column(self, features: NDArray[Any]) -> pa.Array:
        if self._is_packed:
            packed = pa.py_buffer(np.ascontiguousarray(features).tobytes())
            return pa.Array.from_buffers(pa.binary(self.row_bytes), len(features), [None, packed])
        return pa.FixedSizeListArray.from_arrays(pa.array(features.ravel()), *self.shape)

    def _values(self, column: pa.Array) -> NDArray[Any]:
        if self._is_packed:
            values = np.frombuffer(column.buffers()[1], self.stored_as)
            values = values[: len(column) * int(np.prod(self.shape))]
        else:
            values = column.values.to_numpy()
        return values.reshape(len(column), *self.shape)

    def _source(self, place: Place) -> pa.NativeFile:
        """Return a file for Arrow: memory-mapped from a disk, or its bytes from a store."""
        if self.folder.is_local:
            return pa.memory_map(str(place.path))
        if self._cache is None:
            return pa.BufferReader(place.read_bytes())
        path = place.address.removeprefix(f"{self.folder}/")
        copy = Place(self._cache) / FEATURES / self.folder.name / path
        if not copy.exists():
            copy.write(place.read_bytes())
        return pa.memory_map(str(copy.path))


def cut(groups: Iterator[NamedRows], sizes: Sequence[int]) -> Iterator[NamedRows]:
    """Regroup rows into groups of these sizes; the totals must be equal."""
    left: NamedRows | None = None
    for size in sizes:
        parts: list[NamedRows] = []
        wanted = size
        while wanted:
            group = left or next(groups)
            parts.append((group[0][:wanted], group[1][:wanted], group[2][:wanted]))
            rest = (group[0][wanted:], group[1][wanted:], group[2][wanted:])
            left = rest if len(rest[0]) else None
            wanted -= len(parts[-1][0])
        ids, classes, features = zip(*parts, strict=True)
        yield np.concatenate(ids), np.concatenate(classes), np.concatenate(features)
