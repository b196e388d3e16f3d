"""What a photo costs the corpus beyond its pixels: listing, scheduling, Java, Arrow, Python and files.

    python benchmarks/corpus_fixed_cost.py [--write] [--photos 90000] [--runs 5]

Photos of 64 x 48 pixels, about 1.5 kB, six in each label's folder: little but the fixed cost is left.
Spark lists them and makes the corpus, on two cores, by the functions of the job. The reference is Pillow
alone: open, draft, load, resize, save. Both take turns, in processor time of all processes: this one,
Java, and Spark's Python workers. Spark's start and a first run over few photos, which warms up Java, are
not counted. Exit status 1 if the goal is missed.
"""

import io
import os
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import click
from photos import encoded, made_up_photo
from PIL import Image
from processes import processor_seconds
from pyspark.sql import SparkSession
from results import Column, digits, goals, markdown_table, publish

from landmark_lib.dataset import CORPUS, CORPUS_SIZE, files_in
from landmark_lib.images.jpeg import QUALITY
from landmark_lib.inputs.source import find_source
from landmark_lib.preprocess.batch import Batch
from landmark_lib.preprocess.corpus import ResizeSettings, write_corpus
from landmark_lib.preprocess.journal import records_of
from landmark_lib.preprocess.listing import begin_batch
from landmark_lib.preprocess.output_directory import Output, resolved_settings
from landmark_lib.preprocess.session import running_spark
from landmark_lib.preprocess.stage import watched_stage
from landmark_lib.settings import PreprocessSettings

WIDTH, HEIGHT, DIFFERENT = 64, 48, 512
PHOTOS_PER_LABEL = 6  # as 90,000 photos of the paper's 14,951 labels
WARM_UP_PHOTOS = 1_024
SPARK = "--master local[2] --conf spark.ui.showConsoleProgress=false pyspark-shell"
MAX_FIXED = 0.3  # ms of processor time per photo
PROCESSES = ("java", "worker", "python")

Costs = dict[str, float]  # ms of processor time per photo, by stage and process


@click.command()
@click.option("--write", is_flag=True, help="Write the table to RESULTS.md.")
@click.option("--photos", type=click.IntRange(1), default=90_000, show_default=True)
@click.option("--runs", type=click.IntRange(1), default=5, show_default=True)
def main(*, write: bool, photos: int, runs: int) -> None:
    """Measure the fixed cost of a photo."""
    os.environ["PYSPARK_SUBMIT_ARGS"] = SPARK
    contents = [encoded(made_up_photo(WIDTH, HEIGHT, seed), "JPEG", quality=85) for seed in range(DIFFERENT)]
    with tempfile.TemporaryDirectory() as scratch:
        few, many = (write_photos(Path(scratch), contents, count) for count in (WARM_UP_PHOTOS, photos))
        with running_spark("corpus_fixed_cost") as spark:
            corpus_of(spark, few)
            turns = [(corpus_of(spark, many), bare(contents)) for _ in range(runs)]
    table, missed = describe(turns, photos)
    publish("corpus_fixed_cost", f"{table}\n\n{goals(missed)}", write=write)
    sys.exit(bool(missed))


def write_photos(scratch: Path, contents: list[bytes], count: int) -> Path:
    """Write a number of photos into folders named by label; return the folder above them."""
    root = scratch / f"photos-{count}"
    for number in range(count):
        folder = root / f"label {number // PHOTOS_PER_LABEL:05d}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number}.jpg").write_bytes(contents[number % len(contents)])
    return root


def corpus_of(spark: SparkSession, photos: Path) -> Costs:
    """List photos and make their corpus; return the ms of processor time per photo by stage and process."""
    with tempfile.TemporaryDirectory() as scratch:
        settings = PreprocessSettings(input=str(photos), output=f"{scratch}/dataset")
        output = Output(settings.output, resolved_settings(settings, str(photos)))
        find = partial(find_source, settings.source(str(photos)))
        batch, listing = watched(lambda: begin_batch(spark, settings, find, output, []))
        resized, making = watched(lambda: resize(spark, settings, output, batch))
    if resized != batch.photos:
        raise ValueError(f"expected {batch.photos} images in the corpus, found {resized}")
    return {
        f"{stage}: {name}": 1000 * seconds.get(name, 0.0) / batch.photos
        for stage, seconds in (("list", listing), ("corpus", making))
        for name in PROCESSES
    }


def resize(spark: SparkSession, settings: PreprocessSettings, output: Output, batch: Batch) -> int:
    """Make the corpus of a batch as the job does; return the number of its images."""
    max_pixels = settings.max_megapixels * 1_000_000
    how = ResizeSettings(
        settings.fetch, str(settings.input), max_pixels, settings.rows_per_group, with_hashes=True
    )
    with watched_stage(spark, [], "corpus", batch.photos, "photos") as done:
        parts = write_corpus(spark, output.journal, batch, {}, how, done)
    return sum(record.rows for record in files_in(records_of(parts), CORPUS))


def watched(work: Callable[[], Any]) -> tuple[Any, dict[str, float]]:
    """Do some work; return its result, and the processor time it took by the name of the process."""
    before = processor_seconds(os.getpid())
    result = work()
    after = processor_seconds(os.getpid())
    return result, {name: seconds - before.get(name, 0.0) for name, seconds in after.items()}


def bare(contents: list[bytes]) -> float:
    """Call only Pillow for each photo; return the ms of processor time per photo."""
    begin = time.process_time()
    for content in contents:
        with Image.open(io.BytesIO(content)) as photo:
            photo.draft(None, (CORPUS_SIZE, CORPUS_SIZE))
            photo.load()
            left = (photo.width - photo.height) / 2
            box = (left, 0, left + photo.height, photo.height)
            square = photo.resize((CORPUS_SIZE, CORPUS_SIZE), Image.Resampling.LANCZOS, box)
        square.save(io.BytesIO(), "JPEG", quality=QUALITY)
    return 1000 * (time.process_time() - begin) / len(contents)


def describe(turns: list[tuple[Costs, float]], photos: int) -> tuple[str, list[str]]:
    """Return the table of the turns, and the goals missed."""
    pillow = Column([alone for _, alone in turns])
    everything = Column([sum(costs.values()) for costs, _ in turns])
    fixed = Column([sum(costs.values()) - alone for costs, alone in turns])
    rows = [[name, str(Column([costs[name] for costs, _ in turns])), ""] for name in turns[0][0]]
    rows.append(["all", str(everything), str(everything.over(pillow))])
    rows.append(["Pillow alone", str(pillow), ""])
    rows.append(["fixed: all without Pillow", str(fixed), str(fixed.over(pillow))])
    header = ["what", "ms of processor time per photo", "/ Pillow alone"]
    about = f"{photos:,} photos of {WIDTH} x {HEIGHT} pixels, turns: {len(turns)}"
    missed = [f"{fixed} ms, not {digits(MAX_FIXED)}"] if fixed.shown > MAX_FIXED else []
    return f"{about}\n\n{markdown_table(header, rows)}", missed


if __name__ == "__main__":
    main()
