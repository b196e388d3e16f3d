"""One job at a time fills an output directory."""

import json
import os
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from fsspec.implementations.local import LocalFileSystem

from landmark_lib.errors import UserError
from landmark_lib.storage import join, open_address

LOCK = ".lock"
SECONDS_BETWEEN_SIGNS = 20.0
# A holder that gave no sign of life for so long is taken for dead.
SECONDS_UNTIL_STALE = 90.0


@contextmanager
def locked(output: str) -> Iterator[None]:
    """Hold the lock of an output directory.

    On a disk the system gives the lock back when its holder dies. An object store has no such locks: there
    the holder renews an object, and one that has not been renewed for 90 seconds counts for nothing.

    Raises:
        UserError: Another job holds it, or the directory cannot be written.
    """
    filesystem, root = open_address(output)
    lock = _on_disk(Path(root)) if isinstance(filesystem, LocalFileSystem) else _renewed(filesystem, root)
    try:
        with lock:
            yield
    except Timeout:
        raise UserError(f"--output: another job is at work on {output}") from None


@contextmanager
def _on_disk(root: Path) -> Iterator[None]:
    try:
        root.mkdir(parents=True, exist_ok=True)
        lock = FileLock(root / LOCK, timeout=0)
        lock.acquire()
    except Timeout:
        raise
    except OSError as error:
        raise UserError(f"--output: cannot write to {root}: {error}") from None
    try:
        yield
    finally:
        # Still held: whoever opened it meanwhile finds, once it is free, that it is gone, and tries anew.
        (root / LOCK).unlink(missing_ok=True)
        lock.release()


@contextmanager
def _renewed(filesystem: Any, root: str) -> Iterator[None]:
    path = join(root, LOCK)
    mine = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex}"
    held = _holder(filesystem, path)
    if held is not None and time.time() - held["renewed"] < SECONDS_UNTIL_STALE:
        raise Timeout(path)
    try:
        _renew(filesystem, path, mine)
    except OSError as error:
        raise UserError(f"--output: cannot write to {root}: {error}") from None
    # Of two that came at the same moment, the one that wrote last has it.
    held = _holder(filesystem, path)
    if held is None or held["holder"] != mine:
        raise Timeout(path)
    ended = threading.Event()

    def renew() -> None:
        while not ended.wait(SECONDS_BETWEEN_SIGNS):
            # One sign of life lost on the way is no harm; the next one follows.
            with suppress(OSError):
                _renew(filesystem, path, mine)

    renewing = threading.Thread(target=renew, daemon=True)
    renewing.start()
    try:
        yield
    finally:
        ended.set()
        renewing.join()
        filesystem.rm(path)


def _renew(filesystem: Any, path: str, holder: str) -> None:
    filesystem.pipe_file(path, json.dumps({"holder": holder, "renewed": time.time()}).encode())


def _holder(filesystem: Any, path: str) -> dict[str, Any] | None:
    try:
        held: dict[str, Any] = json.loads(filesystem.cat_file(path))
    except FileNotFoundError:
        return None
    return held
