"""The preprocessing job from beginning to end: photos -> corpus -> counts -> plan -> shards -> manifest."""

from collections.abc import Callable, Sequence
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from landmark_lib import dataset
from landmark_lib.dataset import FileRecord, LandmarkClass, Manifest
from landmark_lib.errors import UserError
from landmark_lib.preprocess import plan as planning
from landmark_lib.preprocess.corpus import write_corpus
from landmark_lib.preprocess.manifest import Counted, make_manifest, rejected_reasons, write_labels
from landmark_lib.preprocess.output_directory import (
    mark_finished,
    read_finished,
    resolved_settings,
    take_over,
)
from landmark_lib.preprocess.session import spark_session
from landmark_lib.preprocess.shards import ShardLayout, lay_out, write_shards
from landmark_lib.preprocess.sources import check_source, list_photos
from landmark_lib.preprocess.stage import watched_stage
from landmark_lib.settings import PreprocessSettings


def preprocess(settings: PreprocessSettings, source: str, say: Callable[[str], None]) -> Manifest:
    """Turn the photos of `source` into a data set at `settings.output`.

    A finished data set of the same settings is left as it is, and `say` is told so.

    Raises:
        UserError: No photos, no label with enough of them, or an output directory that is something else.
        LandmarkError: Inputs and outputs do not add up.
    """
    resolved = resolved_settings(settings, source)
    if dataset.has_manifest(settings.output):
        manifest = read_finished(settings.output, resolved)
        say(f"{settings.output} already holds this data set; nothing was changed")
        return manifest
    check_source(source)
    take_over(settings.output, source, resolved)
    spark = spark_session("landmark-recognition preprocess")
    try:
        manifest = _run(spark, settings, source, resolved)
    finally:
        spark.stop()
    dataset.write_manifest(settings.output, manifest)
    mark_finished(settings.output)
    return manifest


def _run(
    spark: SparkSession, settings: PreprocessSettings, source: str, resolved: dict[str, Any]
) -> Manifest:
    output = settings.output
    photos = list_photos(spark, source).persist()
    listed = photos.count()
    parts = max(1, -(-listed // settings.photos_per_part))
    resized = _resize(spark, settings, photos, listed, parts)
    corpus = [record for record in resized if record.path.startswith(f"{dataset.CORPUS}/")]
    if not corpus:
        reasons = ", ".join(f"{n} {reason}" for reason, n in rejected_reasons(output, resized).items())
        raise UserError(f"--input: none of the {listed} files in {source} gave a photo: {reasons}")

    ids = planning.read_ids(spark, output, corpus)
    label_counts = planning.count_labels(ids)
    classes = _kept_classes(label_counts, settings)
    plan = planning.write_plan(ids, classes, settings.sampling, parts, output)
    planned = planning.count_planned(spark, output, plan)

    layout = lay_out(planned, settings.rows_per_shard, settings.members, settings.seed)
    shards = _carry_out(spark, settings, corpus, layout)

    labels = write_labels(output, label_counts)
    dataset.write_classes(output, classes)
    counted = Counted(listed, label_counts, classes, planned, layout.rows)
    return make_manifest(resolved, output, counted, [*resized, labels, *plan, *shards])


def _resize(
    spark: SparkSession, settings: PreprocessSettings, photos: DataFrame, listed: int, parts: int
) -> list[FileRecord]:
    with watched_stage(spark, "corpus", listed, "photos") as done:
        return write_corpus(photos, parts, settings.output, settings.rows_per_group, done)


def _kept_classes(label_counts: dict[str, int], settings: PreprocessSettings) -> list[LandmarkClass]:
    classes = planning.number_classes(label_counts, settings.resolved_smallest, settings.hold_out)
    if not classes:
        raise UserError(
            f"--smallest-label-count: no label has {settings.resolved_smallest} photos,"
            f" the largest has {max(label_counts.values())}"
        )
    return classes


def _carry_out(
    spark: SparkSession, settings: PreprocessSettings, corpus: Sequence[FileRecord], layout: ShardLayout
) -> list[FileRecord]:
    with watched_stage(spark, "shards", sum(layout.rows.values()), "rows") as done:
        return write_shards(spark, settings.output, corpus, layout, settings.rows_per_group, done)
