"""Locks that end with the process that holds them, however it ends.

They use flock itself: the package filelock neither passes a lock on to programs that a worker starts nor
shares one.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


def try_lock(path: Path) -> BinaryIO | None:
    """Lock a file, which is created if needed; return None if another process holds the lock.

    The lock is held until the file is closed. Programs that inherit its descriptor hold it too, so a program
    that outlives the killed process that started it keeps the lock.
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
    """Take a shared lock on a file, until it is closed; return whether nobody else held it.

    The caller must keep others from doing the same meanwhile.
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
    """Hold a lock on a file, as soon as no other process holds it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
