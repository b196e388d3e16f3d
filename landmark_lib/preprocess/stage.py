"""How far a Spark stage has come, shown while it runs, and what it took."""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from pyspark.sql import SparkSession
from tqdm import tqdm

from landmark_lib.digits import number, size
from landmark_lib.progress import progress

logger = logging.getLogger(__name__)

SECONDS_BETWEEN_LOOKS = 0.5

Result = TypeVar("Result")
Done = Callable[[int, int], None]  # units and bytes


@dataclass(frozen=True)
class StageTiming:
    """What a stage of a run took.

    Attributes:
        name: Of the stage.
        seconds: From its start to its end.
        count: Units done in this run; what an earlier run had done is no part of it.
        unit: What is counted, in the plural: photos, rows.
        bytes: Bytes read and written; 0 if nobody counted them.
    """

    name: str
    seconds: float
    count: int
    unit: str
    bytes: int = 0


@contextmanager
def watched_stage(
    spark: SparkSession, timings: list[StageTiming], stage: str, total: int, unit: str
) -> Iterator[Done]:
    """Show the progress of a stage; its tasks call what this gives with units and bytes done."""
    units, content = spark.sparkContext.accumulator(0), spark.sparkContext.accumulator(0)
    ended = threading.Event()
    start = time.monotonic()

    def done(count: int, size: int) -> None:
        units.add(count)
        content.add(size)

    with progress(stage, total, unit) as display:

        def look() -> None:
            rate = size(content.value / (time.monotonic() - start))
            display.set_postfix_str(f"{rate}/s", refresh=False)
            # A task that ran twice counts twice, and a display knows no more than all.
            display.update(min(units.value, total) - display.n)

        def watch() -> None:
            while not ended.wait(SECONDS_BETWEEN_LOOKS):
                look()

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        try:
            yield done
        finally:
            ended.set()
            watcher.join()
            look()
    seconds = time.monotonic() - start
    timings.append(StageTiming(stage, seconds, min(units.value, total), unit, content.value))


@contextmanager
def timed_stage(timings: list[StageTiming], stage: str, unit: str) -> Iterator[Callable[[int], None]]:
    """Time a stage that moves no pixels; the body tells the units done. The end is told in a line."""
    counts: list[int] = []
    start = time.monotonic()
    yield counts.append
    timing = StageTiming(stage, time.monotonic() - start, sum(counts), unit)
    timings.append(timing)
    took, rate = tqdm.format_interval(timing.seconds), timing.count / timing.seconds
    logger.info(f"{stage}: {timing.count} {unit} in {took}, {number(rate)} {unit}/s")


def in_tasks(spark: SparkSession, numbers: Sequence[int], work: Callable[[int], Result]) -> dict[int, Result]:
    """Do one piece of work for each number, each in a task of its own; give what they return by number."""
    if not numbers:
        return {}
    results: list[Any] = spark.sparkContext.parallelize(numbers, len(numbers)).map(work).collect()
    return dict(zip(numbers, results, strict=True))
