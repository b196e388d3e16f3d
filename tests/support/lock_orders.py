"""A store, a clock and jobs whose operations are done in every order, with pauses between any two of them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from operator import methodcaller
from types import MappingProxyType
from typing import Any

from landmark_lib.preprocess.lock_steps import (
    NOW,
    SECONDS_BETWEEN_SIGNS,
    SECONDS_OF_A_SIGN,
    SECONDS_UNTIL_DEAD,
    Sign,
    Steps,
    acquire,
    renew,
)

# What a choice does: the job with its number takes one step, or one of these.
CRASH = "crash"
MOMENT = "a moment passes"
LONG = "so long passes that a sign is dead"
UNTIL_NEXT = "all jobs sleep, and the first wakes"


@dataclass
class Job:
    """A job under way."""

    steps: Steps[None]
    sign: Sign | None = None  # while it takes itself for the holder
    got_it: bool = False
    operation: Callable[[Any], Any] | None = None  # the next
    wakes: float = 0.0
    crashed: bool = False
    _where: tuple[Any, ...] | None = None

    def go_on(self, answer: Any) -> None:
        self._where = None
        try:
            self.operation = self.steps.send(answer)
        except StopIteration:
            self.operation = None

    @property
    def where(self) -> tuple[Any, ...]:
        """Where its steps are, and all they know there."""
        if self._where is None:
            self._where = _where(self.steps)
        return self._where


def work(job: Job, name: str, renewals: int) -> Steps[None]:
    """Take the lock, renew it some times and give it back; end where there is no lock to have."""
    job.sign = yield from acquire(name, "job")
    job.got_it = job.sign is not None
    if job.sign is None:
        return
    for _ in range(renewals):
        yield methodcaller("wait", SECONDS_BETWEEN_SIGNS)
        job.sign = yield from renew(job.sign)
        if job.sign is None:
            break
    job.sign = None
    yield methodcaller("remove", name)


class World:
    """The entire state after some choices. It is the store and the clock of the job that takes a step."""

    def __init__(self, jobs: int, renewals: int, signs: Mapping[str, bytes]) -> None:
        self.store, self.time = dict(signs), 0.0
        self.jobs = []
        for k in range(jobs):
            job = Job(iter(()))
            job.steps = work(job, f".lock.{k}", renewals)
            job.go_on(None)
            self.jobs.append(job)
        self._active = self.jobs[0]

    def names(self) -> list[str]:
        return sorted(self.store)

    def read(self, name: str) -> bytes | None:
        return self.store.get(name)

    def write(self, name: str, content: bytes) -> None:
        self.store[name] = content

    def remove(self, name: str) -> None:
        self.store.pop(name, None)

    def now(self) -> float:
        return self.time

    def wait(self, seconds: float) -> None:
        self._active.wakes = self.time + seconds

    def choose(self, choice: Any) -> None:
        if choice == UNTIL_NEXT:
            self.time = min(self.jobs[k].wakes for k in self.alive)
        elif choice in (MOMENT, LONG):
            self.time += SECONDS_UNTIL_DEAD + 1 if choice == LONG else SECONDS_BETWEEN_SIGNS
        elif isinstance(choice, tuple):
            job = self.jobs[choice[1]]
            job.crashed, job.sign = True, None
        else:
            self._active = self.jobs[choice]
            self._active.go_on(self._active.operation(self))

    @property
    def alive(self) -> list[int]:
        return [k for k, job in enumerate(self.jobs) if job.operation and not job.crashed]

    @property
    def awake(self) -> list[int]:
        return [k for k in self.alive if self.jobs[k].wakes <= self.time]

    @property
    def holders(self) -> list[int]:
        """The jobs that have the lock: those that would write into the output at this moment."""
        return [
            k
            for k, job in enumerate(self.jobs)
            if job.sign and self.time - job.sign.written_at <= SECONDS_OF_A_SIGN
        ]

    @property
    def state(self) -> Any:
        """What decides all that can still happen: equal states need to be looked at once."""
        jobs = tuple((job.crashed, job.wakes, job.got_it, job.where) for job in self.jobs)
        return self.time, tuple(sorted(self.store.items())), jobs


def _where(steps: Any) -> tuple[Any, ...]:
    """Return where some steps are, and all they know there."""
    if steps is None or steps.gi_frame is None:
        return ()
    known = sorted((name, repr(value)) for name, value in steps.gi_frame.f_locals.items() if name != "job")
    return (steps.gi_code, steps.gi_frame.f_lasti, *known, *_where(steps.gi_yieldfrom))


@dataclass(frozen=True)
class Limits:
    """How often something may happen in one order."""

    crashes: int = 0
    moments: int = 0
    longs: int = 0
    sleeps: int = 0


def every_order(
    jobs: int, renewals: int, limits: Limits, signs: Mapping[str, bytes] = MappingProxyType({})
) -> Iterator[World]:
    """Yield every state that some order of the operations leads to.

    Args:
        jobs: Their number; all want the lock.
        renewals: How often one that has the lock renews it before it gives it back.
        limits: Of what happens in between.
        signs: Of jobs that are not there any longer.
    """
    seen, waiting = set(), [()]
    while waiting:
        order = waiting.pop()
        world = World(jobs, renewals, signs)
        for choice in order:
            world.choose(choice)
        while (state := (world.state, left := _left(limits, order))) not in seen:
            seen.add(state)
            yield world
            choices = list(_choices(world, *left))
            if not choices:
                break
            *others, last = choices
            waiting += [(*order, choice) for choice in others]
            world.choose(last)  # the others begin again: a job under way cannot be copied
            order = (*order, last)


def _left(limits: Limits, order: tuple[Any, ...]) -> tuple[int, int, int, int]:
    """Return how many crashes, moments, longs and sleeps may still follow an order."""
    return (
        limits.crashes - sum(isinstance(choice, tuple) for choice in order),
        limits.moments - order.count(MOMENT),
        limits.longs - order.count(LONG),
        limits.sleeps - order.count(UNTIL_NEXT),
    )


def _choices(world: World, crashes: int, moments: int, longs: int, sleeps: int) -> Iterator[Any]:
    asking = [k for k in world.awake if world.jobs[k].operation is NOW]
    # To ask for the time changes nothing for others, so it is not done in every order with what they do.
    yield from asking[:1] or world.awake
    if world.alive:
        yield from [MOMENT] * (moments > 0) + [LONG] * (longs > 0)
    if sleeps and world.alive and not world.awake:
        yield UNTIL_NEXT
    if crashes:
        yield from ((CRASH, k) for k in world.alive)
