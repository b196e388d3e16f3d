"""The photos to predict, in units of some hundred: those of a data set, or a user's.

Wherever they come from, networks receive the pixels that preprocessing would have written.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from functools import cache, cached_property
from typing import Any, Protocol

import numpy as np

from landmark_lib import dataset
from landmark_lib.dataset import CORPUS, REJECTED, VALIDATION, Manifest
from landmark_lib.errors import BadPhotoError, UserError
from landmark_lib.fetching.photos import fetch_photos
from landmark_lib.images.prepare import CorpusImage, prepare_photo
from landmark_lib.inputs.listing import list_photos
from landmark_lib.inputs.source import find_source, is_dataset
from landmark_lib.method.epochs import ShardSlice
from landmark_lib.method.recipes import PLAIN, WHOLE, Framing
from landmark_lib.settings import PhotoSettings, PredictSettings, SourceSettings
from landmark_lib.storage import Place
from landmark_lib.training.reading import Group, Shards, read_slices

PHOTOS_PER_UNIT = 256
PHOTOS_AT_ONCE = 32  # of a user's photos, per group
COLUMNS = ("image_id", "image")

Reject = Callable[[str, str, str], None]  # takes image id, reason and detail


class Photos(Protocol):
    """Photos in units."""

    @property
    def identity(self) -> str:
        """Identity of the photos; equal photos have equal identities."""

    @property
    def sizes(self) -> Sequence[int]:
        """Number of photos in each unit, including rejected ones."""

    def image_ids(self) -> Iterator[str]:
        """Yield the ids of all photos, including rejected ones."""

    def read(self, unit: int, reject: Reject, framing: Framing) -> Iterator[Group]:
        """Yield the photos of a unit in order: image ids and JPEGs, (rows,) each.

        Args:
            unit: Its number.
            reject: Is called for each photo that cannot be read.
            framing: What the JPEGs show, as `prepare_photo` takes it.
        """


def find_photos(settings: PredictSettings, root: str) -> Photos:
    """Find the photos to predict: those of `--input`, else those of the data set at `root`.

    Raises:
        UserError: There are no photos, or `root` is not a data set.
    """
    if settings.input is None:
        return DatasetPhotos(root, dataset.read_manifest(root))
    return find_users_photos(settings.input, settings, "--input")


def find_users_photos(address: str, settings: PhotoSettings, option: str) -> Photos:
    """Find the photos at an address, which may be a data set.

    Raises:
        UserError: There are no photos, or a list cannot be read.
    """
    if is_dataset(Place(address)):
        return DatasetPhotos(address, dataset.read_manifest(address))
    return UsersPhotos(address, settings, option)


class DatasetPhotos:
    """The hold-out of a data set, or all photos of one without labels; one unit per file."""

    def __init__(self, root: str, manifest: Manifest) -> None:
        """List the files.

        Raises:
            UserError: Nothing was held out.
        """
        directory = VALIDATION if manifest.classes else CORPUS
        photos = manifest.shards_in(directory)
        if not photos:
            raise UserError(f"--dataset: {root} has no photos to predict (made with --hold-out 0)")
        # Photos to predict that preprocessing rejected appear in the predictions, too.
        self._records = photos if manifest.classes else [*photos, *manifest.files_in(REJECTED)]
        self._shards, self._framing = Shards(root, self._records), manifest.framing
        self.sizes = [record.rows for record in self._records]
        listed = "\n".join(f"{record.path} {record.sha256}" for record in self._records)
        self.identity = hashlib.sha256(listed.encode()).hexdigest()[:16]

    def image_ids(self) -> Iterator[str]:
        """Yield the ids of all photos, including rejected ones."""
        for record in self._records:
            table = dataset.read_table(self._shards.root, record.path, ["image_id"])
            yield from filter(None, table["image_id"].to_pylist())

    def read(self, unit: int, reject: Reject, framing: Framing) -> Iterator[Group]:
        """Yield the photos of a unit, as the protocol says.

        Raises:
            UserError: Held-out photos of which only the centre is stored, where the whole is wanted.
        """
        record = self._records[unit]
        if record.path.startswith(REJECTED):
            for row in dataset.read_table(self._shards.root, record.path).to_pylist():
                reject(row["image_id"] or row["uri"] or "", row["reason"], row["detail"] or "")
            return
        stored = self._framing if record.path.startswith(VALIDATION) else WHOLE
        if framing == WHOLE != stored:
            raise UserError(
                f"{self._shards.root} holds the centres of its photos, but the networks were"
                f" trained on whole ones; spark-submit jobs/preprocess.py --framing {WHOLE} keeps them"
            )
        for image_ids, jpegs in read_slices(self._shards, [ShardSlice(unit, 0, record.rows)], COLUMNS):
            if stored == framing:
                yield image_ids, jpegs
            else:
                yield image_ids, _array([CorpusImage(jpeg).row(PLAIN, framing) for jpeg in jpegs])


class UsersPhotos:
    """A user's photos: in a folder, tars, a file, or a CSV of addresses."""

    def __init__(self, address: str, settings: PhotoSettings, option: str = "--input") -> None:
        """List the photos.

        Args:
            address: The folder or file.
            settings: How photos are fetched, and which are too large.
            option: The command-line option with the address, for messages.

        Raises:
            UserError: There are no photos, or a list cannot be read.
        """
        source = find_source(SourceSettings(address, unlabelled=True), option)
        self._root, self._settings = source.place.address, settings
        self._entries = list_photos(source)
        if not len(self._entries):
            raise UserError(f"{option}: no photos in {source.place}")
        firsts = range(0, len(self._entries), PHOTOS_PER_UNIT)
        self._units = [self._entries.slice(first, PHOTOS_PER_UNIT) for first in firsts]
        self.sizes = [len(unit) for unit in self._units]

    @cached_property
    def identity(self) -> str:
        """A checksum that changes when photos are added, removed or modified."""
        state_of = cache(_state)  # one tar may hold many photos
        digest = hashlib.sha256()
        columns = (
            self._entries[name].to_pylist() for name in ("image_id", "uri", "archive", "offset", "size")
        )
        for image_id, uri, archive, *others in zip(*columns, strict=True):
            state = _state(uri) if archive is None else state_of(archive)
            digest.update(f"{image_id} {uri} {state} {others}\n".encode())
        return digest.hexdigest()[:16]

    def image_ids(self) -> Iterator[str]:
        """Yield the ids of all photos, including rejected ones."""
        yield from self._entries["image_id"].to_pylist()

    def read(self, unit: int, reject: Reject, framing: Framing) -> Iterator[Group]:
        """Yield the photos of a unit, as the protocol says."""
        max_pixels = self._settings.max_megapixels * 10**6
        image_ids: list[str] = []
        jpegs: list[bytes] = []
        for entry, content in fetch_photos(self._units[unit].to_pylist(), self._settings.fetch, self._root):
            try:
                if isinstance(content, BadPhotoError):
                    raise content
                jpegs.append(prepare_photo(content, max_pixels, framing))
                image_ids.append(entry["image_id"])
            except BadPhotoError as error:
                reject(entry["image_id"], error.reason, error.detail)
            if len(jpegs) == PHOTOS_AT_ONCE:
                yield _array(image_ids), _array(jpegs)
                image_ids, jpegs = [], []
        if jpegs:
            yield _array(image_ids), _array(jpegs)


def _state(uri: str | None) -> str:
    place = Place(uri or "")
    try:
        status = place.path.stat() if uri and place.is_local else None
    except (OSError, ValueError):  # reported when the photo is read
        status = None
    return "" if status is None else f"{status.st_size} {status.st_mtime_ns}"


def _array(values: Sequence[Any]) -> Any:
    """Return an array of Python objects, (values,); numpy would cut bytes at trailing zeros."""
    array = np.empty(len(values), object)
    array[:] = values
    return array
