"""The preprocessing job: list -> corpus -> labels -> duplicates -> plan -> shards -> manifest."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial

from pyspark.sql import DataFrame, SparkSession

from landmark_lib import dataset
from landmark_lib.console import show
from landmark_lib.dataset import FileRecord, LandmarkClass, Manifest
from landmark_lib.errors import UserError
from landmark_lib.inputs.listing import refuse_rare_labels
from landmark_lib.inputs.source import Source, find_source
from landmark_lib.preprocess.batch import read_earlier
from landmark_lib.preprocess.corpus import ResizeSettings, write_corpus
from landmark_lib.preprocess.duplicates import (
    count_all,
    read_hashes,
    read_near_duplicates,
    write_near_duplicates,
)
from landmark_lib.preprocess.failures import explain_failures
from landmark_lib.preprocess.journal import Journal, Part, records_of, total
from landmark_lib.preprocess.listing import begin_batch
from landmark_lib.preprocess.lock import locked
from landmark_lib.preprocess.manifest import (
    Counted,
    describe_counts,
    make_manifest,
    read_labels,
    rejected_reasons,
    write_labels,
)
from landmark_lib.preprocess.output_directory import (
    Output,
    Standing,
    output_of,
    refuse_inside_input,
)
from landmark_lib.preprocess.plan import (
    count_labels,
    count_planned,
    number_classes,
    plan_images,
    read_ids,
    read_plan,
    without_held_out,
    write_plan,
)
from landmark_lib.preprocess.report import write_report
from landmark_lib.preprocess.session import running_spark
from landmark_lib.preprocess.shards import lay_out, write_shards
from landmark_lib.preprocess.stage import StageTiming, timed_stage, watched_stage
from landmark_lib.preprocess.summary import describe_near_duplicates, describe_plan, table_1
from landmark_lib.settings import PreprocessSettings, Stage

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Run:
    """What every stage needs.

    Attributes:
        spark: The session.
        settings: Settings of the run.
        find: Returns the source, searched on the first call, or raises UserError.
        output: The output directory.
        timings: Times of Spark's start and of the stages so far.
    """

    spark: SparkSession
    settings: PreprocessSettings
    find: Callable[[], Source]
    output: Output
    timings: list[StageTiming]

    @property
    def journal(self) -> Journal:
        """The journal of the run."""
        return self.output.journal

    @property
    def source(self) -> str:
        """Address of the source."""
        return str(self.output.resolved["input"])

    @property
    def separates(self) -> bool:
        """Whether near-duplicates are found and kept on one side of the split."""
        return self.settings.resolved_near_duplicates == "separate"

    def ends_after(self, stage: Stage, result: str) -> bool:
        """Return whether the run ends after a stage because of `--until`; if so, print the stage's result."""
        if self.settings.until != stage:
            return False
        show(result)
        logger.info(f"Stopped after {stage}. Run the same command without --until to resume.")
        return True


def preprocess(settings: PreprocessSettings, source: str) -> Manifest | None:
    """Turn the photos of `source` into a data set at `settings.output`.

    Resume a data set of the same settings that is unfinished. Add only new photos to a finished one.

    Returns:
        The manifest; None if the data set is not finished because of `--until`.

    Raises:
        UserError: No photos, no label with enough of them, or an output directory that is something else.
        LandmarkError: Inputs and outputs do not add up; a disk, a network or Spark failed.
    """
    output, settings = output_of(settings, source)
    refuse_inside_input(settings.output, source)
    find = cache(partial(find_source, settings.source(source)))
    is_new = output.standing() is Standing.NEW
    if settings.overwrite or is_new:
        found = find()  # mistakes are reported before anything is started or removed
        if is_new and settings.until in {"plan", "shards"} and not settings.unlabelled:
            refuse_rare_labels(found, settings.resolved_min_label_count)
    with locked(settings.output), explain_failures():
        output.agree(overwrite=settings.overwrite)
        start = time.monotonic()
        with running_spark("landmark-recognition preprocess") as spark:
            timings = [StageTiming("start of Spark", time.monotonic() - start)]
            return _run_stages(Run(spark, settings, find, output, timings))


def _run_stages(run: Run) -> Manifest | None:
    batch = begin_batch(run.spark, run.settings, run.find, run.output, run.timings)
    if batch is None:
        return dataset.read_manifest(run.output.address)
    if run.ends_after("list", f"{batch.photos:,} photos listed"):
        return None
    earlier = read_earlier(run.journal, batch)
    run.output.clear_derived()
    for record in earlier.replaced:
        (run.output.place / record.path).remove()
    finished = run.journal.parts("corpus")
    remaining = sum(count for part, count in batch.rows.items() if part not in finished)
    if finished and remaining:
        logger.info(f"Resuming: {batch.photos - remaining:,} of {batch.photos:,} photos are already done")
    max_pixels = run.settings.max_megapixels * 1_000_000
    rows = run.settings.rows_per_group
    resize = ResizeSettings(run.settings.fetch, run.source, max_pixels, rows, run.separates)
    with watched_stage(run.spark, run.timings, "corpus", remaining, "photos") as done:
        parts = write_corpus(run.spark, run.journal, batch, finished, resize, done)
    run.journal.close("corpus", parts)
    files = [*earlier.files, *records_of(parts)]
    listed, enlarged = earlier.listed + batch.photos, earlier.enlarged + total(parts, "enlarged")
    resized = sum(record.rows for record in dataset.files_in(files, dataset.CORPUS))
    if not resized:
        counts = rejected_reasons(run.output.address, files)
        reasons = ", ".join(f"{count} {reason}" for reason, count in counts.items())
        run.output.clear()  # there is nothing to resume
        raise UserError(f"--input: all {listed} files in {run.source} were rejected: {reasons}")
    if run.ends_after("corpus", f"{listed:,} photos listed, {resized:,} in the corpus"):
        return None
    if run.settings.unlabelled:
        return _finish(run, Counted(listed, enlarged), files)
    return _balance(run, Counted(listed, enlarged), files)


