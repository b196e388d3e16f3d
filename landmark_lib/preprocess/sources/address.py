"""Addresses of sources, taken apart on the driver and opened again in tasks."""

from dataclasses import dataclass
from typing import Any

from landmark_lib.storage import is_local, open_address


@dataclass(frozen=True)
class Place:
    """A folder or file of a file system.

    Attributes:
        uri: Its whole address, without a slash at the end.
        filesystem: Of fsspec.
        path: Its name in that file system.
    """

    uri: str
    filesystem: Any
    path: str

    @property
    def name(self) -> str:
        """Last part of the address."""
        return self.uri.rpartition("/")[2]

    @property
    def folder_uri(self) -> str:
        """Address of the folder that holds it."""
        return self.uri.rpartition("/")[0]


def locate(address: str) -> Place:
    """Find the file system of an address that a user gave.

    Raises:
        UserError: A scheme that is unknown or whose package is not installed.
    """
    filesystem, path = open_address(address)
    uri = f"file://{path}" if is_local(address) else address
    return Place(uri.rstrip("/"), filesystem, path)


def open_place(uri: str) -> Place:
    """Open an address in a task."""
    filesystem, path = open_address(uri)
    return Place(uri, filesystem, path)
