"""Progress of the stages while they run, and their times."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from pyspark.sql import SparkSession
from tqdm import tqdm

from landmark_lib.digits import number, size
from landmark_lib.progress import progress
from landmark_lib.settings import Stage

logger = logging.getLogger(__name__)

SECONDS_BETWEEN_LOOKS = 0.5

Done = Callable[[int, int], None]  # units and bytes


@dataclass(frozen=True)
class StageTiming:
    """Time and work of a stage in one run, or the time that Spark took to start.

    Attributes:
        name: The stage, or the start.
        seconds: Its duration.
        count: Units done in this run, without those of earlier runs.
        unit: What is counted, in the plural: photos, rows; empty for the start.
        bytes: Bytes read and written; 0 if not counted.
    """

    name: str
    seconds: float
    count: int = 0
    unit: str = ""
    bytes: int = 0


@contextmanager
def watched_stage(
    spark: SparkSession, timings: list[StageTiming], stage: Stage, total: int, unit: str
) -> Iterator[Done]:
    """Show the progress of a stage; yield a function that its tasks call with the units and bytes done."""
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
            # A task that ran twice counts twice; the display must not exceed the total.
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
def timed_stage(timings: list[StageTiming], stage: Stage, unit: str) -> Iterator[Callable[[int], None]]:
    """Time a stage that moves no pixels and log its end; yield a function that takes the units done."""
    counts: list[int] = []
    start = time.monotonic()
    yield counts.append
    timing = StageTiming(stage, time.monotonic() - start, sum(counts), unit)
    timings.append(timing)
    took, rate = tqdm.format_interval(timing.seconds), timing.count / timing.seconds
    logger.info(f"{stage}: {timing.count} {unit} in {took}, {number(rate)} {unit}/s")
