"""The members of a tar, found by its headers; what lies between them is not read.

An unreadable header does not end the listing: the archive is searched for the next header, and the gap is
reported.
"""

import tarfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import BinaryIO, Self, cast

from landmark_lib.dataset import Reason

BLOCK = tarfile.BLOCKSIZE
# An archive ends with two blocks of zeros, padded to a full record.
LONGEST_END = tarfile.RECORDSIZE + 2 * BLOCK
BYTES_SEARCHED_AT_ONCE = 1 << 20
# A header may announce a name of any length; a negative length would mean the rest of the archive.
LONGEST_EXTENDED_HEADER = 1 << 20  # bytes


@dataclass(frozen=True)
class Member:
    """A file in a tar.

    Attributes:
        name: Name in the archive, with folders; bytes that are not UTF-8 as surrogates.
        offset: Position of its first byte in the archive.
        size: Size in bytes.
        reason: Why it must be rejected, if the header shows that.
        detail: More about the reason.
    """

    name: str
    offset: int
    size: int
    reason: Reason | None = None
    detail: str | None = None

    @classmethod
    def read(cls, header: tarfile.TarInfo, archive_size: int) -> Self | None:
        """Return the file that a header announces; None for folders and devices."""
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
        return cls(header.name, header.offset_data, header.size, reason, detail)


@dataclass(frozen=True)
class Loss:
    """A part of an archive in which members may have been lost."""

    detail: str


class _Headers(tarfile.TarFile):
    """An archive whose headers are read one by one; opening it reads none."""

    def next(self) -> tarfile.TarInfo | None:
        return None


class _ReadInSmallPieces:
    """A file for `tarfile` that refuses long reads."""

    def __init__(self, file: BinaryIO) -> None:
        self.seek, self.tell = file.seek, file.tell
        self._read = file.read

    def read(self, size: int) -> bytes:
        """Return this many bytes.

        Raises:
            HeaderError: More than a header can have.
        """
        if not 0 <= size <= LONGEST_EXTENDED_HEADER:
            raise tarfile.HeaderError(f"a header of {size} bytes")
        return self._read(size)


def read_members(file: BinaryIO, size: int) -> Iterator[Member | Loss]:
    """Yield the files of a tar in their order, without folders and devices.

    Args:
        file: The archive, readable and seekable.
        size: Its length in bytes.
    """
    position, last, has_end = 0, "", False
    headers = _Headers(fileobj=cast("BinaryIO", _ReadInSmallPieces(file)))
    while position < size:
        file.seek(position)
        try:
            header = tarfile.TarInfo.fromtarfile(headers)
            if header.size < 0:
                raise tarfile.HeaderError(f"a size of {header.size} bytes")  # noqa: TRY301 - as of tarfile itself
        except (tarfile.HeaderError, ValueError):  # ValueError: invalid numbers in extended headers
            found, zeros_only = _next_header(file, position, size)
            has_end = zeros_only and found - position >= 2 * BLOCK
            if not zeros_only or (found < size and found - position > LONGEST_END):
                yield Loss(f"no header from byte {position} to {found}{last}")
                has_end = True  # reported already
            position = found
            continue
        has_end = False
        position = headers.offset
        last = f", after {header.name}"
        member = Member.read(header, size)
        if member is not None:
            yield member
    if not has_end:
        yield Loss(f"it ends at byte {size} without the mark of its end{last}")


def _next_header(file: BinaryIO, broken: int, size: int) -> tuple[int, bool]:
    """Return the position of the next header after a broken one, and whether only zeros precede it."""
    position, zeros_only = broken, True
    while position < size:
        file.seek(position)
        chunk = file.read(BYTES_SEARCHED_AT_ONCE)
        if not chunk:
            break
        if chunk.strip(b"\0"):
            for start in range(0, len(chunk), BLOCK):
                block = chunk[start : start + BLOCK]
                # The broken header itself may be valid, and only what it announces broken.
                if position + start > broken:
                    with suppress(tarfile.HeaderError, ValueError):
                        tarfile.TarInfo.frombuf(block, tarfile.ENCODING, "surrogateescape")
                        return position + start, zeros_only
                zeros_only = zeros_only and not block.strip(b"\0")
        position += len(chunk)
    return size, zeros_only
