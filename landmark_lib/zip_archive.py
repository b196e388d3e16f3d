"""Zip archives that hold what they claim, as Keras and numpy write them: .keras and .npz files.

Both store their members as they are. A small archive of somebody else's may unpack to any size: by
compression, by members that share their bytes, or by a header that lies. So only stored members are read, and
unpacked they are never larger than the file.
"""

import io
import os
import struct
import tokenize
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

# Mark, two numbers of disks, members here and in all, bytes and place of the directory, bytes of the comment.
END = struct.Struct("<4s4H2LH")
END_MARK = b"PK\5\6"
# Large archives have a second record of the end, which another one 20 bytes before `END` points to.
SECOND_END_MARK = b"PK\6\7"
BYTES_TO_SECOND_END = END.size + 20
SMALLEST_WITH_SECOND_END = 1 << 31
MOST_ARRAYS = 10_000  # of a file; a checkpoint has some hundreds
ARRAY = ".npy"  # how the name of an array's member ends
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
def opened_zip(file: BinaryIO, most_members: int) -> Iterator[zipfile.ZipFile]:
    """Open an archive whose members are stored, named once, and together no larger than the file.

    Args:
        file: Can be sought in; the archive is all of it.
        most_members: More are refused, before the directory of members is read.

    Raises:
        ValueError: It is no such archive, or a member that is read is damaged.
    """
    try:
        size = file.seek(0, os.SEEK_END)
        _check_end(file, size, most_members)
        with zipfile.ZipFile(file) as archive:
            _check_members(archive.infolist(), size)
            yield archive
    except (zipfile.BadZipFile, EOFError, NotImplementedError) as error:
        raise ValueError(f"not a whole zip archive ({str(error) or 'it ends early'})") from None


def read_arrays(content: bytes) -> dict[str, NDArray[Any]]:
    """Read all arrays of an .npz file, by name.

    Raises:
        ValueError: It is no such file, claims more than it holds, or holds something else than numbers.
    """
    with opened_zip(io.BytesIO(content), MOST_ARRAYS) as archive:
        return {name.removesuffix(ARRAY): _read_array(archive, name) for name in archive.namelist()}


def _check_end(file: BinaryIO, size: int, most_members: int) -> None:
    if size < END.size:
        raise ValueError("not a zip archive: too short")
    file.seek(size - END.size)
    mark, _, _, _, members, _, _, comment = END.unpack(file.read(END.size))
    if mark != END_MARK or comment:
        raise ValueError("not a zip archive, or more follows it")
    if members > most_members:
        raise ValueError(f"expected at most {most_members} members, found {members}")
    # The second record overrides the first, so it may not stand where nobody needs it.
    if BYTES_TO_SECOND_END <= size < SMALLEST_WITH_SECOND_END:
        file.seek(size - BYTES_TO_SECOND_END)
        if file.read(len(SECOND_END_MARK)) == SECOND_END_MARK:
            raise ValueError("its directory of members is given twice")


def _check_members(members: Sequence[zipfile.ZipInfo], size: int) -> None:
    names: set[str] = set()
    for member in members:
        if member.filename in names:
            raise ValueError(f"its member {member.filename!r:.60} is there twice")
        names.add(member.filename)
        stored = member.compress_type == zipfile.ZIP_STORED and member.compress_size == member.file_size
        if not stored or member.flag_bits & 1:
            raise ValueError(f"its member {member.filename!r:.60} is compressed or encrypted")
    if sum(member.file_size for member in members) > size:
        raise ValueError("its members claim more than the file holds")
    if members and min(member.header_offset for member in members) > 0:
        raise ValueError("not a zip archive: something else comes first")


def _read_array(archive: zipfile.ZipFile, name: str) -> NDArray[Any]:
    with archive.open(name) as member:
        try:
            # numpy 1.26 declares no types for it.
            array: NDArray[Any] = np.lib.format.read_array(member, allow_pickle=False)  # type: ignore[no-untyped-call]
        # numpy evaluates the header as Python, and sets aside the memory that it claims, without touching it.
        except DAMAGED_ARRAY:
            raise ValueError(f"its array {name!r:.60} is damaged") from None
    if array.dtype.kind not in "biuf":
        raise ValueError(f"its array {name!r:.60} does not hold numbers")
    return array
