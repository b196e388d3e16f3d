"""Locks that end with the process that holds them, however that ends."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


def try_lock(path: Path) -> BinaryIO | None:
    """Lock a file that is made if need be; None: another process has it.

    The lock is held until the file is closed. Programs that inherit its descriptor hold it too: what a killed
    process has started keeps others out until it has ended as well.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    file = path.open("ab")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file


def lock_shared_unless_alone(file: BinaryIO) -> bool:
    """Lock a file together with others, until it is closed; return whether nobody else had it.

    The caller keeps others from doing the same meanwhile.
    """
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        alone = True
    except BlockingIOError:
        alone = False
    fcntl.flock(file, fcntl.LOCK_SH)
    return alone


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock on a file, once no other process has it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
