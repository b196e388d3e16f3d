"""The manifest: made from the results of the stages, whose numbers must add up."""

import platform
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import PIL
import pyarrow as pa
import pyspark

from landmark_lib import __version__, dataset
from landmark_lib.dataset import FileRecord, LandmarkClass, Manifest
from landmark_lib.errors import LandmarkError
from landmark_lib.method.label_counts import histogram, percentiles
from landmark_lib.preprocess.output_directory import UNRECORDED
from landmark_lib.preprocess.plan import PlannedRows

LABELS_ROWS_PER_GROUP = 65_536


@dataclass(frozen=True)
class Counted:
    """The results of the stages.

    Attributes:
        listed: Photos that the input listed.
        enlarged: Photos with a side shorter than the corpus's images.
        label_counts: Images of the corpus by label.
        classes: The labels kept.
        planned: Images and outputs by role and members.
        stored: Planned rows by directory of `train/` and `validation/`.
        identical_outputs: Outputs with the same pixels as another of their image.
        near_duplicates: Photos and groups of near-duplicates, by what they are; empty if not looked for.
    """

    listed: int
    enlarged: int
    label_counts: dict[str, int] = field(default_factory=dict)
    classes: list[LandmarkClass] = field(default_factory=list)
    planned: list[PlannedRows] = field(default_factory=list)
    stored: dict[str, int] = field(default_factory=dict)
    identical_outputs: int = 0
    near_duplicates: dict[str, int] = field(default_factory=dict)


def write_labels(output: str, label_counts: dict[str, int]) -> FileRecord:
    """Write `labels/`, in the order of the labels."""
    rows = [{"landmark_id": label, "label_count": count} for label, count in sorted(label_counts.items())]
    table = pa.Table.from_pylist(rows, dataset.LABELS_SCHEMA)
    return dataset.write_table(output, dataset.part_name(dataset.LABELS, 0, 1), table, LABELS_ROWS_PER_GROUP)


def read_labels(output: str, record: FileRecord) -> dict[str, int]:
    """Return the label counts that `write_labels` wrote."""
    rows = dataset.read_table(output, record.path).to_pylist()
    return {row["landmark_id"]: row["label_count"] for row in rows}


def describe_counts(label_counts: dict[str, int]) -> dict[str, Any]:
    """Return the number of labels, and the percentiles and the histogram of their counts."""
    counts = list(label_counts.values())
    if not counts:
        return {"labels": 0, "percentiles": {}, "histogram": []}
    return {
        "labels": len(counts),
        "percentiles": {str(p): value for p, value in percentiles(counts).items()},
        "histogram": [list(part) for part in histogram(counts)],
    }


def rejected_reasons(output: str, files: Sequence[FileRecord]) -> dict[str, int]:
    """Return the number of rejected photos by reason."""
    reasons: Counter[str] = Counter()
    for record in dataset.files_in(files, dataset.REJECTED):
        reasons.update(dataset.read_table(output, record.path, ["reason"])["reason"].to_pylist())
    return dict(sorted(reasons.items()))


def make_manifest(
    resolved: dict[str, Any], output: str, counted: Counted, files: Sequence[FileRecord]
) -> Manifest:
    """Return the content of `dataset.json`.

    Raises:
        LandmarkError: The rows of the files do not add up to those listed and planned.
    """
    roles: Counter[str] = Counter()
    for rows in counted.planned:
        roles[rows.role] += rows.images
    corpus = sum(record.rows for record in dataset.files_in(files, dataset.CORPUS))
    hold_out = int(resolved["hold_out"])
    fewer_held_out = sum(row.label_count - row.training_images < hold_out for row in counted.classes)
    manifest = Manifest(
        settings={name: value for name, value in resolved.items() if UNRECORDED.get(name) != value},
        versions={
            "landmark-recognition": __version__,
            "python": platform.python_version(),
            "pyspark": pyspark.__version__,
            "pyarrow": pa.__version__,
            "pillow": PIL.__version__,
            "numpy": np.__version__,
        },
        photos={"listed": counted.listed, "corpus": corpus, "enlarged": counted.enlarged},
        rejected=rejected_reasons(output, files),
        label_counts=describe_counts(counted.label_counts),
        classes=len(counted.classes),
        classes_with_fewer_held_out=fewer_held_out,
        roles=dict(roles),
        identical_outputs=counted.identical_outputs,
        near_duplicates=counted.near_duplicates,
        files=list(files),
    )
    _check_sums(manifest, counted)
    return manifest


def _check_sums(manifest: Manifest, counted: Counted) -> None:
    listed, corpus = counted.listed, manifest.rows_in(dataset.CORPUS)
    rejected = manifest.rows_in(dataset.REJECTED)
    if listed != corpus + rejected:
        raise LandmarkError(f"{listed} photos listed, but {corpus} in the corpus and {rejected} rejected")
    planned = sum(rows.images for rows in counted.planned)
    if counted.planned and planned != corpus:
        raise LandmarkError(f"{corpus} images in the corpus, but {planned} in the plan")
    for directory, expected in counted.stored.items():
        stored = manifest.rows_in(directory)
        if stored != expected:
            raise LandmarkError(f"{directory}: expected {expected} planned rows, found {stored}")
