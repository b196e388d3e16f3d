"""The results of preprocessing as text: Table 1, Figure 1 and the balance of the members."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from landmark_lib.console import visible
from landmark_lib.dataset import COMMON, VALIDATION, Manifest, training_directory
from landmark_lib.digits import size
from landmark_lib.preprocess.plan import PlannedRows
from landmark_lib.preprocess.shards import ShardLayout

BAR_WIDTH = 40  # characters
# Average sizes of JPEGs of quality 95.
CORPUS_IMAGE_BYTES = 30_000
SHARD_IMAGE_BYTES = 25_000


def describe(manifest: Manifest) -> str:
    """Return what a data set contains, as a page of text."""
    rejected = sum(manifest.rejected.values())
    listed, corpus = manifest.photos["listed"], manifest.photos["corpus"]
    lines = [f"{listed:,} photos listed: {corpus:,} in the corpus, {rejected:,} rejected"]
    lines += [f"  {count:,} {visible(reason)}" for reason, count in manifest.rejected.items()]
    if not manifest.label_counts["labels"]:
        return "\n".join(lines)
    kept = visible(manifest.number("min_label_count"))
    lines += ["", table_1(manifest.label_counts), ""]
    lines.append(f"{manifest.classes:,} classes (labels with at least {kept} images)")
    if manifest.classes_with_fewer_held_out:
        lines.append(f"  {manifest.classes_with_fewer_held_out:,} of them too small for the whole hold-out")
    common = manifest.rows_in(COMMON)
    for member in range(manifest.members):
        lines.append(_member_line(member, common, manifest.rows_in(training_directory(member))))
    return "\n".join([*lines, f"  validation: {manifest.rows_in(VALIDATION):,} rows"])


def table_1(counts: dict[str, Any]) -> str:
    """Return percentiles (the paper's Table 1) and histogram (its Figure 1) of label counts as text."""
    percentiles = counts["percentiles"]
    widest = max(labels for _, _, labels in counts["histogram"])
    lines = [
        f"Images per label ({counts['labels']:,} labels)",
        "  percentile " + "".join(f"{p:>7}" for p in percentiles),
        "  images     " + "".join(f"{value:>7,}" for value in percentiles.values()),
    ]
    for low, high, labels in counts["histogram"]:
        bar = "#" * round(BAR_WIDTH * labels / widest)
        lines.append(f"  {low:>7,} to {high:>7,} images {labels:>7,} labels {bar}")
    return "\n".join(lines)


def _member_line(member: int, common: int, own: int) -> str:
    return f"  member {member}: {common + own:,} training rows ({own:,} not shared by all members)"


def describe_plan(planned: Sequence[PlannedRows], layout: ShardLayout) -> list[str]:
    """Return lines on a plan: images by role, rows of each training set, expected bytes."""
    images: Counter[str] = Counter()
    for group in planned:
        images[group.role] += group.images
    rows, total = layout.rows, sum(layout.rows.values())
    common = rows.get(COMMON, 0)
    members = [_member_line(k, common, rows.get(training_directory(k), 0)) for k in range(layout.members)]
    corpus, shards = sum(images.values()) * CORPUS_IMAGE_BYTES, total * SHARD_IMAGE_BYTES
    return [
        "The plan",
        *(f"  {count:,} images: {role}" for role, count in sorted(images.items())),
        *members,
        f"  validation: {rows.get(VALIDATION, 0):,} rows",
        f"  {total:,} rows in {sum(layout.shards.values()):,} shards",
        f"  about {size(corpus)} for the corpus and {size(shards)} for the shards",
    ]
