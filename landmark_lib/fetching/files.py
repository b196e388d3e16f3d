"""Files on local disks and in stores: whole, or a span of a tar."""

import os
import stat
from pathlib import Path
from typing import Any, BinaryIO

from landmark_lib.dataset import Reason
from landmark_lib.errors import BadPhotoError

CHUNK = 1024 * 1024  # bytes

Span = tuple[int, int]  # offset and size in an archive, bytes


class Files:
    """Reads photos from files, and keeps the last local archive open.

    Args:
        max_bytes: Reject larger photos.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._archive: BinaryIO | None = None
        self._archive_sizes: dict[str, int] = {}

    def close(self) -> None:
        """Close the archive."""
        if self._archive is not None:
            self._archive.close()

    def read_local(self, path: str, span: Span | None) -> bytes:
        """Return the bytes of a local file, or of a span of it.

        Raises:
            BadPhotoError: It is too large, incomplete, or not a regular file.
            OSError, ValueError: It cannot be opened or read.
        """
        if span is not None:
            if self._archive is None or self._archive.name != path:
                if self._archive is not None:
                    self._archive.close()
                self._archive = Path(path).open("rb", buffering=0)  # noqa: SIM115 - kept for later photos
            offset, size = span
            return _whole(os.pread(self._archive.fileno(), size, offset), size)
        place = Path(path)
        status = place.stat()
        if not stat.S_ISREG(status.st_mode):  # reading a pipe could block for ever
            raise BadPhotoError(Reason.UNREADABLE_FILE, "not a regular file")
        self.check_size(status.st_size)
        with place.open("rb") as file:
            content = file.read(status.st_size + 1)
            while len(content) <= self._max_bytes and (more := file.read(CHUNK)):  # it grew meanwhile
                content += more
        self._check_read(content)
        return content

    def read_remote(self, filesystem: Any, path: str, span: Span | None) -> bytes:
        """Return the bytes of a file of an fsspec file system, or of a span of it; raises as `read_local`."""
        if span is not None:
            offset, size = span
            if path not in self._archive_sizes:
                self._archive_sizes[path] = filesystem.info(path)["size"]
            if offset >= self._archive_sizes[path]:  # object stores refuse a range beyond the end
                return _whole(b"", size)
            return _whole(filesystem.cat_file(path, start=offset, end=offset + size), size)
        # One call, which reads at most one byte too many.
        [content] = filesystem.cat_ranges([path], [0], [self._max_bytes + 1], on_error="return")
        if isinstance(content, Exception):
            if isinstance(content, FileNotFoundError):
                raise content
            info = filesystem.info(path)
            if info["type"] == "file" and info["size"] == 0:  # stores fail on a range of an empty object
                return b""
            raise content
        self._check_read(content)
        return bytes(content)

    def check_size(self, size: int) -> None:
        """Raise BadPhotoError for a file of too many bytes."""
        if size > self._max_bytes:
            raise BadPhotoError(Reason.TOO_LARGE, f"{size} bytes")

    def _check_read(self, content: bytes) -> None:
        if len(content) > self._max_bytes:
            raise BadPhotoError(Reason.TOO_LARGE, f"more than {self._max_bytes} bytes")


def _whole(content: bytes, size: int) -> bytes:
    if len(content) < size:
        raise BadPhotoError(Reason.TRUNCATED, f"{len(content)} of {size} bytes in the archive")
    return content
