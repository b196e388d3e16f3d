"""How jobs agree which of them fills an output directory on an object store, operation by operation.

Object stores have no locks, and fsspec removes no object on a condition. So jobs share no object: a job that
was taken for dead and is only slow might remove or overwrite, at any later time, what has become another
job's, even where each creates it exclusively. Instead each job has a sign of its own, an object whose name
nobody else ever uses, and renews it while it lives. It has the lock once its sign is up and a look after that
shows no other sign but those of the dead.

So no two have it: of two jobs, the one that looked last did so after both signs were up, and saw the other's.
A sign is dead when it has not changed for `SECONDS_UNTIL_DEAD` as seen by who looks, whose clock is compared
with no other. Its job has given up the lock by then: it holds it for `SECONDS_OF_A_SIGN` from the moment in
which it began to write its last sign, and not longer.

Everything here is a generator of single operations, which `carry_out` does; tests do those of several jobs in
every order. What an object store has to do for this: show a written object to whoever lists or reads after
that, as Google's, Amazon's and HDFS do.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from operator import methodcaller
from typing import Any, Protocol, TypeVar

SECONDS_BETWEEN_SIGNS = 10.0
SECONDS_OF_A_SIGN = 60.0
SECONDS_UNTIL_DEAD = 90.0
SECONDS_BETWEEN_LOOKS = 2.0
HOLDS = b"holds"  # how the sign of a job begins that has the lock

Result = TypeVar("Result")


class Signs(Protocol):
    """The signs at one place, and a clock. Each method is one operation that others see done or not done."""

    def names(self) -> list[str]:
        """List the names of all signs."""

    def read(self, name: str) -> bytes | None:
        """Read a sign; None where there is none."""

    def write(self, name: str, content: bytes) -> None:
        """Put up a sign, or renew it."""

    def remove(self, name: str) -> None:
        """Remove a sign, if it is there."""

    def now(self) -> float:
        """Return the time in seconds, by a clock that never goes back."""

    def wait(self, seconds: float) -> None:
        """Let time pass."""


Steps = Generator[Callable[[Signs], Any], Any, Result]
NAMES = methodcaller("names")
NOW = methodcaller("now")


@dataclass(frozen=True)
class Sign:
    """A job's sign.

    Attributes:
        name: Of the object.
        who: The job, for people.
        number: 0 as long as the job wants the lock, then one more each time it is renewed.
        given: When the job began to write it.
    """

    name: str
    who: str
    number: int
    given: float

    @property
    def content(self) -> bytes:
        """What is written; it differs from what it was before."""
        return b"%s %d %s" % (HOLDS if self.number else b"wants", self.number, self.who.encode())


def carry_out(steps: Steps[Result], signs: Signs) -> Result:
    """Do all operations of some steps, and return what they come to."""
    answer = None
    while True:
        try:
            operation = steps.send(answer)
        except StopIteration as end:
            result: Result = end.value
            return result
        answer = operation(signs)


def acquire(name: str, who: str) -> Steps[Sign | None]:
    """Get the lock; None where another job has it or gets it.

    Args:
        name: Of the sign; nobody else's, ever.
        who: The job, for people.
    """
    dead = yield from _find_dead()
    if dead is None:
        return None
    sign = yield from _give(Sign(name, who, 0, 0.0))
    held = yield from _prevail(sign, dead)
    for gone in [name] if held is None else dead:
        yield methodcaller("remove", gone)
    return held


def renew(sign: Sign) -> Steps[Sign | None]:
    """Renew the sign of a job that has the lock; None where it has the lock no longer."""
    if (yield methodcaller("read", sign.name)) is None:
        return None
    renewed = yield from _give(replace(sign, number=sign.number + 1))
    # Who takes so long may have been taken for dead, although the sign is up again.
    is_late = (yield NOW) - sign.given > SECONDS_OF_A_SIGN
    return None if is_late else renewed


def _give(sign: Sign) -> Steps[Sign]:
    given = replace(sign, given=(yield NOW))
    yield methodcaller("write", given.name, given.content)
    return given


def _find_dead() -> Steps[dict[str, bytes] | None]:
    """Watch the signs until each is dead, and return those; None as soon as one is found alive."""
    since: dict[str, tuple[bytes, float]] = {}
    while True:
        found = yield from _look()
        now = yield NOW
        if any(name in since and since[name][0] != content for name, content in found.items()):
            return None
        since = {name: since.get(name, (content, now)) for name, content in found.items()}
        if all(now - first >= SECONDS_UNTIL_DEAD for _, first in since.values()):
            return found  # the look in `_prevail`, which is later, must find the same
        yield methodcaller("wait", SECONDS_BETWEEN_LOOKS)


def _prevail(sign: Sign, dead: dict[str, bytes]) -> Steps[Sign | None]:
    """Look at the signs of other jobs until there is none; None where one of them goes first.

    Of jobs that come at the same moment, the one whose name is the first stays, and the others go.
    """
    while True:
        found = yield from _look()
        others = {name: content for name, content in found.items() if dead.get(name) != content}
        others.pop(sign.name, None)
        is_late = (yield NOW) - sign.given > SECONDS_OF_A_SIGN
        is_held = any(content.startswith(HOLDS) for content in others.values())
        if is_late or is_held or min(others, default=sign.name) < sign.name:
            return None
        if not others:
            return (yield from renew(sign))
        yield methodcaller("wait", SECONDS_BETWEEN_LOOKS)


def _look() -> Steps[dict[str, bytes]]:
    """Read all signs, by name."""
    found = {}
    for name in (yield NAMES):
        content = yield methodcaller("read", name)
        if content is not None:
            found[name] = content
    return found
