"""Safe reading of zip archives as Keras and numpy write them, .keras and .npz files, and writing of .npz.

Both store their members uncompressed. A small untrusted archive may unpack to any size: by compression, by
members that share bytes, or by a false header. So only stored members are read, and together they are never
larger than the file.
"""

import os
import struct
import tokenize
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

# Mark, two disk numbers, members here and in total, size and offset of the directory, size of the comment.
END = struct.Struct("<4s4H2LH")
END_MARK = b"PK\5\6"
# Large archives have a second end record; its locator lies 20 bytes before `END`.
SECOND_END_MARK = b"PK\6\7"
BYTES_TO_SECOND_END = END.size + 20
MIN_SIZE_WITH_SECOND_END = 1 << 31
MAX_ARRAYS = 10_000  # of a file; a checkpoint has a few hundred
ARRAY = ".npy"  # suffix of an array's member
DAMAGED_ARRAY = (
    ArithmeticError,
    MemoryError,
    RecursionError,
    SyntaxError,
    TypeError,
    ValueError,
    tokenize.TokenError,
)


@contextmanager
def open_zip(file: BinaryIO, max_members: int) -> Iterator[zipfile.ZipFile]:
    """Open an archive with stored members, distinct names, and a total size of at most the file's.

    Args:
        file: Seekable; contains nothing but the archive.
        max_members: More are refused before the directory is read.

    Raises:
        ValueError: It is not such an archive, or a member that is read is damaged.
    """
    try:
        size = file.seek(0, os.SEEK_END)
        _check_end(file, size, max_members)
        with zipfile.ZipFile(file) as archive:
            _check_members(archive.infolist(), size)
            yield archive
    except (zipfile.BadZipFile, EOFError, NotImplementedError) as error:
        raise ValueError(f"not a whole zip archive ({str(error) or 'it ends early'})") from None


def read_arrays(file: BinaryIO) -> dict[str, NDArray[Any]]:
    """Read all arrays of an .npz file, open and seekable, by name.

    Raises:
        ValueError: It is not such a file, claims more than it contains, or contains anything but numbers.
    """
    with open_zip(file, MAX_ARRAYS) as archive:
        return {name.removesuffix(ARRAY): _read_array(archive, name) for name in archive.namelist()}


def write_arrays(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write arrays as an .npz file, one after another.

    numpy's own function leaves the file to the garbage collector if the disk is full, which then complains.

    Raises:
        OSError: It cannot be written.
    """
    with zipfile.ZipFile(path, "w") as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}{ARRAY}", "w", force_zip64=True) as member:
                # numpy 1.26 has no types for it.
                np.lib.format.write_array(member, array, allow_pickle=False)  # type: ignore[no-untyped-call]


def _check_end(file: BinaryIO, size: int, max_members: int) -> None:
    if size < END.size:
        raise ValueError("not a zip archive: too short")
    file.seek(size - END.size)
    mark, _, _, _, members, _, _, comment = END.unpack(file.read(END.size))
    if mark != END_MARK or comment:
        raise ValueError("not a zip archive, or other data follows it")
    if members > max_members:
        raise ValueError(f"expected at most {max_members} members, found {members}")
    # The second record overrides the first, so it is refused where it is not needed.
    if BYTES_TO_SECOND_END <= size < MIN_SIZE_WITH_SECOND_END:
        file.seek(size - BYTES_TO_SECOND_END)
        if file.read(len(SECOND_END_MARK)) == SECOND_END_MARK:
            raise ValueError("it has two directories of members")


def _check_members(members: Sequence[zipfile.ZipInfo], size: int) -> None:
    names: set[str] = set()
    for member in members:
        if member.filename in names:
            raise ValueError(f"its member {member.filename!r:.60} occurs twice")
        names.add(member.filename)
        stored = member.compress_type == zipfile.ZIP_STORED and member.compress_size == member.file_size
        if not stored or member.flag_bits & 1:
            raise ValueError(f"its member {member.filename!r:.60} is compressed or encrypted")
    if sum(member.file_size for member in members) > size:
        raise ValueError("its members claim more than the file holds")
    if members and min(member.header_offset for member in members) > 0:
        raise ValueError("not a zip archive: other data comes first")


def _read_array(archive: zipfile.ZipFile, name: str) -> NDArray[Any]:
    with archive.open(name) as member:
        try:
            # numpy 1.26 has no types for it.
            array: NDArray[Any] = np.lib.format.read_array(member, allow_pickle=False)  # type: ignore[no-untyped-call]
        # numpy evaluates the header as Python, and reserves the memory that it claims without using it.
        except DAMAGED_ARRAY:
            raise ValueError(f"its array {name!r:.60} is damaged") from None
    if array.dtype.kind not in "biuf":
        raise ValueError(f"its array {name!r:.60} does not hold numbers")
    return array
