"""Which photos a run resizes: all of them, what an earlier run left, or what the source has got since."""

import re
from collections.abc import Callable
from dataclasses import asdict, dataclass

from pyspark.sql import SparkSession

from landmark_lib import dataset
from landmark_lib.console import visible
from landmark_lib.dataset import FileRecord, Manifest
from landmark_lib.errors import UserError
from landmark_lib.inputs.source import Source
from landmark_lib.preprocess.journal import BATCH, BEFORE, Stage, records_of
from landmark_lib.preprocess.listing import Batch, compare, read_rejected, write_list
from landmark_lib.preprocess.output_directory import Output, Standing
from landmark_lib.preprocess.plan import read_ids
from landmark_lib.preprocess.sources import listed_photos
from landmark_lib.preprocess.stage import StageTiming, timed_stage
from landmark_lib.settings import PreprocessSettings


@dataclass(frozen=True)
class Before:
    """What earlier batches of a data set came to.

    Attributes:
        files: Their files of the corpus and of the rejected, as far as they stay.
        listed: Photos in them.
        enlarged: Photos of them with a side shorter than the corpus's images.
    """

    files: list[FileRecord]
    listed: int
    enlarged: int


def begin_batch(
    spark: SparkSession,
    settings: PreprocessSettings,
    find: Callable[[], Source],
    output: Output,
    say: Callable[[str], None],
    timings: list[StageTiming],
) -> Batch | None:
    """List the photos of this run, or take the list that an earlier one left.

    Args:
        spark: Where to list.
        settings: Of the run.
        find: Finds the source, or raises UserError.
        output: Where the list goes.
        say: Told what is added to a finished data set.
        timings: The stage is added to them.

    Returns:
        The photos; None for a finished data set to which there is nothing to add.

    Raises:
        UserError: No photos, or photos of a finished data set that have another label now.
    """
    standing = output.standing()
    if standing is Standing.UNDER_WAY:
        return output.journal.read(BATCH, Batch)
    with timed_stage(timings, "list", "photos") as counted:
        if standing is Standing.NEW:
            batch: Batch | None = _first(spark, settings, find(), output)
        else:
            batch = _added(spark, settings, find, output, say)
        counted(batch.photos if batch else 0)
    return batch


def _first(spark: SparkSession, settings: PreprocessSettings, source: Source, output: Output) -> Batch:
    output.clear()
    output.decide("corpus")
    try:
        with listed_photos(spark, source) as photos:
            parts, rows = write_list(photos, settings.photos_per_part, output.address)
    except UserError:
        output.clear()  # there is nothing to go on from
        raise
    if not rows:
        output.clear()
        raise UserError(f"{source.option}: no photos in {source.place}")
    batch = Batch(0, parts, rows)
    output.journal.write(BATCH, asdict(batch))
    return batch


def _added(
    spark: SparkSession,
    settings: PreprocessSettings,
    find: Callable[[], Source],
    output: Output,
    say: Callable[[str], None],
) -> Batch | None:
    output.journal.remove()  # of a run that was stopped before it decided anything
    manifest = dataset.read_manifest(output.address)
    already = f"{visible(output.address)} already holds this data set"
    try:
        source = find()
    except UserError as error:
        told = f"Its source cannot be looked through for new photos: {visible(error)}"
        say(f"{already}; nothing was changed. {told}")
        return None
    with listed_photos(spark, source) as photos:
        growth = compare(
            photos,
            read_ids(spark, output.address, manifest.files_in(dataset.CORPUS)),
            read_rejected(spark, output.address, manifest.files_in(dataset.REJECTED)),
            retry_rejected=settings.retry_rejected,
        )
        if growth.gone:
            say(f"{growth.gone:,} photos of the data set are no longer in its source; they stay")
        new = growth.new.persist()
        if not new.limit(1).count():
            say(f"{already}; nothing was changed")
            return None
        parts, rows = write_list(new, settings.photos_per_part, output.address)
    batch = Batch(_next_number(manifest), parts, rows, replaces_rejected=settings.retry_rejected)
    output.reopen(manifest, asdict(batch))
    say(f"{batch.photos:,} photos to add to {visible(output.address)}")
    return batch


def _next_number(manifest: Manifest) -> int:
    numbers = [re.search(r"-batch-(\d+)\.parquet$", record.path) for record in manifest.files]
    return 1 + max((int(found[1]) for found in numbers if found), default=0)


def before(output: Output, batch: Batch) -> Before:
    """Give what earlier batches came to; rejected photos that are tried again are no longer part of it."""
    manifest = _manifest_before(output)
    if manifest is None:
        return Before([], 0, 0)
    corpus, rejected = (manifest.files_in(name) for name in (dataset.CORPUS, dataset.REJECTED))
    files = corpus if batch.replaces_rejected else [*corpus, *rejected]
    return Before(files, sum(record.rows for record in files), manifest.photos.get("enlarged", 0))


def drop_replaced(output: Output, batch: Batch) -> None:
    """Remove the rejected rows of earlier batches where this one tries their photos again."""
    manifest = _manifest_before(output)
    if manifest is not None and batch.replaces_rejected:
        for record in manifest.files_in(dataset.REJECTED):
            (output.place / record.path).remove()


def _manifest_before(output: Output) -> Manifest | None:
    return output.journal.read(BEFORE, Manifest)


def corpus_files(output: Output) -> list[FileRecord]:
    """List the files of the corpus if it is whole, of a data set finished or under way; else none."""
    standing = output.standing()
    if standing is Standing.FINISHED:
        return dataset.read_manifest(output.address).files_in(dataset.CORPUS)
    if standing is Standing.NEW or not output.journal.is_closed(Stage.CORPUS):
        return []
    batch = output.journal.read(BATCH, Batch)
    if batch is None:
        return []
    files = [*before(output, batch).files, *records_of(output.journal.parts(Stage.CORPUS))]
    return dataset.files_in(files, dataset.CORPUS)
