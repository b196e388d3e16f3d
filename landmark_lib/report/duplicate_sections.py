"""Near-duplicates, side by side: what they are, and what became of them."""

from collections import defaultdict
from typing import Any

from landmark_lib.dataset import NEAR_DUPLICATES, VALIDATION, Manifest
from landmark_lib.report.examples import corpus_files, read_originals, read_some
from landmark_lib.report.mosaic import tile_address
from landmark_lib.report.page import Section, render_part

GROUPS_SHOWN, PHOTOS_SHOWN = 8, 4  # photos of each group
TILE = 160  # pixels a side


def duplicates_section(root: str, manifest: Manifest) -> Section:
    """Render the numbers of near-duplicates and some groups, those with contradictory labels first.

    Searches a bounded number of files.

    Raises:
        LandmarkError: A file lacks a row that it had.
    """
    body = render_part(
        "duplicates.html",
        counts=manifest.near_duplicates,
        fewer_held_out=manifest.classes_with_fewer_held_out,
        held_out=manifest.rows_in(VALIDATION),
        groups=_groups(root, manifest) if manifest.near_duplicates.get("groups") else [],
    )
    return Section("duplicates", "Near-duplicates", body)


def _groups(root: str, manifest: Manifest) -> list[list[dict[str, Any]]]:
    files = corpus_files(root, manifest)
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for _, table in read_some(root, manifest.files_in(NEAR_DUPLICATES)):
        for row in table.to_pylist():
            if row["image_id"] in files:
                found[row["group"]].append(row)
    complete = [rows for rows in found.values() if len(rows) > 1]
    chosen = sorted(complete, key=lambda rows: (-rows[0]["labels"], rows[0]["group"]))[:GROUPS_SHOWN]
    shown = [_with_each_label_first(rows)[:PHOTOS_SHOWN] for rows in chosen]
    jpegs = read_originals(root, {row["image_id"]: files[row["image_id"]] for rows in shown for row in rows})
    return [
        [{**row, "address": tile_address(jpegs[row["image_id"]], TILE)} for row in rows] for rows in shown
    ]


def _with_each_label_first(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    firsts = {row["landmark_id"]: row for row in reversed(rows)}
    return sorted(rows, key=lambda row: (firsts[row["landmark_id"]] is not row, row["image_id"]))