def _balance(run: Run, counted: Counted, files: list[FileRecord]) -> Manifest | None:
    corpus, settings = dataset.files_in(files, dataset.CORPUS), run.settings
    ids = read_ids(run.spark, run.output.address, corpus)
    label_counts, label_record = _count_labels(run, ids)
    if run.ends_after("labels", table_1(describe_counts(label_counts))):
        return None
    classes = number_classes(label_counts, settings.resolved_min_label_count, settings.hold_out)
    groups = _find_near_duplicates(run, corpus)
    found = count_all(groups) if run.separates else {}
    if run.ends_after("duplicates", describe_near_duplicates(found)):
        return None
    run.output.decide("plan")
    parts = _make_plan(run, ids, classes, corpus, groups)
    plan = read_plan(run.spark, run.output.address, records_of(parts))
    if run.separates:
        found["replaced"] = total(parts, "replaced")
        classes = without_held_out(plan, classes)
    dataset.write_classes(run.output.address, classes)
    counted = replace(counted, label_counts=label_counts, classes=classes, near_duplicates=found)
    counted = replace(counted, planned=count_planned(plan))
    made = [*files, label_record, *records_of(groups), *records_of(parts)]
    return _make_shards(run, counted, made)


def _count_labels(run: Run, ids: DataFrame) -> tuple[dict[str, int], FileRecord]:
    written = run.journal.parts("labels")
    if written:
        record = written[0].records[0]
        return read_labels(run.output.address, record), record
    with timed_stage(run.timings, "labels", "labels") as done:
        label_counts = count_labels(ids)
        record = write_labels(run.output.address, label_counts)
        done(len(label_counts))
    run.journal.close("labels", {0: Part([record])})
    return label_counts, record


def _find_near_duplicates(run: Run, corpus: Sequence[FileRecord]) -> dict[int, Part]:
    """Return the parts of `near_duplicates/`; none if near-duplicates are kept."""
    if not run.separates or run.journal.is_closed("duplicates"):
        return run.journal.parts("duplicates")
    images = sum(record.rows for record in corpus)
    with timed_stage(run.timings, "duplicates", "images") as done:
        photos = read_hashes(run.spark, run.output.address, corpus)
        parts = write_near_duplicates(photos, images, run.journal)
        done(images)
    run.journal.close("duplicates", parts)
    return parts


def _make_plan(
    run: Run,
    ids: DataFrame,
    classes: Sequence[LandmarkClass],
    corpus: Sequence[FileRecord],
    groups: Mapping[int, Part],
) -> dict[int, Part]:
    journal, records = run.journal, records_of(groups)
    near_duplicates = read_near_duplicates(run.spark, run.output.address, records) if records else None

    def commit(number: int, part: Part) -> None:
        journal.commit("plan", number, part)

    with timed_stage(run.timings, "plan", "images") as done:
        finished = journal.parts("plan")
        missing = [number for number in range(len(corpus)) if number not in finished]
        planned = plan_images(ids, classes, run.settings.sampling, near_duplicates)
        write_plan(planned, corpus, run.output.address, missing, commit)
        parts = journal.parts("plan")
        done(sum(record.rows for record in records_of(parts)))
    journal.close("plan", parts)
    return parts


def _make_shards(run: Run, counted: Counted, files: Sequence[FileRecord]) -> Manifest | None:
    settings = run.settings
    layout = lay_out(
        counted.planned, settings.rows_per_shard, settings.ensemble_size, settings.seed, settings.framing
    )
    if run.ends_after("plan", "\n".join(describe_plan(counted.planned, layout))):
        return None
    corpus = dataset.files_in(files, dataset.CORPUS)
    finished = run.journal.parts("shards")
    remaining = sum(layout.rows.values()) - sum(record.rows for record in records_of(finished))
    with watched_stage(run.spark, run.timings, "shards", remaining, "rows") as done:
        shards = write_shards(run.spark, run.journal, corpus, layout, finished, settings.rows_per_group, done)
    run.journal.close("shards", shards)
    identical = total(shards, "identical_outputs")
    counted = replace(counted, stored=layout.rows, identical_outputs=identical)
    return _finish(run, counted, [*files, *records_of(shards)])


def _finish(run: Run, counted: Counted, files: Sequence[FileRecord]) -> Manifest:
    output = run.output
    manifest = make_manifest(output.resolved, output.address, counted, files)
    output.sweep()
    write_report(output.address, manifest, run.timings)
    dataset.write_manifest(output.address, manifest)
    run.journal.remove()
    return manifest
