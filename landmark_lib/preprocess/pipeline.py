"""The preprocessing job from beginning to end: list -> corpus -> labels -> plan -> shards -> manifest."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache, partial

from pyspark.sql import DataFrame, SparkSession

from landmark_lib import dataset
from landmark_lib.dataset import FileRecord, LandmarkClass, Manifest
from landmark_lib.errors import UserError
from landmark_lib.inputs.source import Source, find_source
from landmark_lib.preprocess import plan as planning
from landmark_lib.preprocess.batches import before, begin_batch, drop_replaced
from landmark_lib.preprocess.corpus import ResizeSettings, write_corpus
from landmark_lib.preprocess.failures import told_in_one_line
from landmark_lib.preprocess.journal import Journal, Part, Stage, records_of, total
from landmark_lib.preprocess.listing import Batch
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
    refuse_inside_input,
    resolved_settings,
)
from landmark_lib.preprocess.report import write_report
from landmark_lib.preprocess.session import running_spark
from landmark_lib.preprocess.shards import ShardLayout, lay_out, write_shards
from landmark_lib.preprocess.stage import StageTiming, timed_stage, watched_stage
from landmark_lib.preprocess.summary import describe_plan, table_1
from landmark_lib.settings import PreprocessSettings, SourceSettings


@dataclass(frozen=True)
class Run:
    """What every stage needs to know."""

    spark: SparkSession
    settings: PreprocessSettings
    source: SourceSettings
    find_source: Callable[[], Source]
    output: Output
    say: Callable[[str], None]
    timings: list[StageTiming] = field(default_factory=list)

    @property
    def journal(self) -> Journal:
        """The notes of the run."""
        return self.output.journal

    def ends_after(self, stage: str, told: str) -> bool:
        """Tell whether the user wants to look at what a stage gave before the next one; then say so."""
        if self.settings.until != stage:
            return False
        self.say(f"{told}\nStopped after {stage}; the same command without --until goes on")
        return True


def preprocess(settings: PreprocessSettings, source: str, say: Callable[[str], None]) -> Manifest | None:
    """Turn the photos of `source` into a data set at `settings.output`.

    What is there already, of the same settings, is gone on with. Of a finished data set, only photos are
    resized that the source has got since; without any it is left as it is, and `say` is told so.

    Returns:
        What the data set holds; None where it is not finished, because of `--until`.

    Raises:
        UserError: No photos, no label with enough of them, or an output directory that is something else.
        LandmarkError: Inputs and outputs do not add up; a disk, a network or Spark failed.
    """
    place = settings.source(source)
    output = Output(settings.output, resolved_settings(settings, source))
    refuse_inside_input(settings.output, source)
    find = cache(partial(find_source, place))
    if settings.overwrite or output.standing() is Standing.NEW:
        find()  # what is wrong with it shows before anything starts or goes
    with locked(settings.output, say), told_in_one_line():
        output.agree(overwrite=settings.overwrite)
        with running_spark("landmark-recognition preprocess") as spark:
            return _carry_on(Run(spark, settings, place, find, output, say))


def _carry_on(run: Run) -> Manifest | None:
    batch = begin_batch(run.spark, run.settings, run.find_source, run.output, run.say, run.timings)
    if batch is None:
        return dataset.read_manifest(run.output.address)
    if run.ends_after("list", f"{batch.photos:,} photos listed"):
        return None
    earlier = before(run.output, batch)
    run.output.clear_derived()
    drop_replaced(run.output, batch)
    parts = _resize(run, batch)
    files = [*earlier.files, *records_of(parts)]
    listed, enlarged = earlier.listed + batch.photos, earlier.enlarged + total(parts, "enlarged")
    _check_for_photos(run, files, listed)
    if run.ends_after("corpus", f"{listed:,} photos listed, {_rows(files, dataset.CORPUS):,} in the corpus"):
        return None
    if run.settings.unlabelled:
        return _finish(run, Counted(listed, enlarged), files)
    return _balance(run, files, listed, enlarged)


def _resize(run: Run, batch: Batch) -> dict[int, Part]:
    finished = run.journal.parts(Stage.CORPUS)
    remaining = sum(count for part, count in batch.rows.items() if part not in finished)
    resize = ResizeSettings(
        run.settings.fetch,
        run.source.address,
        run.settings.max_megapixels * 1_000_000,
        run.settings.rows_per_group,
    )
    if finished and remaining:
        run.say(f"Going on: {batch.photos - remaining:,} of {batch.photos:,} photos were dealt with before")
    with watched_stage(run.spark, run.timings, "corpus", remaining, "photos") as done:
        parts = write_corpus(run.spark, run.journal, batch, finished, resize, done)
    run.journal.close(Stage.CORPUS, parts)
    return parts


def _check_for_photos(run: Run, files: Sequence[FileRecord], listed: int) -> None:
    if _rows(files, dataset.CORPUS):
        return
    counted = rejected_reasons(run.output.address, files)
    reasons = ", ".join(f"{count} {reason}" for reason, count in counted.items())
    run.output.clear()  # there is nothing to go on from
    raise UserError(f"--input: none of the {listed} files in {run.source.address} gave a photo: {reasons}")


def _rows(files: Sequence[FileRecord], directory: str) -> int:
    return sum(record.rows for record in dataset.files_in(files, directory))


def _balance(run: Run, files: list[FileRecord], listed: int, enlarged: int) -> Manifest | None:
    corpus = dataset.files_in(files, dataset.CORPUS)
    ids = planning.read_ids(run.spark, run.output.address, corpus)
    labels, label_counts = _count(run, ids)
    if run.ends_after("labels", table_1(describe_counts(label_counts))):
        return None
    classes = kept_classes(label_counts, run.settings)
    run.output.decide("plan")
    plan = _plan(run, ids, classes, corpus)
    planned = planning.count_planned(planning.read_plan(run.spark, run.output.address, plan))
    layout = lay_out(planned, run.settings.rows_per_shard, run.settings.ensemble_size, run.settings.seed)
    if run.ends_after("plan", "\n".join(describe_plan(planned, layout))):
        return None
    shards = _write_shards(run, corpus, layout)
    counted = Counted(
        listed, enlarged, label_counts, classes, planned, layout.rows, total(shards, "identical_outputs")
    )
    return _finish(run, counted, [*files, *labels, *plan, *records_of(shards)])


def _count(run: Run, ids: DataFrame) -> tuple[Sequence[FileRecord], dict[str, int]]:
    written = run.journal.parts(Stage.LABELS)
    if written:
        record = written[0].records[0]
        return [record], read_labels(run.output.address, record)
    with timed_stage(run.timings, "labels", "labels") as counted:
        label_counts = planning.count_labels(ids)
        record = write_labels(run.output.address, label_counts)
        counted(len(label_counts))
    run.journal.close(Stage.LABELS, {0: Part([record])})
    return [record], label_counts


def kept_classes(label_counts: dict[str, int], settings: PreprocessSettings) -> list[LandmarkClass]:
    """Number the classes.

    Raises:
        UserError: No label has enough photos.
    """
    classes = planning.number_classes(label_counts, settings.resolved_smallest, settings.hold_out)
    if not classes:
        raise UserError(
            f"--min-label-count: no label has {settings.resolved_smallest} photos,"
            f" the largest has {max(label_counts.values())}"
        )
    return classes


def _plan(
    run: Run, ids: DataFrame, classes: Sequence[LandmarkClass], corpus: Sequence[FileRecord]
) -> list[FileRecord]:
    dataset.write_classes(run.output.address, classes)
    journal = run.journal
    with timed_stage(run.timings, "plan", "images") as counted:
        finished = journal.parts(Stage.PLAN)

        def commit(number: int, records: Sequence[FileRecord]) -> None:
            journal.commit(Stage.PLAN, number, Part(records))

        planned = planning.plan_images(ids, classes, run.settings.sampling)
        missing = [number for number in range(len(corpus)) if number not in finished]
        if missing:
            planning.write_plan(planned, corpus, run.output.address, missing, commit)
        parts = journal.parts(Stage.PLAN)
        counted(sum(record.rows for record in records_of(parts)))
    journal.close(Stage.PLAN, parts)
    return records_of(parts)


def _write_shards(run: Run, corpus: Sequence[FileRecord], layout: ShardLayout) -> dict[int, Part]:
    finished = run.journal.parts(Stage.SHARDS)
    remaining = sum(layout.rows.values()) - sum(record.rows for record in records_of(finished))
    with watched_stage(run.spark, run.timings, "shards", remaining, "rows") as done:
        parts = write_shards(
            run.spark, run.journal, corpus, layout, finished, run.settings.rows_per_group, done
        )
    run.journal.close(Stage.SHARDS, parts)
    return parts


def _finish(run: Run, counted: Counted, files: Sequence[FileRecord]) -> Manifest:
    output = run.output
    manifest = make_manifest(output.resolved, output.address, counted, files)
    output.sweep()
    write_report(output.address, manifest, run.timings)
    dataset.write_manifest(output.address, manifest)
    run.journal.remove()
    return manifest
