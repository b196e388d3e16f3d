"""Fetches the bytes of listed photos, in order, from local disks, stores and the web."""

import errno
import os
import stat
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from fsspec.implementations.local import LocalFileSystem

from landmark_lib.dataset import Reason
from landmark_lib.errors import AddressError, BadPhotoError, SourceVanishedError
from landmark_lib.fetching.download import MEGABYTE, Downloader
from landmark_lib.fetching.files import Files
from landmark_lib.fetching.web_address import SCHEMES
from landmark_lib.settings import FetchSettings
from landmark_lib.storage import open_address

# Schemes that are allowed besides the source's own. fsspec has others that reach any host of an address
# without the checks of a download.
STORES = ("file", "gs", "gcs", "s3", "s3a", "hdfs")
# Photos in transfer or waiting for their turn, per connection.
LOOK_AHEAD = 2
# Errors of this machine or its network, not of a photo.
MACHINE_FAULTS = {
    *(errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS),
    *(errno.ENETDOWN, errno.ENETUNREACH, errno.EHOSTDOWN, errno.EHOSTUNREACH, errno.ENOTCONN),
    *(errno.ECONNREFUSED, errno.ECONNRESET, errno.ECONNABORTED, errno.EPIPE, errno.ETIMEDOUT),
}

Content = Callable[[], bytes]


def fetch_photos(
    listed: Iterable[dict[str, Any]], fetch: FetchSettings, root: str
) -> Iterator[tuple[dict[str, Any], bytes | BadPhotoError]]:
    """Yield the photos of a list, in order.

    Local files are read when their turn comes. Remote ones are fetched ahead in threads, while earlier photos
    are processed; at most `LOOK_AHEAD` photos per connection are kept in memory.

    Args:
        listed: Rows of the list: image_id, landmark_id, uri, reason, detail, and archive, offset, size
            (bytes). archive and offset are null for photos outside tars. The size may be null; if it is
            known, a photo that is too large is not requested.
        fetch: Limits.
        root: Address of the source: folder, CSV or tar.

    Yields:
        Each row with the bytes of its photo or with an error.

    Raises:
        SourceVanishedError: A photo could not be read, and its source is missing or empty.
        UserError: The package for a scheme is not installed.
        OSError: An error of the machine or its network, not of a photo.
    """
    fetching = _Fetching(fetch, root)
    ahead: deque[tuple[dict[str, Any], Content]] = deque()
    try:
        for row in listed:
            ahead.append((row, fetching.begin(row)))
            if len(ahead) > LOOK_AHEAD * fetch.connections_per_host:
                yield _outcome(*ahead.popleft())
        while ahead:
            yield _outcome(*ahead.popleft())
    finally:
        fetching.close()


def _outcome(row: dict[str, Any], content: Content) -> tuple[dict[str, Any], bytes | BadPhotoError]:
    try:
        return row, content()
    except BadPhotoError as error:
        return row, error


class _Fetching:
    """The open resources of one caller: connections, threads and files."""

    def __init__(self, fetch: FetchSettings, root: str) -> None:
        self._root = root
        self._schemes = {*STORES, _scheme(root)}
        self._files = Files(fetch.max_megabytes * MEGABYTE)
        self._downloader = Downloader(fetch)
        self._threads = ThreadPoolExecutor(fetch.connections_per_host)

    def close(self) -> None:
        self._threads.shutdown(cancel_futures=True)
        self._downloader.close()
        self._files.close()

    def begin(self, row: dict[str, Any]) -> Content:
        """Start fetching a remote photo. Return a function that waits for it, or that reads a local one."""
        try:
            return self._begin(row)
        except BadPhotoError as error:
            failed = Future[bytes]()
            failed.set_exception(error)
            return failed.result

    def _begin(self, row: dict[str, Any]) -> Content:
        if row["reason"] is not None:
            raise BadPhotoError(Reason(row["reason"]), row["detail"] or "")
        if row["archive"] is None and _scheme(row["uri"]) in SCHEMES:
            return self._threads.submit(self._downloader.download, row["uri"]).result
        if row["size"] is not None:
            self._files.check_size(row["size"])
        address = row["archive"] or row["uri"]
        if _scheme(address) not in self._schemes:
            raise BadPhotoError(Reason.UNSUPPORTED_ADDRESS, f"unknown scheme: {_scheme(address)}")
        try:
            filesystem, path = open_address(address)
        except AddressError as error:
            raise BadPhotoError(Reason.UNSUPPORTED_ADDRESS, str(error)) from None
        span = None if row["archive"] is None else (row["offset"], row["size"])
        if isinstance(filesystem, LocalFileSystem):
            read = partial(self._files.read_local, path, span)
            return partial(self._call, read, row["archive"])
        if span is None and row["size"] == 0:
            return bytes
        read = partial(self._files.read_remote, filesystem, path, span)
        return self._threads.submit(self._call, read, row["archive"]).result

    def _call(self, read: Content, archive: str | None) -> bytes:
        """Call `read`; raise its errors about the photo as BadPhotoError."""
        try:
            return read()
        except ValueError as error:  # an invalid address or name
            raise BadPhotoError(Reason.UNSUPPORTED_ADDRESS, str(error)) from None
        except OSError as error:
            if isinstance(error, ConnectionError | TimeoutError) or error.errno in MACHINE_FAULTS:
                raise
            for address in filter(None, (self._root, archive)):
                _check_still_there(address)
            if isinstance(error, FileNotFoundError):
                raise BadPhotoError(Reason.MISSING_FILE) from None
            raise BadPhotoError(Reason.UNREADABLE_FILE, str(error)) from None


def _scheme(address: str) -> str:
    scheme, separator, _ = address.partition("://")
    return scheme.lower() if separator else "file"


def _check_still_there(address: str) -> None:
    filesystem, path = open_address(address)
    is_emptied = False
    try:
        if not isinstance(filesystem, LocalFileSystem):
            filesystem.info(path)
        elif stat.S_ISDIR(Path(path).stat().st_mode):
            with os.scandir(path) as entries:
                is_emptied = not any(entries)
    except OSError as error:
        raise SourceVanishedError(f"{address} is gone: {error}; start again when it is back") from None
    if is_emptied:  # the folder of an unmounted disk stays
        raise SourceVanishedError(f"{address} is gone: the folder is empty; start again when it is back")
