"""The photos that are to be predicted, in units of some hundred: of a data set, or as a user has them.

Whatever they come from, the networks get the pixels that preprocessing would have written for them.
"""

import csv
import hashlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from PIL import Image

from landmark_lib import dataset
from landmark_lib.dataset import CORPUS, REJECTED, VALIDATION, Manifest, Reason
from landmark_lib.errors import BadPhotoError, UserError
from landmark_lib.fetching.photos import fetch_photos
from landmark_lib.images.prepare import centre_of, prepare_photo
from landmark_lib.method.epochs import ShardSlice
from landmark_lib.settings import PhotoSettings, PredictSettings
from landmark_lib.training.reading import Group, Shards, read_slices

PHOTOS_PER_UNIT = 256
PHOTOS_AT_ONCE = 32  # of a user's photos, read before they are handed on
COLUMNS = ("image_id", "image")
NOT_LISTED = {"landmark_id": None, "archive": None, "offset": None, "size": None, "detail": None}

Reject = Callable[[str, str, str], None]  # told the image id, the reason and the detail
Entry = dict[str, Any]  # as `fetch_photos` takes it


class Photos(Protocol):
    """Photos in units."""

    @property
    def identity(self) -> str:
        """Name of the photos; equal ones have equal names."""

    @property
    def sizes(self) -> Sequence[int]:
        """Photos of each unit, the rejected ones with them."""

    def read(self, unit: int, reject: Reject) -> Iterator[Group]:
        """Read the photos of a unit in order: image ids and JPEGs of 224 x 224 pixels, (rows,) each."""


def find_photos(settings: PredictSettings, root: str) -> Photos:
    """Find what is to be predicted: `--input`, or else the data set at `root`.

    Raises:
        UserError: There is nothing, or it is no data set.
    """
    if settings.input is not None:
        return UsersPhotos(settings.input, settings)
    return DatasetPhotos(root, dataset.read_manifest(root))


class DatasetPhotos:
    """The hold-out of a data set; all photos of one without labels, a unit a file."""

    def __init__(self, root: str, manifest: Manifest) -> None:
        """List the files.

        Raises:
            UserError: Nothing was held out.
        """
        directory = VALIDATION if manifest.classes else CORPUS
        photos = manifest.files_in(directory)
        if not photos:
            raise UserError(f"--dataset: {root} has no photos to predict (made with --hold-out 0)")
        # What preprocessing rejected of photos to predict has its place in the answer, too.
        self._records = photos if manifest.classes else [*photos, *manifest.files_in(REJECTED)]
        self._shards = Shards(root, self._records)
        self.sizes = [record.rows for record in self._records]
        listed = "\n".join(f"{record.path} {record.sha256}" for record in self._records)
        self.identity = hashlib.sha256(listed.encode()).hexdigest()[:16]

    def read(self, unit: int, reject: Reject) -> Iterator[Group]:
        """Read the photos of a unit in order: image ids and JPEGs of 224 x 224 pixels, (rows,) each."""
        record = self._records[unit]
        if record.path.startswith(REJECTED):
            for row in dataset.read_table(self._shards.root, record.path).to_pylist():
                reject(row["image_id"] or row["uri"] or "", row["reason"], row["detail"] or "")
            return
        whole = record.path.startswith(VALIDATION)
        for image_ids, jpegs in read_slices(self._shards, [ShardSlice(unit, 0, record.rows)], COLUMNS):
            yield image_ids, jpegs if whole else _array([centre_of(jpeg) for jpeg in jpegs])


