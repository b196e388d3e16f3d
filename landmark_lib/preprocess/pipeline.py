"""The preprocessing job from beginning to end: photos -> corpus -> counts -> plan -> shards -> manifest."""

import json
import platform
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import fsspec
import numpy as np
import PIL
import pyarrow as pa
import pyspark
from fsspec.implementations.local import LocalFileSystem
from pyspark.sql import SparkSession

from landmark_lib import __version__, dataset
from landmark_lib.dataset import FileRecord, LandmarkClass, Manifest
from landmark_lib.errors import LandmarkError, UserError
from landmark_lib.method.hold_out import hold_out_size
from landmark_lib.method.label_counts import histogram, percentiles
from landmark_lib.preprocess import plan as planning
from landmark_lib.preprocess.corpus import write_corpus
from landmark_lib.preprocess.session import spark_session
from landmark_lib.preprocess.shards import ShardLayout, lay_out, write_shards
from landmark_lib.preprocess.sources import list_photos
from landmark_lib.progress import progress
from landmark_lib.settings import PreprocessSettings

LABELS_ROWS_PER_GROUP = 65_536
SECONDS_BETWEEN_LOOKS = 0.5


@dataclass(frozen=True)
class _Counted:
    """What the corpus and the plan came to."""

    listed: int
    label_counts: dict[str, int]
    classes: list[LandmarkClass]
    planned: list[planning.PlannedRows]


def preprocess(settings: PreprocessSettings, source: str) -> Manifest:
    """Turn the photos of `source` into a data set at `settings.output`.

    A finished data set of the same settings is left as it is.

    Raises:
        UserError: No photos, no label with enough of them, or an output directory that is something else.
        LandmarkError: Inputs and outputs do not add up.
    """
    resolved = _resolved(settings, source)
    if dataset.has_manifest(settings.output):
        return _finished(settings.output, resolved)
    _begin(settings.output, source, resolved)
    spark = spark_session("landmark-recognition preprocess")
    try:
        return _run(spark, settings, source, resolved)
    finally:
        spark.stop()


