"""How jobs agree which of them writes to an output directory on an object store, operation by operation.

Object stores have no locks, and fsspec has no conditional removal. So jobs share no object: a slow job that
was taken for dead could later remove or overwrite an object that belongs to another job by then, even if both
created it exclusively. Instead, each job has a sign: an object with a unique name, which it renews while it
lives. It holds the lock once it has written its sign and then finds no other signs, except for dead ones.

So no two jobs hold the lock: of two, the one that looked last did so when both signs were there, and saw the
other's. A sign is dead if it has not changed for `SECONDS_UNTIL_DEAD` by the clock of the job that looks;
clocks are never compared. By then, its job has given up the lock, which it holds for `SECONDS_OF_A_SIGN` from
the moment it started to write its last sign.

Everything here is a generator of single operations. `carry_out` does them; tests interleave those of several
jobs in every order. The object store must show a written object to everyone who lists or reads afterwards, as
Google's and Amazon's stores and HDFS do.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from operator import methodcaller
from typing import Any, Protocol, TypeVar

SECONDS_BETWEEN_SIGNS = 10.0
SECONDS_OF_A_SIGN = 60.0
SECONDS_UNTIL_DEAD = 90.0
SECONDS_BETWEEN_LOOKS = 2.0
HOLDS = b"holds"  # start of the sign of a job that holds the lock

Result = TypeVar("Result")


class Signs(Protocol):
    """The signs at one place, and a clock. Each method is one atomic operation."""

    def names(self) -> list[str]:
        """Return the names of all signs."""

    def read(self, name: str) -> bytes | None:
        """Return a sign; None if it does not exist."""

    def write(self, name: str, content: bytes) -> None:
        """Write or renew a sign."""

    def remove(self, name: str) -> None:
        """Remove a sign if it exists."""

    def now(self) -> float:
        """Return the time in seconds by a monotonic clock."""

    def wait(self, seconds: float) -> None:
        """Let time pass."""


Steps = Generator[Callable[[Signs], Any], Any, Result]
NAMES = methodcaller("names")
NOW = methodcaller("now")


@dataclass(frozen=True)
class Sign:
    """A job's sign.

    Attributes:
        name: Name of the object.
        who: The job, for people.
        number: 0 while the job wants the lock, then increased with each renewal.
        written_at: Time at which the job started to write it.
    """

    name: str
    who: str
    number: int
    written_at: float

    @property
    def content(self) -> bytes:
        """The bytes written, different after each renewal."""
        return b"%s %d %s" % (HOLDS if self.number else b"wants", self.number, self.who.encode())


def carry_out(steps: Steps[Result], signs: Signs) -> Result:
    """Do all operations of some steps and return their result."""
    answer = None
    while True:
        try:
            operation = steps.send(answer)
        except StopIteration as end:
            result: Result = end.value
            return result
        answer = operation(signs)


def acquire(name: str, who: str) -> Steps[Sign | None]:
    """Acquire the lock and return the sign; None if another job has the lock or gets it.

    Args:
        name: Unique name of the sign.
        who: The job, for people.
    """
    dead = yield from _find_dead()
    if dead is None:
        return None
    sign = yield from _write(Sign(name, who, 0, 0.0))
    held = yield from _prevail(sign, dead)
    for gone in [name] if held is None else dead:
        yield methodcaller("remove", gone)
    return held


def renew(sign: Sign) -> Steps[Sign | None]:
    """Renew and return the sign of a job that holds the lock; None if it has lost the lock."""
    if (yield methodcaller("read", sign.name)) is None:
        return None
    renewed = yield from _write(replace(sign, number=sign.number + 1))
    # A job this late may have been taken for dead, although its sign is there again.
    is_late = (yield NOW) - sign.written_at > SECONDS_OF_A_SIGN
    return None if is_late else renewed


def _write(sign: Sign) -> Steps[Sign]:
    written = replace(sign, written_at=(yield NOW))
    yield methodcaller("write", written.name, written.content)
    return written


def _find_dead() -> Steps[dict[str, bytes] | None]:
    """Watch the signs until all are dead, and return them; None as soon as one is alive."""
    since: dict[str, tuple[bytes, float]] = {}
    while True:
        found = yield from _look()
        now = yield NOW
        if any(name in since and since[name][0] != content for name, content in found.items()):
            return None
        since = {name: since.get(name, (content, now)) for name, content in found.items()}
        if all(now - first >= SECONDS_UNTIL_DEAD for _, first in since.values()):
            return found  # `_prevail` looks later and must find the same
        yield methodcaller("wait", SECONDS_BETWEEN_LOOKS)


def _prevail(sign: Sign, dead: dict[str, bytes]) -> Steps[Sign | None]:
    """Wait until no other job has a sign and return the renewed sign; None if another job comes first.

    Of jobs that come at the same time, the one with the first name stays and the others leave.
    """
    while True:
        found = yield from _look()
        others = {name: content for name, content in found.items() if dead.get(name) != content}
        others.pop(sign.name, None)
        is_late = (yield NOW) - sign.written_at > SECONDS_OF_A_SIGN
        is_held = any(content.startswith(HOLDS) for content in others.values())
        if is_late or is_held or min(others, default=sign.name) < sign.name:
            return None
        if not others:
            return (yield from renew(sign))
        yield methodcaller("wait", SECONDS_BETWEEN_LOOKS)


def _look() -> Steps[dict[str, bytes]]:
    """Return all signs by name."""
    found = {}
    for name in (yield NAMES):
        content = yield methodcaller("read", name)
        if content is not None:
            found[name] = content
    return found
