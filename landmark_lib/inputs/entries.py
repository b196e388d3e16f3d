"""Entries: one row for each photo or rejected input of a source, with its id, label and address."""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from landmark_lib.dataset import Reason
from landmark_lib.inputs.addresses import WEB, locate
from landmark_lib.inputs.names import image_id_of
from landmark_lib.inputs.remarks import IGNORED
from landmark_lib.inputs.schema import ENTRY_SCHEMA, FOUND_SCHEMA
from landmark_lib.inputs.walk import FILE_SCHEMA
from landmark_lib.storage import Place

REPEATED = "another row has this id"
OUTSIDE = "lies outside the labels' folders"


def folder_entries(files: pa.RecordBatch, root: str, *, unlabelled: bool) -> pa.RecordBatch:
    """Return the entries of files below a folder: ids are paths below it, labels the first folders.

    Args:
        files: Rows of FILE_SCHEMA.
        root: URI of the folder.
        unlabelled: Whether the folders are not labels.
    """
    paths = files.column("path").to_pylist()
    reasons, details = files.column("reason").to_pylist(), files.column("detail").to_pylist()
    labels: list[str | None] = [None] * len(paths)
    if not unlabelled:
        is_folder = files.column("is_folder").to_pylist()
        for row, path in enumerate(paths):
            label, slash, _ = path.partition("/")
            if slash or is_folder[row]:
                labels[row] = label
            elif reasons[row] != IGNORED:
                reasons[row], details[row] = Reason.NO_LABEL, OUTSIDE
    return _batch(
        ENTRY_SCHEMA,
        image_id=files.column("path"),
        landmark_id=labels,
        uri=[f"{root}/{path}" for path in paths],
        reason=reasons,
        detail=details,
        size=files.column("size"),
        extra=[False] * len(paths),
    )


def photo_entry(place: Place) -> pa.RecordBatch:
    """Return the entry of one photo; its name is its id."""
    files = pa.RecordBatch.from_pylist([{"path": place.name, "is_folder": False}], FILE_SCHEMA)
    return folder_entries(files, place.parent.uri, unlabelled=True)


def found_files(files: pa.RecordBatch, root: str) -> pa.RecordBatch:
    """Return files below a folder, given in rows of FILE_SCHEMA, in rows of FOUND_SCHEMA."""
    paths, reasons = files.column("path").to_pylist(), files.column("reason").to_pylist()
    is_photo = [
        not is_folder and reason != IGNORED
        for is_folder, reason in zip(files.column("is_folder").to_pylist(), reasons, strict=True)
    ]
    return _batch(
        FOUND_SCHEMA,
        image_id=[image_id_of(path) if photo else None for path, photo in zip(paths, is_photo, strict=True)],
        uri=[f"{root}/{path}" for path in paths],
        reason=reasons,
        detail=files.column("detail"),
        size=files.column("size"),
        path=files.column("path"),
        is_photo=is_photo,
    )


def csv_entries(rows: pa.RecordBatch, folder: str) -> pa.RecordBatch:
    """Return the entries of a list of addresses; paths in it are relative to its folder.

    Args:
        rows: Rows of LABEL_SCHEMA.
        folder: URI of the list's folder.
    """
    written, reasons, details = (rows.column(name) for name in ("url", "reason", "detail"))
    # Most addresses are on the web and stay unchanged.
    is_web = [pc.starts_with(written, start) for start in WEB]
    others = pc.invert(pc.fill_null(pc.or_(*is_web), pa.scalar(value=False)))
    located = [locate(address, folder) for address in written.filter(others).to_pylist()]
    uris, why_not, more = (
        pc.replace_with_mask(before, others, pa.array([row[position] for row in located], pa.string()))
        for position, before in enumerate((written, reasons, details))
    )
    return _batch(
        ENTRY_SCHEMA,
        image_id=rows.column("image_id"),
        landmark_id=rows.column("landmark_id"),
        uri=uris,
        reason=pc.coalesce(reasons, why_not),
        detail=pc.if_else(pc.is_null(reasons), more, details),
        extra=[False] * len(rows),
    )


def without_list(found: pa.RecordBatch) -> pa.RecordBatch:
    """Return the entries of files without labels, given in rows of FOUND_SCHEMA."""
    image_ids = found.column("image_id").to_pylist()
    return _batch(
        ENTRY_SCHEMA,
        image_id=[
            path if image_id is None else image_id
            for image_id, path in zip(image_ids, found.column("path").to_pylist(), strict=True)
        ],
        **{name: found.column(name) for name in ("uri", "reason", "detail", "archive", "offset", "size")},
        extra=[False] * len(image_ids),
    )


def mark_repeated_ids(entries: pa.Table) -> pa.Table:
    """Keep one entry of each image id, the first by label and address; the others get a reason.

    An entry with a reason is kept only if all have one. Of members of a tar with the same name, the last is
    kept, as when a tar is unpacked.
    """
    if pc.count_distinct(entries["image_id"]).as_py() == len(entries):
        return entries
    columns = [entries[name].to_pylist() for name in ("extra", "reason", "landmark_id", "uri", "offset")]
    ranks = [
        (extra, reason is not None, label or "", uri or "", -(offset or 0))
        for extra, reason, label, uri, offset in zip(*columns, strict=True)
    ]
    image_ids, reasons, details = (entries[name].to_pylist() for name in ("image_id", "reason", "detail"))
    first: dict[str, int] = {}
    for row, image_id in enumerate(image_ids):
        if image_id not in first or ranks[row] < ranks[first[image_id]]:
            first[image_id] = row
    for row, image_id in enumerate(image_ids):
        if reasons[row] is None and first[image_id] != row:
            reasons[row], details[row] = Reason.DUPLICATE_ID, REPEATED
    for name, values in (("reason", reasons), ("detail", details)):
        position = entries.schema.get_field_index(name)
        entries = entries.set_column(position, ENTRY_SCHEMA.field(name), pa.array(values, pa.string()))
    return entries


def _batch(schema: pa.Schema, **columns: Sequence[Any] | pa.Array) -> pa.RecordBatch:
    """Return a batch; columns that are not given are null."""
    rows = len(next(iter(columns.values())))
    arrays = [
        pa.array(columns[field.name], field.type) if field.name in columns else pa.nulls(rows, field.type)
        for field in schema
    ]
    return pa.record_batch(arrays, schema)
