"""The photos of a source, listed in one process and in order, by the rules that Spark's tasks use too."""

import logging
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from landmark_lib.dataset import Reason
from landmark_lib.errors import UserError
from landmark_lib.inputs.csv_file import open_csv
from landmark_lib.inputs.entries import (
    csv_entries,
    folder_entries,
    found_files,
    mark_repeated_ids,
    photo_entry,
    without_list,
)
from landmark_lib.inputs.label_list import read_labels
from landmark_lib.inputs.matching import is_much, log_pairs, mismatch, pair
from landmark_lib.inputs.remarks import REMARKS, log_remark
from landmark_lib.inputs.schema import ENTRY_SCHEMA, LIST_SCHEMA
from landmark_lib.inputs.source import Source, no_label_folders, too_few_photos
from landmark_lib.inputs.tars import list_tar
from landmark_lib.inputs.walk import list_files
from landmark_lib.storage import Place

logger = logging.getLogger(__name__)

# What is counted before Spark starts takes a second or two.
MAX_FILES_COUNTED = 50_000
MAX_LIST_BYTES_COUNTED = 16_000_000

Row = dict[str, Any]


def list_photos(source: Source) -> pa.Table:
    """Return the photos of a source in rows of LIST_SCHEMA; of a repeated id, all but one have a reason.

    The order is that of the list, or of addresses. Warn of ignored files, and of the ways in which a list was
    read and matched.

    Raises:
        UserError: A list cannot be read, or none of its ids matches a file.
    """
    entries = mark_repeated_ids(pa.Table.from_batches(_entries(source), ENTRY_SCHEMA))
    ids, reasons = entries["image_id"].to_pylist(), entries["reason"].to_pylist()
    for remark in REMARKS:
        remarked = [image_id for image_id, reason in zip(ids, reasons, strict=True) if reason == remark]
        if remarked:
            log_remark(remark, len(remarked), min(remarked), source.place)
    photos = [
        reason not in REMARKS and not extra
        for reason, extra in zip(reasons, entries["extra"].to_pylist(), strict=True)
    ]
    return entries.filter(pa.array(photos, pa.bool_())).select(LIST_SCHEMA.names)


def refuse_rare_labels(source: Source, min_count: int) -> None:
    """Refuse labelled photos of which no label has enough, if this shows within a second or two.

    Counts until a label has enough. Photos that turn out to be unreadable or missing count too, so a source
    that is not refused here may be refused once its photos are decoded.

    Raises:
        UserError: No label has `min_count` photos, no file lies in a folder named by label, or the list
            cannot be read.
    """
    counts: Counter[str] = Counter()
    counted = 0
    for rows in _labelled_rows(source):
        counted += len(rows)
        labels = rows.filter(pc.is_null(rows.column("reason"))).column("landmark_id").drop_null()
        counts.update({each["values"]: each["counts"] for each in labels.value_counts().to_pylist()})
        if counted > MAX_FILES_COUNTED or max(counts.values(), default=0) >= min_count:
            return
    if counts:
        raise too_few_photos(min_count, max(counts.values()))
    if counted and source.kind == "folders":
        raise no_label_folders(source)


def _labelled_rows(source: Source) -> Iterator[pa.RecordBatch]:
    """Yield rows with labels and reasons of a local folder or a short list; none of a larger source."""
    place = source.place if source.kind == "csv" else source.labels
    if source.kind == "folders" and source.place.is_local:
        for files in list_files(source.place):
            yield folder_entries(files, source.place.uri, unlabelled=source.unlabelled)
    elif place is not None and place.is_local and place.path.stat().st_size <= MAX_LIST_BYTES_COUNTED:
        yield from _labels(place, source.option if source.labels is None else "--labels", unlabelled=False)


def _entries(source: Source) -> Iterator[pa.RecordBatch]:
    root = source.place.uri
    if source.kind == "photo":
        yield photo_entry(source.place)
    elif source.kind == "csv":
        for rows in _labels(source.place, source.option, unlabelled=source.unlabelled):
            yield csv_entries(rows, source.place.parent.uri)
    elif source.kind == "folders":
        found = [
            folder_entries(files, root, unlabelled=source.unlabelled) for files in list_files(source.place)
        ]
        yield from pa.Table.from_batches(found, ENTRY_SCHEMA).sort_by("image_id").to_batches()
    else:
        if source.kind == "tar":
            found = [batch for tar in source.tars for batch in list_tar(tar)]
        else:
            found = [found_files(files, root) for files in list_files(source.place)]
        if source.labels is None:
            yield from map(without_list, found)
            return
        labels = _labels(source.labels, "--labels", unlabelled=source.unlabelled)
        rows = [row for batch in labels for row in batch.to_pylist()]
        files = [row for batch in found for row in batch.to_pylist()]
        files.sort(key=lambda file: (file["uri"], file["offset"] or 0))
        yield pa.RecordBatch.from_pylist(list(_matched(rows, files, source)), ENTRY_SCHEMA)


def _labels(place: Place, option: str, *, unlabelled: bool) -> Iterator[pa.RecordBatch]:
    with open_csv(place, option) as opened:
        for table in read_labels(opened, unlabelled=unlabelled, in_memory=True):
            yield from table.to_batches()


def _matched(rows: Sequence[Row], files: Sequence[Row], source: Source) -> Iterator[Row]:
    """Yield the entries of a list's rows with their files, then those of files that match no row."""
    by_name: dict[str, list[Row]] = defaultdict(list)
    for file in files:
        if file["is_photo"]:
            by_name[file["image_id"]].append(file)
        else:
            yield {**file, "image_id": file["path"], "extra": False}
    on_list = {row["image_id"] for row in rows}
    left = [file for name, named in by_name.items() if name not in on_list for file in named]
    wanted = {row["image_id"] for row in rows if row["reason"] is None}
    paired = _paired(wanted, by_name.keys(), left, source)
    for row in rows:
        found = by_name.get(row["image_id"])
        if found is None:
            found = [{} if row["reason"] else paired.get(row["image_id"], {})]
        listed = {"image_id": row["image_id"], "landmark_id": row["landmark_id"], "extra": False}
        for file in found:
            if row["reason"] is not None:
                yield {**file, **listed, "reason": row["reason"], "detail": row["detail"]}
            elif file:
                yield {**file, **listed}
            else:
                no_image = f"no image of this id in {source.place}"
                yield {**listed, "reason": Reason.MISSING_FILE, "detail": no_image}
    meant = {file["path"] for file in paired.values()}
    yield from ({**file, "extra": True} for file in left if file["path"] not in meant)


def _paired(wanted: set[str], names: Collection[str], left: Sequence[Row], source: Source) -> dict[str, Row]:
    """Return the files of ids that are not the name of a file, by id, and warn of these pairs."""
    missing = wanted - set(names)
    if not missing or not left:
        return {}
    by_path = {file["path"]: file for file in left}
    pairs = pair(missing, [file["path"] for file in left])
    log_pairs(pairs, source.labels)
    missing -= {found.image_id for found in pairs}
    if is_much(len(missing), len(wanted)):
        rest = by_path.keys() - {found.path for found in pairs}
        message = f"{source.labels}: {mismatch(missing, rest, len(wanted)).describe(source.place)}"
        if len(missing) == len(wanted):
            raise UserError(f"--labels: {message}")
        logger.warning(message)
    return {found.image_id: by_path[found.path] for found in pairs}
