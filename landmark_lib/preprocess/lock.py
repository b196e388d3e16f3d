"""One job at a time fills an output directory."""

import os
import signal
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from filelock import FileLock, Timeout

from landmark_lib.errors import LandmarkError, UserError
from landmark_lib.preprocess import lock_steps
from landmark_lib.preprocess.lock_steps import Sign, acquire, carry_out, renew
from landmark_lib.storage import Place

LOCK = ".lock"  # on a disk; on an object store, `.lock.` and what no other job has


def is_lock(name: str) -> bool:
    """Return whether a file of an output directory says that a job is at work on it."""
    return name == LOCK or name.startswith(f"{LOCK}.")


@contextmanager
def locked(output: str, say: Callable[[str], None]) -> Iterator[None]:
    """Hold the lock of an output directory.

    On a disk the system gives the lock back when its holder dies. Object stores have no such locks: there a
    job renews an object while it lives, as `lock_steps` has it.

    Args:
        output: Address of the directory.
        say: Told when it takes a while to see whether another job is alive.

    Raises:
        UserError: Another job holds it, or the directory cannot be written.
        LandmarkError: The lock was lost while it was held; nothing is written after that.
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
        return time.monotonic()

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
    renewing = _Renewing(sign, signs)
    renewing.start()
    try:
        yield
    finally:
        # That the lock is lost interrupts, at any moment up to the end of the thread.
        with suppress(KeyboardInterrupt):
            renewing.end()
        _withdraw(signs, name)
        if renewing.lost.is_set():
            raise LandmarkError(
                f"--output: this job no longer has the lock of {place}, which it could not renew for"
                f" {lock_steps.SECONDS_OF_A_SIGN:.0f} seconds or another job has taken; it stopped writing."
                " The same command continues from here"
            ) from None


def _withdraw(signs: _StoredSigns, name: str) -> None:
    with suppress(OSError):  # the sign of a job that ended dies by itself
        signs.remove(name)


@dataclass
class _Renewing:
    """A thread that renews a sign, and interrupts the thread that made this where the lock is lost."""

    sign: Sign
    signs: _StoredSigns
    lost: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)
    holder: threading.Thread = field(default_factory=threading.current_thread)

    def start(self) -> None:
        self.thread = threading.Thread(target=self._renew, daemon=True)
        self.thread.start()

    def end(self) -> None:
        self.ended.set()
        self.thread.join()

    def _renew(self) -> None:
        while not self.ended.wait(lock_steps.SECONDS_BETWEEN_SIGNS):
            renewed = self._renewed()
            if renewed is None:
                self.lost.set()
                self._interrupt()
                return
            self.sign = renewed

    def _renewed(self) -> Sign | None:
        try:
            return carry_out(renew(self.sign), self.signs)
        except OSError:
            # The store does not answer; it may, before the sign is too old.
            is_late = self.signs.now() - self.sign.given > lock_steps.SECONDS_OF_A_SIGN
            return None if is_late else self.sign

    def _interrupt(self) -> None:
        if self.holder is threading.main_thread() and self.holder.ident is not None:
            # Ends waiting for Spark too, and makes it cancel its tasks, as the user's own interrupt would.
            signal.pthread_kill(self.holder.ident, signal.SIGINT)
