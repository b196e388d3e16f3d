"""Held-out and training photos by id, and an example training photo for a class."""

from collections import defaultdict
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from itertools import zip_longest
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from landmark_lib.dataset import (
    COMMON,
    REJECTED,
    VALIDATION,
    Manifest,
    read_table,
    shard_name,
    training_directory,
)
from landmark_lib.errors import LandmarkError
from landmark_lib.method.placement import place_row
from landmark_lib.method.recipes import PLAIN
from landmark_lib.report.examples import FILES_AT_ONCE, Wanted, read_jpegs, read_some

KEY = ["image_id", "recipe"]


def read_held_out(root: str, manifest: Manifest, image_ids: Collection[str]) -> dict[str, bytes]:
    """Read held-out photos: JPEGs by image id.

    Raises:
        LandmarkError: The hold-out lacks one.
    """
    names = pa.array(sorted(image_ids), pa.string())

    def find(path: str) -> list[str]:
        ids = read_table(root, path, ["image_id"])["image_id"]
        found: list[str] = ids.filter(pc.is_in(ids, value_set=names)).to_pylist()
        return found

    # Photos added later are in separate files, so an id alone does not determine the file.
    paths = [record.path for record in manifest.files_in(VALIDATION)]
    with ThreadPoolExecutor(FILES_AT_ONCE) as pool:
        wanted: Wanted = {
            path: {(image_id,) for image_id in found}
            for path, found in zip(paths, pool.map(find, paths), strict=True)
            if found
        }
    jpegs = {image_id: jpeg for (image_id,), jpeg in read_jpegs(root, wanted, ["image_id"]).items()}
    if missing := set(image_ids) - set(jpegs):
        raise LandmarkError(f"{root}: expected {min(missing)} in the hold-out, found it in no file")
    return jpegs


def read_class_photos(root: str, manifest: Manifest, classes: Collection[int]) -> dict[int, bytes]:
    """Read one untransformed training photo for each of some classes: JPEGs by class index.

    Searches a bounded number of files and opens few, so a class may have no photo.
    """
    # The rows of all members, and those of the first for classes without common rows.
    records = [*manifest.files_in(COMMON), *manifest.files_in(training_directory(0))]
    photos = {
        path: found
        for path, table in read_some(root, records, ["class_index", *KEY])
        if (found := _plain_rows(table, classes))
    }
    chosen = files_to_open(photos)
    wanted: Wanted = {path: {photos[path][index] for index in indexes} for path, indexes in chosen.items()}
    jpegs = read_jpegs(root, wanted, KEY)
    return {index: jpegs[photos[path][index]] for path, indexes in chosen.items() for index in indexes}


def read_training_photos(root: str, manifest: Manifest, image_ids: Collection[str]) -> dict[str, bytes]:
    """Read untransformed training photos: JPEGs by image id; without those that are in no training set.

    A row's shard is drawn from its id, so that few files are searched: one per photo and training set.
    """
    seed = manifest.number("seed")
    searched: dict[str, set[str]] = defaultdict(set)
    for member in (None, *range(manifest.members)):
        directory = training_directory(member)
        if shards := len(manifest.files_in(directory)):
            for image_id in image_ids:
                shard, _ = place_row(directory, image_id, str(PLAIN), shards, seed)
                searched[shard_name(directory, shard, shards)].add(image_id)

    def find(path: str) -> set[tuple[str, ...]]:
        rows = read_table(root, path, KEY)
        keys = zip(*(rows[name].to_pylist() for name in KEY), strict=True)
        return {key for key in keys if key[0] in searched[path] and key[1] == str(PLAIN)}

    with ThreadPoolExecutor(FILES_AT_ONCE) as pool:
        found = dict(zip(searched, pool.map(find, searched), strict=True))
    jpegs = read_jpegs(root, {path: keys for path, keys in found.items() if keys}, KEY)
    return {image_id: jpeg for (image_id, _), jpeg in jpegs.items()}


def read_rejected(root: str, manifest: Manifest, limit: int) -> list[dict[str, Any]]:
    """Read some rows of rejected/, cycling through the reasons, most frequent first."""
    by_reason: dict[str, list[dict[str, Any]]] = {
        reason: [] for reason, _ in sorted(manifest.rejected.items(), key=lambda item: (-item[1], item[0]))
    }
    for _, table in read_some(root, manifest.files_in(REJECTED)):
        for row in table.to_pylist():
            of_reason = by_reason.setdefault(row["reason"], [])
            if len(of_reason) < limit:
                of_reason.append(row)
    in_turn = [row for rows in zip_longest(*by_reason.values()) for row in rows if row]
    return in_turn[:limit]


def files_to_open(classes_in: dict[str, dict[int, Any]]) -> dict[str, list[int]]:
    """Choose few files that together hold all classes: repeatedly the one with the most missing classes.

    Args:
        classes_in: Classes held by each file, by path.

    Returns:
        Classes to read from each file.
    """
    missing = {index for held in classes_in.values() for index in held}
    chosen: dict[str, list[int]] = {}
    while missing:
        path = min(classes_in, key=lambda path: (-len(missing & classes_in[path].keys()), path))
        chosen[path] = sorted(missing & classes_in[path].keys())
        missing -= set(chosen[path])
    return chosen


def _plain_rows(table: pa.Table, classes: Collection[int]) -> dict[int, tuple[str, str]]:
    """Find the untransformed row with the first image id for each of some classes."""
    is_wanted = pc.is_in(table["class_index"], value_set=pa.array(sorted(classes), pa.int32()))
    of_class: dict[int, list[tuple[str, str]]] = defaultdict(list)
    for row in table.filter(is_wanted).to_pylist():
        if row["recipe"] == str(PLAIN):
            of_class[row["class_index"]].append((row["image_id"], row["recipe"]))
    return {index: min(rows) for index, rows in of_class.items()}