def _run(
    spark: SparkSession, settings: PreprocessSettings, source: str, resolved: dict[str, Any]
) -> Manifest:
    output = settings.output
    photos = list_photos(spark, source).persist()
    listed = photos.count()
    parts = max(1, -(-listed // settings.photos_per_part))
    with _stage(spark, "corpus", listed, "photos") as done:
        written = write_corpus(photos, parts, output, settings.rows_per_group, done)
    corpus = [record for record in written if record.path.startswith(dataset.CORPUS)]
    if not corpus:
        reasons = _rejected_reasons(output, written)
        raise UserError(f"--input: none of the {listed} files in {source} gave a photo: {reasons}")

    ids = planning.read_ids(spark, output, corpus)
    label_counts = planning.count_labels(ids)
    classes = planning.number_classes(label_counts, settings.resolved_smallest, settings.hold_out)
    if not classes:
        largest = max(label_counts.values())
        raise UserError(
            f"--smallest-label-count: no label has {settings.resolved_smallest} photos,"
            f" the largest has {largest}"
        )
    plan = planning.write_plan(ids, classes, settings.sampling, parts, output)
    planned = planning.count_planned(spark, output, plan)
    layout = lay_out(planned, settings.rows_per_shard, settings.members, settings.seed)
    shards = _write_shards(spark, settings, corpus, layout, planned)

    counted = _Counted(listed, label_counts, classes, planned)
    labels = _write_labels(output, label_counts)
    dataset.write_classes(output, classes)
    manifest = _manifest(resolved, output, counted, [*written, labels, *plan, *shards])
    dataset.write_manifest(output, manifest)
    return manifest


def _write_shards(
    spark: SparkSession,
    settings: PreprocessSettings,
    corpus: Sequence[FileRecord],
    layout: ShardLayout,
    planned: Sequence[planning.PlannedRows],
) -> list[FileRecord]:
    expected = sum(rows.outputs for rows in planned)
    with _stage(spark, "shards", expected, "images") as done:
        return write_shards(spark, settings.output, corpus, layout, settings.rows_per_group, done)


def _resolved(settings: PreprocessSettings, source: str) -> dict[str, Any]:
    given = asdict(settings)
    del given["output"]  # where a data set lies is no part of what it is
    return {
        **given,
        "input": source,
        "smallest_label_count": settings.resolved_smallest,
        "cutoff": settings.resolved_cutoff,
    }


def _finished(output: str, resolved: dict[str, Any]) -> Manifest:
    manifest = dataset.read_manifest(output)
    differing = {
        name: (manifest.settings.get(name), value)
        for name, value in resolved.items()
        if manifest.settings.get(name) != value
    }
    if differing:
        told = ", ".join(f"{name} {old} there, {new} now" for name, (old, new) in differing.items())
        raise UserError(f"--output: {output} holds a data set made with other settings: {told}")
    return manifest


def _begin(output: str, source: str, resolved: dict[str, Any]) -> None:
    """Make the output directory ours: empty but for the mark of work in progress."""
    filesystem, root = fsspec.core.url_to_fs(output)
    if isinstance(filesystem, LocalFileSystem) and Path(root).is_relative_to(Path(source).absolute()):
        raise UserError(f"--output: {output} lies inside the input {source}")
    if filesystem.exists(root):
        if not filesystem.isdir(root):
            raise UserError(f"--output: expected a directory, found a file: {output}")
        names = [entry.rstrip("/").rpartition("/")[2] for entry in filesystem.ls(root, detail=False)]
        if names and dataset.IN_PROGRESS not in names:
            raise UserError(f"--output: {output} is not empty and not a data set")
        for name in names:
            filesystem.rm(dataset.join(root, name), recursive=True)
    dataset.write_bytes(output, dataset.IN_PROGRESS, json.dumps(resolved, indent=1).encode())


@contextmanager
def _stage(spark: SparkSession, description: str, total: int, unit: str) -> Iterator[Callable[[int], None]]:
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


def _write_labels(output: str, label_counts: dict[str, int]) -> FileRecord:
    rows = [{"landmark_id": label, "label_count": count} for label, count in sorted(label_counts.items())]
    table = pa.Table.from_pylist(rows, dataset.LABELS_SCHEMA)
    return dataset.write_table(output, dataset.part_name(dataset.LABELS, 0, 1), table, LABELS_ROWS_PER_GROUP)


def _rejected_reasons(output: str, files: Sequence[FileRecord]) -> dict[str, int]:
    reasons: Counter[str] = Counter()
    for record in files:
        if record.path.startswith(dataset.REJECTED):
            reasons.update(dataset.read_table(output, record.path, ["reason"])["reason"].to_pylist())
    return dict(sorted(reasons.items()))


def _manifest(
    resolved: dict[str, Any], output: str, counted: _Counted, files: Sequence[FileRecord]
) -> Manifest:
    counts = list(counted.label_counts.values())
    hold_out = int(resolved["hold_out"])
    roles: Counter[str] = Counter()
    for rows in counted.planned:
        roles[rows.role] += rows.images
    manifest = Manifest(
        settings=resolved,
        versions=_versions(),
        photos={"listed": counted.listed, "corpus": sum(counts)},
        rejected=_rejected_reasons(output, files),
        label_counts={
            "labels": len(counts),
            "percentiles": {str(p): value for p, value in percentiles(counts).items()},
            "histogram": [list(part) for part in histogram(counts)],
        },
        classes=len(counted.classes),
        classes_with_fewer_held_out=sum(
            hold_out_size(row.label_count, hold_out) < hold_out for row in counted.classes
        ),
        roles=dict(roles),
        files=list(files),
    )
    _check_sums(manifest, counted)
    return manifest


def _check_sums(manifest: Manifest, counted: _Counted) -> None:
    listed, corpus = manifest.photos["listed"], manifest.rows_in(dataset.CORPUS)
    rejected = manifest.rows_in(dataset.REJECTED)
    if listed != corpus + rejected:
        raise LandmarkError(f"{listed} photos listed, but {corpus} in the corpus and {rejected} rejected")
    planned = sum(rows.images for rows in counted.planned)
    if planned != corpus:
        raise LandmarkError(f"{corpus} images in the corpus, but {planned} in the plan")


def _versions() -> dict[str, str]:
    return {
        "landmark-recognition": __version__,
        "python": platform.python_version(),
        "pyspark": pyspark.__version__,
        "pyarrow": pa.__version__,
        "pillow": PIL.__version__,
        "numpy": np.__version__,
    }
