"""How far a Spark stage has come, shown while it runs."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pyspark.sql import SparkSession

from landmark_lib.progress import progress

SECONDS_BETWEEN_LOOKS = 0.5


@contextmanager
def watched_stage(
    spark: SparkSession, description: str, total: int, unit: str
) -> Iterator[Callable[[int], None]]:
    """Show the progress of a stage; its tasks call what this gives with the units they have done."""
    counter = spark.sparkContext.accumulator(0)
    ended = threading.Event()
    with progress(description, total, unit) as display:

        def look() -> None:
            # A task that ran twice counts twice, and a display knows no more than all.
            display.update(min(counter.value, total) - display.n)

        def watch() -> None:
            while not ended.wait(SECONDS_BETWEEN_LOOKS):
                look()

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        try:
            yield counter.add
        finally:
            ended.set()
            watcher.join()
            look()