class UsersPhotos:
    """Photos of a folder, one file, or a CSV of addresses."""

    def __init__(self, source: str, settings: PhotoSettings, option: str = "--input") -> None:
        """List them.

        Args:
            source: The folder, file or CSV.
            settings: How they are fetched, and which are too large.
            option: Of the command line, that named them.

        Raises:
            UserError: There is nothing, or the CSV has no column url.
        """
        self._source = source
        self._settings = settings
        entries = _marked_repeated(_list_photos(Path(source), option))
        self._units = [
            entries[first : first + PHOTOS_PER_UNIT] for first in range(0, len(entries), PHOTOS_PER_UNIT)
        ]
        self.sizes = [len(unit) for unit in self._units]
        listed = "\n".join(f"{entry['image_id']} {_as_it_is(entry['uri'])}" for entry in entries)
        self.identity = hashlib.sha256(listed.encode()).hexdigest()[:16]

    def read(self, unit: int, reject: Reject) -> Iterator[Group]:
        """Read the photos of a unit in order: image ids and JPEGs of 224 x 224 pixels, (rows,) each."""
        most_pixels = self._settings.most_megapixels * 10**6
        kept: list[tuple[str, bytes]] = []
        for entry, content in fetch_photos(self._units[unit], self._settings.fetch, self._source):
            try:
                kept.append((entry["image_id"], _prepared(content, most_pixels)))
            except BadPhotoError as error:
                reject(entry["image_id"], error.reason, error.detail)
            if len(kept) == PHOTOS_AT_ONCE:
                yield _group(kept)
                kept = []
        if kept:
            yield _group(kept)


def _list_photos(source: Path, option: str) -> list[Entry]:
    if source.is_dir():
        files = sorted(path for path in source.rglob("*") if path.is_file())
        if not files:
            raise UserError(f"{option}: the folder is empty: {source}")
        return [_entry(_image_id(path), str(path.absolute())) for path in files]
    if not source.is_file():
        raise UserError(f"{option}: no such folder or file: {source}")
    if source.suffix.lower() != ".csv":
        return [_entry(_image_id(source), str(source.absolute()))]
    return _list_csv(source, option)


def _list_csv(source: Path, option: str) -> list[Entry]:
    try:
        with source.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{option}: {source} cannot be read: {error}") from None
    if not rows:
        raise UserError(f"{option}: {source} lists no photos")
    if "url" not in rows[0]:
        raise UserError(f"{option}: expected a column url in {source}, found {', '.join(rows[0])}")
    return [_listed(source, row) for row in rows]


def _listed(source: Path, row: dict[str, str | None]) -> Entry:
    address = (row["url"] or "").strip()
    uri = address if "://" in address else str(source.absolute().parent / address)
    image_id = (row["id"] or "").strip() if "id" in row else address
    entry = _entry(image_id, uri)
    if not image_id:
        return {**entry, "reason": Reason.NO_ID}
    return entry if address else {**entry, "reason": Reason.BROKEN_ROW, "detail": "no address"}


def _entry(image_id: str, uri: str) -> Entry:
    return {"image_id": image_id, "uri": uri, "reason": None, **NOT_LISTED}


def _marked_repeated(entries: Sequence[Entry]) -> list[Entry]:
    """Give a reason to all photos but the first of each id: answers are told apart by it."""
    seen: set[str] = set()
    marked = []
    for entry in entries:
        repeated = entry["reason"] is None and entry["image_id"] in seen
        seen.add(entry["image_id"])
        marked.append({**entry, "reason": Reason.DUPLICATE_ID} if repeated else entry)
    return marked


def _image_id(path: Path) -> str:
    """Give the id of a file as preprocessing does: its name without the ending of an image."""
    endings = Image.registered_extensions()
    return path.stem if path.stem and path.suffix.lower() in endings else path.name


def _as_it_is(uri: str) -> str:
    """Tell a file from what it was before it was changed."""
    path = Path(uri)
    if "://" in uri or not path.is_file():
        return uri
    status = path.stat()
    return f"{uri} {status.st_size} {status.st_mtime_ns}"


def _prepared(content: bytes | BadPhotoError, most_pixels: int) -> bytes:
    if isinstance(content, BadPhotoError):
        raise content
    return prepare_photo(content, most_pixels)


def _group(rows: Sequence[tuple[str, bytes]]) -> Group:
    image_ids, jpegs = zip(*rows, strict=True)
    return _array(image_ids), _array(jpegs)


def _array(values: Sequence[Any]) -> Any:
    """Make an array of Python objects, (values,); numpy would cut bytes at zeros."""
    array = np.empty(len(values), object)
    array[:] = values
    return array
