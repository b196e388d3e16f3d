"""The members of a tar, found by its headers; what lies between them is passed over unread.

A header that cannot be read does not end the list: the archive is searched for the next one, and what was
passed over is told.
"""

import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, cast

from landmark_lib.dataset import Reason

BLOCK = tarfile.BLOCKSIZE
# An archive ends with two blocks of zeros and is filled up with more to a whole record.
LONGEST_END = tarfile.RECORDSIZE + 2 * BLOCK
BYTES_SEARCHED_AT_ONCE = 1 << 20
# A header may announce as long a name as it likes, and a negative one stands for the rest of the archive.
LONGEST_EXTENDED_HEADER = 1 << 20  # bytes


@dataclass(frozen=True)
class Member:
    """A file in a tar.

    Attributes:
        name: As the archive has it, folders included; bytes that are not UTF-8 as surrogates.
        offset: Position of its first byte in the archive.
        size: Bytes.
        reason: Why it can give no photo, if that shows already.
        detail: More about the reason.
    """

    name: str
    offset: int
    size: int
    reason: Reason | None = None
    detail: str | None = None


@dataclass(frozen=True)
class Loss:
    """A part of an archive in which no members were found though there may be some."""

    detail: str


class _Headers(tarfile.TarFile):
    """An archive whose headers are asked for one by one; opening it reads none."""

    def next(self) -> tarfile.TarInfo | None:
        return None


class _ReadInSmallPieces:
    """An archive as `tarfile` reads headers from it."""

    def __init__(self, file: BinaryIO) -> None:
        self.seek, self.tell = file.seek, file.tell
        self._read = file.read

    def read(self, size: int) -> bytes:
        """Read so many bytes.

        Raises:
            HeaderError: More than any header has.
        """
        if not 0 <= size <= LONGEST_EXTENDED_HEADER:
            raise tarfile.HeaderError(f"a header of {size} bytes")
        return self._read(size)


def read_members(file: BinaryIO, size: int) -> Iterator[Member | Loss]:
    """Find the files in a tar, in their order; folders and devices are left out.

    Args:
        file: The archive, open for reading bytes and for seeking.
        size: Its length in bytes.
    """
    position, last, has_end = 0, "", False
    headers = _Headers(fileobj=cast("BinaryIO", _ReadInSmallPieces(file)))
    while position < size:
        file.seek(position)
        try:
            header = _read_header(headers)
        except (tarfile.HeaderError, ValueError):  # the latter on numbers that are none in extended headers
            found, zeros_only = _next_header(file, position, size)
            has_end = zeros_only and found - position >= 2 * BLOCK
            if not zeros_only or (found < size and found - position > LONGEST_END):
                yield Loss(f"no header from byte {position} to {found}{last}")
                has_end = True  # told already
            position = found
            continue
        has_end = False
        position = headers.offset
        last = f", after {header.name}"
        member = _member(header, size)
        if member is not None:
            yield member
    if not has_end:
        yield Loss(f"it ends at byte {size} without the mark of its end{last}")


def _read_header(headers: _Headers) -> tarfile.TarInfo:
    header = tarfile.TarInfo.fromtarfile(headers)
    if header.size < 0:
        raise tarfile.HeaderError(f"a size of {header.size} bytes")
    return header


def _member(header: tarfile.TarInfo, archive_size: int) -> Member | None:
    reason, detail = None, None
    missing = header.offset_data + header.size - archive_size
    if header.islnk() or header.issym():
        reason, detail = Reason.UNREADABLE_FILE, f"a link to {header.linkname}"
    elif not header.isreg():
        return None
    elif header.issparse():
        reason, detail = Reason.UNREADABLE_FILE, "stored with holes"
    elif missing > 0:
        reason, detail = Reason.TRUNCATED, f"the archive ends {missing} bytes before it does"
    return Member(header.name, header.offset_data, header.size, reason, detail)


def _next_header(file: BinaryIO, broken: int, size: int) -> tuple[int, bool]:
    # Tells where the next header behind a broken one is, and whether there are only zeros before it.
    position, zeros_only = broken, True
    while position < size:
        file.seek(position)
        chunk = file.read(BYTES_SEARCHED_AT_ONCE)
        if not chunk:
            break
        if chunk.strip(b"\0"):
            for start in range(0, len(chunk), BLOCK):
                block = chunk[start : start + BLOCK]
                # The broken one may be sound by itself, and what it announces broken.
                if position + start > broken and _is_header(block):
                    return position + start, zeros_only
                zeros_only = zeros_only and not block.strip(b"\0")
        position += len(chunk)
    return size, zeros_only


def _is_header(block: bytes) -> bool:
    try:
        tarfile.TarInfo.frombuf(block, tarfile.ENCODING, "surrogateescape")
    except (tarfile.HeaderError, ValueError):
        return False
    return True
