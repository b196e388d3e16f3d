"""Only one job at a time writes to an output directory."""

import logging
import os
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from landmark_lib.console import visible
from landmark_lib.errors import UserError
from landmark_lib.preprocess import lock_steps
from landmark_lib.preprocess.lock_steps import Sign, acquire, carry_out, renew
from landmark_lib.storage import Place

logger = logging.getLogger(__name__)

LOCK = ".lock"  # on a disk; on an object store, followed by a dot and a unique name


def is_lock(name: str) -> bool:
    """Return whether a file of an output directory is a lock."""
    return name == LOCK or name.startswith(f"{LOCK}.")


@contextmanager
def locked(output: str) -> Iterator[None]:
    """Hold the lock of an output directory.

    On a disk, the system releases the lock when its holder dies. Object stores have no such locks: there, a
    living job keeps renewing an object, as `lock_steps` explains. If it cannot do so in time, the process
    ends.

    Raises:
        UserError: Another job holds the lock, or the directory cannot be written.
    """
    place = Place(output)
    lock = _on_disk(place.path) if place.is_local else _on_store(place)
    try:
        with lock:
            yield
    except Timeout:
        raise UserError(f"--output: another job is writing to {output}") from None


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
        # While it is held: a job that waits for this file finds it gone and creates its own.
        (root / LOCK).unlink(missing_ok=True)
        lock.release()


@dataclass
class _StoredSigns:
    """The signs of jobs in a folder of an object store."""

    folder: Place
    is_reported: bool = False

    def names(self) -> list[str]:
        return [name for name in self.folder.names() if is_lock(name)]

    def read(self, name: str) -> bytes | None:
        try:
            return (self.folder / name).read_bytes()
        except FileNotFoundError:
            return None

    def write(self, name: str, content: bytes) -> None:
        # Not by renaming a second file: on HDFS the name, and so the lock, would be gone for a moment.
        (self.folder / name).overwrite(content)

    def remove(self, name: str) -> None:
        with suppress(FileNotFoundError):
            (self.folder / name).remove()

    def now(self) -> float:
        return time.clock_gettime(time.CLOCK_BOOTTIME)  # includes time that the machine sleeps

    def wait(self, seconds: float) -> None:
        if not self.is_reported:
            logger.info(
                f"Another job was writing to {visible(self.folder)}; waiting up to"
                f" {lock_steps.SECONDS_UNTIL_DEAD:.0f} seconds to see whether it still is"
            )
        self.is_reported = True
        time.sleep(seconds)


@contextmanager
def _on_store(place: Place) -> Iterator[None]:
    signs, name = _StoredSigns(place), f"{LOCK}.{uuid.uuid4().hex}"
    sign = None
    try:
        place.make()
        sign = carry_out(acquire(name, f"{socket.gethostname()}:{os.getpid()}"), signs)
    except OSError as error:
        raise UserError(f"--output: cannot write to {place}: {error}") from None
    finally:
        if sign is None:
            _withdraw(signs, name)
    if sign is None:
        raise Timeout(name)
    ended = threading.Event()
    renewing = threading.Thread(target=_renew_until, args=(ended, sign, signs), daemon=True)
    renewing.start()
    try:
        yield
    finally:
        ended.set()
        renewing.join()
        _withdraw(signs, name)


def _withdraw(signs: _StoredSigns, name: str) -> None:
    with suppress(OSError):  # the sign of a finished job expires by itself
        signs.remove(name)


def _renew_until(ended: threading.Event, sign: Sign, signs: _StoredSigns) -> None:
    """Keep renewing a sign. End the process if the lock is lost."""
    while not ended.wait(lock_steps.SECONDS_BETWEEN_SIGNS):
        try:
            renewed = carry_out(renew(sign), signs)
        except OSError:
            # The store does not respond now, but may do so before the sign expires.
            is_late = signs.now() - sign.written_at > lock_steps.SECONDS_OF_A_SIGN
            renewed = None if is_late else sign
        if renewed is None:
            logger.error(
                f"--output: this job lost the lock of {visible(signs.folder)}: another job took it,"
                f" or it was not renewed for {lock_steps.SECONDS_OF_A_SIGN:.0f} seconds;"
                " run the same command again to resume"
            )
            # Nothing else ends the process at once: the main thread waits for Spark, and stopping Spark waits
            # too.
            os._exit(1)
        sign = renewed
