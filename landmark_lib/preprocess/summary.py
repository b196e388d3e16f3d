"""The results of preprocessing as text: Table 1, Figure 1 and the balance of the members."""

import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from landmark_lib.console import visible
from landmark_lib.dataset import COMMON, REPORT, VALIDATION, Manifest, Role, training_directory
from landmark_lib.digits import size
from landmark_lib.method.recipes import WHOLE
from landmark_lib.preprocess.plan import PlannedRows
from landmark_lib.preprocess.shards import ShardLayout
from landmark_lib.storage import Place

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
    dropped = manifest.label_counts["labels"] - manifest.classes, manifest.roles.get(Role.DROPPED, 0)
    lines += ["", table_1(manifest.label_counts), ""]
    lines += kept_and_dropped(manifest.classes, *dropped, manifest.number("min_label_count"))
    if manifest.classes_with_fewer_held_out:
        lines.append(f"  {manifest.classes_with_fewer_held_out:,} of them too small for the whole hold-out")
    if manifest.near_duplicates:
        lines.append(f"  {describe_near_duplicates(manifest.near_duplicates)}")
    common = manifest.rows_in(COMMON)
    for member in range(manifest.members):
        lines.append(_member_line(member, common, manifest.rows_in(training_directory(member))))
    return "\n".join([*lines, f"  validation: {manifest.rows_in(VALIDATION):,} rows"])


def next_step(manifest: Manifest, output: str) -> str:
    """Return where a data set and its report are, and the command that comes next."""
    place = visible(shlex.quote(output))
    command = f"Train on it: horovodrun -np 2 python jobs/train.py --dataset {place}"
    if not manifest.classes:
        command = f"Predict it: python jobs/predict.py --dataset {place}"
    return f"Data set: {visible(output)}\nReport: {visible(Place(output) / REPORT)}\n{command}"


def kept_and_dropped(classes: int, labels: int, images: int, min_count: int) -> list[str]:
    """Return lines on the labels that are classes, and on the dropped labels and their images, if any."""
    lines = [f"{classes:,} classes (labels with at least {min_count} images)"]
    if labels:
        dropped = f"{labels:,} {'label' if labels == 1 else 'labels'} with fewer than {min_count} images"
        photos = f"{images:,} {'photo' if images == 1 else 'photos'}"
        lines.append(f"  {dropped} dropped: {photos} (--min-label-count 1 keeps every label)")
    return lines


def table_1(counts: dict[str, Any]) -> str:
    """Return percentiles (the paper's Table 1) and histogram (its Figure 1) of label counts as text."""
    percentiles = counts["percentiles"]
    widest = max(labels for _, _, labels in counts["histogram"])
    lines = [
        f"Table 1. Images per label ({counts['labels']:,} labels)",
        "  percentile " + "".join(f"{p:>7}" for p in percentiles),
        "  images     " + "".join(f"{value:>7,}" for value in percentiles.values()),
    ]
    for low, high, labels in counts["histogram"]:
        bar = "#" * round(BAR_WIDTH * labels / widest)
        lines.append(f"  {low:>7,} to {high:>7,} images {labels:>7,} labels {bar}")
    return "\n".join(lines)


def describe_near_duplicates(counts: Mapping[str, int]) -> str:
    """Return a line on the near-duplicates, from their counts in the manifest."""
    if not counts:
        return "near-duplicates were not looked for (--near-duplicates separate)"
    text = f"{counts['photos']:,} photos in {counts['groups']:,} groups of near-duplicates"
    if counts["contradictory_groups"]:
        text += f", {counts['contradictory_groups']:,} of them with contradictory labels"
    if counts.get("replaced"):
        text += f"; {counts['replaced']:,} photos not held out because of them"
    return text


def _member_line(member: int, common: int, own: int) -> str:
    return f"  member {member}: {common + own:,} training rows ({own:,} not shared by all members)"


def describe_plan(planned: Sequence[PlannedRows], layout: ShardLayout) -> list[str]:
    """Return lines on a plan: images by role, rows of each training set, expected bytes."""
    images: Counter[str] = Counter()
    for group in planned:
        images[group.role] += group.images
    rows, total = layout.rows, sum(layout.rows.values())
    members = [_member_line(k, rows[COMMON], rows[training_directory(k)]) for k in range(layout.members)]
    row_bytes = CORPUS_IMAGE_BYTES if layout.framing == WHOLE else SHARD_IMAGE_BYTES
    corpus, shards = sum(images.values()) * CORPUS_IMAGE_BYTES, total * row_bytes
    return [
        "The plan",
        *(f"  {count:,} images: {role}" for role, count in sorted(images.items())),
        *members,
        f"  validation: {rows[VALIDATION]:,} rows",
        f"  {total:,} rows in {sum(layout.shards.values()):,} shards",
        f"  about {size(corpus)} for the corpus and {size(shards)} for the shards",
    ]
