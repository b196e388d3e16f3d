"""The sections of a data set's page, from the data set alone."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import fields
from heapq import nlargest
from operator import itemgetter
from typing import Any

from landmark_lib.dataset import (
    CORPUS_SIZE,
    LABELS,
    REJECTED,
    VALIDATION,
    LandmarkClass,
    Manifest,
    Role,
    read_classes,
    read_table,
    training_directory,
)
from landmark_lib.digits import number, size
from landmark_lib.method.label_counts import PERCENTILES, TABLE_1
from landmark_lib.report.duplicate_sections import duplicates_section
from landmark_lib.report.examples import planned_images, read_some
from landmark_lib.report.label_figures import histogram_figure, rank_figure
from landmark_lib.report.page import Fact, Section, render_part
from landmark_lib.report.sampling_sections import balance_section, sampling_section
from landmark_lib.settings import PreprocessSettings

EXAMPLES_PER_REASON = 3
LABELS_SHOWN = 1_000  # in each table; a page of 15,000 would be slow to open
# Names of the settings marked in Figure 1.
MARKED = {"min_label_count": "smallest kept", "target": "target", "cutoff": "cutoff"}
OUTCOMES = {
    Role.TRAIN: "trained on by a member",
    Role.VALIDATION: "held out for validation",
    Role.UNUSED: "unused: no member drew them",
    Role.DROPPED: "dropped: their label has too few photos",
}


def dataset_lead(manifest: Manifest) -> str:
    """Summarize a data set in a paragraph."""
    photos, rejected = manifest.photos, sum(manifest.rejected.values())
    text = f"{number(photos['listed'])} photos were listed: {number(photos['corpus'])} are in the corpus"
    text += (
        f", {number(rejected)} were rejected, each with its reason." if rejected else ", none was rejected."
    )
    if not manifest.classes:
        return f"{text} They have no labels, so there is nothing to train on: a corpus to predict."
    kept = number(manifest.number("min_label_count"))
    common = manifest.rows_in(training_directory(None))
    own = [manifest.rows_in(training_directory(member)) for member in range(manifest.members)]
    rows = [number(common + count) for count in own]
    trains = "The only member trains" if len(rows) == 1 else f"Each of the {len(rows)} members trains"
    if len(set(rows)) > 1:
        trains, rows = "The members train", [", ".join(rows)]
    return (
        f"{text} Of {number(manifest.label_counts['labels'])} labels,"
        f" {number(manifest.classes)} have at least {kept} photos and are classes."
        f" {trains} on {rows[0]} rows;"
        f" {number(manifest.rows_in(VALIDATION))} photos are held out for validation."
    )


def dataset_facts(manifest: Manifest) -> list[Fact]:
    """Return the key figures of a data set."""
    facts = [
        Fact(number(manifest.photos["listed"]), "photos listed"),
        Fact(number(manifest.photos["corpus"]), "in the corpus"),
        Fact(number(sum(manifest.rejected.values())), "rejected"),
    ]
    if manifest.classes:
        facts += [
            Fact(number(manifest.label_counts["labels"]), "labels"),
            Fact(number(manifest.classes), "classes"),
            Fact(number(manifest.members), "members"),
        ]
    return [*facts, Fact(size(sum(record.bytes for record in manifest.files)), "on disk")]


def dataset_sections(root: str, manifest: Manifest) -> list[Section]:
    """Render the content of a data set, with figures and photos.

    Few columns of the tables are read, and only the pixels of the photos shown.

    Raises:
        LandmarkError: A file lacks a planned row.
    """
    sections = [_photos(manifest)]
    if manifest.classes:
        classes = read_classes(root)
        sections += [
            _labels(root, manifest, classes),
            balance_section(root, manifest, classes),
            sampling_section(root, manifest, classes, planned_images(root, manifest)),
            duplicates_section(root, manifest),
        ]
    return [*sections, _rejected(root, manifest), _files(manifest)]


def settings_section(manifest: Manifest) -> Section:
    """Render the settings of a data set with their meaning, and the software versions."""
    explained = {
        field.name: field.metadata["help"].partition("  [default")[0] for field in fields(PreprocessSettings)
    }
    settings = [(name, _text(value), explained.get(name, "")) for name, value in manifest.settings.items()]
    body = render_part("settings.html", settings=settings, versions=manifest.versions)
    return Section("settings", "Settings and versions", body)


def _photos(manifest: Manifest) -> Section:
    corpus = manifest.photos["corpus"]
    outcomes = [(name, manifest.roles.get(role, 0)) for role, name in OUTCOMES.items()]
    if not manifest.classes:
        outcomes = [("in the corpus, without labels", corpus)]
    body = render_part(
        "photos.html",
        outcomes=[*outcomes, ("rejected: not a readable photo", sum(manifest.rejected.values()))],
        listed=manifest.photos["listed"],
        corpus=corpus,
        enlarged=manifest.photos.get("enlarged"),
        side=CORPUS_SIZE,
    )
    return Section("photos", "Photos", body)


def _labels(root: str, manifest: Manifest, classes: Sequence[LandmarkClass]) -> Section:
    tables = [read_table(root, record.path) for record in manifest.files_in(LABELS)]
    labels = [row for table in tables for row in table.to_pylist()]
    counts = [row["label_count"] for row in labels]
    min_count = manifest.number("min_label_count")
    dropped = [row for row in labels if row["label_count"] < min_count]
    marked = {title: manifest.number(name) for name, title in MARKED.items()}
    body = render_part(
        "labels.html",
        percentiles=PERCENTILES,
        here={percent: manifest.label_counts["percentiles"][str(percent)] for percent in PERCENTILES},
        paper=TABLE_1,
        labels=len(counts),
        ranks=rank_figure(counts, marked),
        histogram=histogram_figure(manifest.label_counts["histogram"]),
        classes=nlargest(LABELS_SHOWN, classes, key=lambda row: row.label_count),
        class_count=len(classes),
        min_count=min_count,
        dropped=nlargest(LABELS_SHOWN, dropped, key=itemgetter("label_count")),
        dropped_count=len(dropped),
        dropped_photos=sum(row["label_count"] for row in dropped),
    )
    return Section("labels", "Labels", body)


def _rejected(root: str, manifest: Manifest) -> Section:
    examples: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for _, table in read_some(root, manifest.files_in(REJECTED)):
        for row in table.to_pylist():
            if len(examples[row["reason"]]) < EXAMPLES_PER_REASON:
                examples[row["reason"]].append(row)
    reasons = dict(sorted(manifest.rejected.items(), key=lambda item: (-item[1], item[0])))
    body = render_part("rejected.html", reasons=reasons, examples=examples)
    return Section("rejected", "Rejected photos", body)


def _files(manifest: Manifest) -> Section:
    directories: list[dict[str, Any]] = []
    for name in dict.fromkeys(record.path.rpartition("/")[0] for record in manifest.files):
        records = manifest.files_in(name)
        counts = {
            "files": len(records),
            "rows": sum(record.rows for record in records),
            "bytes": sum(record.bytes for record in records),
        }
        directories.append({"name": name, **counts})
    total = {key: sum(of[key] for of in directories) for key in ("files", "rows", "bytes")}
    body = render_part("files.html", directories=directories, total=total)
    return Section("files", "Files and sizes", body)


def _text(value: object) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
