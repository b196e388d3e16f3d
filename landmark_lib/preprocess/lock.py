"""One job at a time fills an output directory."""

import logging
import os
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator
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

LOCK = ".lock"  # on a disk; on an object store, `.lock.` and what no other job has


def is_lock(name: str) -> bool:
    """Return whether a file of an output directory says that a job is at work on it."""
    return name == LOCK or name.startswith(f"{LOCK}.")


@contextmanager
def locked(output: str, say: Callable[[str], None]) -> Iterator[None]:
    """Hold the lock of an output directory.

    On a disk the system gives the lock back when its holder dies. Object stores have no such locks: there a
    job renews an object while it lives, as `lock_steps` has it. Where it could not in time, the process ends.

    Args:
        output: Address of the directory.
        say: Told when it takes a while to see whether another job is alive.

    Raises:
        UserError: Another job holds it, or the directory cannot be written.
    """
    place = Place(output)
    lock = _on_disk(place.path) if place.is_local else _on_store(place, say)
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


@dataclass
class _StoredSigns:
    """The signs of jobs in a folder of an object store."""

    folder: Place
    say: Callable[[str], None]
    told: bool = False

    def names(self) -> list[str]:
        return [name for name in self.folder.names() if is_lock(name)]

    def read(self, name: str) -> bytes | None:
        try:
            return (self.folder / name).read_bytes()
        except FileNotFoundError:
            return None

    def write(self, name: str, content: bytes) -> None:
        # Not aside and then renamed: on HDFS the name would be gone for a moment, and the lock with it.
        (self.folder / name).overwrite(content)

    def remove(self, name: str) -> None:
        with suppress(FileNotFoundError):
            (self.folder / name).remove()

    def now(self) -> float:
        return time.clock_gettime(time.CLOCK_BOOTTIME)  # counts the time that the machine sleeps, too

    def wait(self, seconds: float) -> None:
        if not self.told:
            self.say(
                f"Another job was at work on {self.folder}; waiting up to {lock_steps.SECONDS_UNTIL_DEAD:.0f}"
                " seconds for a sign that it still is"
            )
        self.told = True
        time.sleep(seconds)


@contextmanager
def _on_store(place: Place, say: Callable[[str], None]) -> Iterator[None]:
    signs, name = _StoredSigns(place, say), f"{LOCK}.{uuid.uuid4().hex}"
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
    with suppress(OSError):  # the sign of a job that ended dies by itself
        signs.remove(name)


def _renew_until(ended: threading.Event, sign: Sign, signs: _StoredSigns) -> None:
    """Renew a sign again and again. Where the lock is lost, end the process."""
    while not ended.wait(lock_steps.SECONDS_BETWEEN_SIGNS):
        renewed = _renewed(sign, signs)
        if renewed is None:
            logger.error(
                f"--output: this job no longer has the lock of {visible(signs.folder)}: another job"
                f" has it, or it was not renewed for {lock_steps.SECONDS_OF_A_SIGN:.0f} seconds;"
                " the same command goes on from here"
            )
            # Nothing else ends it at once: the main thread waits for Spark, and would wait again to stop it.
            os._exit(1)
        sign = renewed


def _renewed(sign: Sign, signs: _StoredSigns) -> Sign | None:
    try:
        return carry_out(renew(sign), signs)
    except OSError:
        # The store does not answer, but may before the sign is too old.
        is_late = signs.now() - sign.given > lock_steps.SECONDS_OF_A_SIGN
        return None if is_late else sign
