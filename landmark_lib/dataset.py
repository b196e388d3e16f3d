"""The data set on disk: the contract between preprocessing and training.

    <dataset>/
      corpus/           every readable photo as a 250x250 JPEG
      rejected/         one row for every input that is not a usable photo, with the reason
      labels/           image counts by label
      near_duplicates/  photos that look like others, in groups; only if they are looked for
      plan/             role and recipes of each corpus image; no pixels
      train/common/     rows that every member trains on: JPEGs, 224x224 or 250x250 by the framing
      train/member-<k>/ further rows of member k
      validation/       the hold-out, JPEGs of the same size
      classes.csv       class_index,landmark_id,label_count,training_images
      report.html       a report for people; it contains times, so dataset.json does not list it
      dataset.json      settings, versions, counts, and every file's rows, bytes and checksum

All tables are plain Parquet. Files of train/ and validation/ are shards; a directory without rows has an
empty one. Files of the other tables are parts, each written by one task. `dataset.json` is written last: a
directory without it is not a data set.
"""

import csv
import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import asdict, astuple, dataclass, field, fields, replace
from enum import StrEnum
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from landmark_lib.cells import as_cell, csv_text, from_cell
from landmark_lib.decoding import build, parse
from landmark_lib.errors import NotADatasetError
from landmark_lib.method import recipes
from landmark_lib.settings import PreprocessSettings, with_current_names
from landmark_lib.storage import Place

FORMAT_VERSION = 1
CORPUS_SIZE = recipes.CORPUS_SIZE  # pixels, a side
SHARD_IMAGE_SIZE = recipes.OUTPUT_SIZE  # pixels, a side, with the framing 'centre'; or that of the corpus

MANIFEST = "dataset.json"
CLASSES = "classes.csv"
REPORT = "report.html"
IN_PROGRESS = "in-progress"  # folder of a running job's journal
CORPUS = "corpus"
REJECTED = "rejected"
LABELS = "labels"
NEAR_DUPLICATES = "near_duplicates"
PLAN = "plan"
COMMON = "train/common"
VALIDATION = "validation"

CORPUS_SCHEMA = pa.schema(
    [
        ("image_id", pa.string()),
        ("landmark_id", pa.string()),
        ("image", pa.binary()),
        ("width", pa.int32()),  # of the photo, upright
        ("height", pa.int32()),
        ("without_effect", pa.list_(pa.string())),  # recipe steps that are no-ops on this image
        ("perceptual_hash", pa.int64()),  # only if near-duplicates are looked for
    ]
)
REJECTED_SCHEMA = pa.schema(
    [
        ("image_id", pa.string()),
        ("landmark_id", pa.string()),
        ("uri", pa.string()),
        ("reason", pa.string()),
        ("detail", pa.string()),
    ]
)
LABELS_SCHEMA = pa.schema([("landmark_id", pa.string()), ("label_count", pa.int64())])
NEAR_DUPLICATES_SCHEMA = pa.schema(
    [
        ("image_id", pa.string()),
        ("landmark_id", pa.string()),
        ("group", pa.string()),  # the smallest image id of the group
        ("labels", pa.int32()),  # number of different labels in the group
    ]
)
PLAN_SCHEMA = pa.schema(
    [
        ("image_id", pa.string()),
        ("class_index", pa.int32()),  # null: the label was dropped
        ("role", pa.string()),
        ("members", pa.list_(pa.int32())),
        ("recipes", pa.list_(pa.string())),
    ]
)
TRAIN_SCHEMA = pa.schema(
    [("image_id", pa.string()), ("class_index", pa.int32()), ("recipe", pa.string()), ("image", pa.binary())]
)
VALIDATION_SCHEMA = pa.schema(
    [("image_id", pa.string()), ("class_index", pa.int32()), ("image", pa.binary())]
)


class Role(StrEnum):
    """What an image of the corpus is used for."""

    TRAIN = "train"
    VALIDATION = "validation"
    UNUSED = "unused"  # a training image that no member sampled
    DROPPED = "dropped"  # its label has too few images


class Reason(StrEnum):
    """Why an input was rejected."""

    NO_ID = "no image id"
    BROKEN_ROW = "broken row of the list"
    NO_LABEL = "no label"
    DUPLICATE_ID = "duplicate image id"
    UNSUPPORTED_ADDRESS = "unsupported address"
    REFUSED_ADDRESS = "refused address"  # a private network, or a redirect to another scheme
    DOWNLOAD_FAILED = "download failed"
    TOO_LARGE = "too many bytes"
    BROKEN_ARCHIVE = "broken archive"
    MISSING_FILE = "missing file"
    UNREADABLE_FILE = "unreadable file"
    EMPTY_FILE = "empty file"
    NOT_AN_IMAGE = "not an image"
    TRUNCATED = "truncated image"
    BROKEN_IMAGE = "broken image"
    TOO_MANY_PIXELS = "too many pixels"


@dataclass(frozen=True)
class FileRecord:
    """A finished file of the data set; `path` is relative to the data set."""

    path: str
    rows: int
    bytes: int
    sha256: str

    def __post_init__(self) -> None:
        parts = self.path.split("/")
        if not self.path.isprintable() or not {"", ".", ".."}.isdisjoint(parts):
            raise ValueError(f"expected a path within the data set, found {self.path!r:.60}")
        if min(self.rows, self.bytes) < 0:
            raise ValueError(f"expected 0 rows and bytes or more, found {self.rows} and {self.bytes}")


def files_in(files: Sequence[FileRecord], directory: str) -> list[FileRecord]:
    """Return the files of one directory of the data set, in the order given."""
    return [record for record in files if record.path.rpartition("/")[0] == directory]


@dataclass(frozen=True)
class Manifest:
    """The contents of `dataset.json`."""

    settings: dict[str, Any]
    versions: dict[str, str]
    photos: dict[str, int]  # listed, corpus, enlarged
    rejected: dict[str, int]  # photos by reason
    label_counts: dict[str, Any]  # labels, percentiles, histogram
    classes: int
    classes_with_fewer_held_out: int
    roles: dict[str, int]  # images by role
    identical_outputs: int = 0  # outputs with the same pixels as another of their image
    near_duplicates: dict[str, int] = field(default_factory=dict)  # empty if they were not looked for
    files: list[FileRecord] = field(default_factory=list)
    format_version: int = FORMAT_VERSION

    def files_in(self, directory: str) -> list[FileRecord]:
        """Return the files of one directory of the data set, in the order of their numbers."""
        return files_in(self.files, directory)

    def shards_in(self, directory: str) -> list[FileRecord]:
        """Return the files of one directory that have rows: a directory without rows has one empty shard."""
        return [record for record in self.files_in(directory) if record.rows]

    def rows_in(self, directory: str) -> int:
        """Return the number of rows in one directory of the data set."""
        return sum(record.rows for record in self.files_in(directory))

    def number(self, setting: str) -> int:
        """Return the value of an integer setting.

        Raises:
            NotADatasetError: It is missing or not an integer.
        """
        value = self.settings.get(setting)
        if type(value) is not int:
            raise NotADatasetError(
                f"{MANIFEST}: expected a whole number for the setting {setting}, found {value!r:.40}"
            )
        return value

    @property
    def members(self) -> int:
        """Number of training sets."""
        return self.number("ensemble_size")

    @property
    def framing(self) -> recipes.Framing:
        """What rows show of their corpus images.

        Raises:
            NotADatasetError: It is none that is known.
        """
        found = self.settings.get("framing", recipes.CENTRE)
        for framing in (recipes.CENTRE, recipes.WHOLE):
            if found == framing:
                return framing
        raise NotADatasetError(f"{MANIFEST}: expected a known framing, found {found!r:.40}")

    @property
    def fingerprint(self) -> str:
        """Hash of what training reads: data sets with equal rows in equal shards have equal fingerprints."""
        shards = sorted(
            f"{record.path} {record.sha256}"
            for record in self.files
            # Earlier releases wrote no empty shards.
            if record.rows and record.path.startswith(("train/", "validation/"))
        )
        return hashlib.sha256("\n".join(shards).encode()).hexdigest()[:16]


def training_directory(member: int | None) -> str:
    """Return the directory of the rows that all members train on (None), or of a member's further rows."""
    return COMMON if member is None else f"train/member-{member}"


def shard_name(directory: str, number: int, total: int) -> str:
    """Return the path of shard `number` of `total`; a retry writes the same path."""
    return f"{directory}/shard-{number:05d}-of-{total:05d}.parquet"


def part_name(directory: str, number: int, total: int, batch: int = 0) -> str:
    """Return the path of part `number` of `total` of a table without shards; a retry writes the same path.

    Photos added to a finished data set come in further batches, whose parts have names of their own. Earlier
    releases called these files shards too; readers take the paths from `dataset.json`.
    """
    added = f"-batch-{batch}" if batch else ""
    return f"{directory}/part-{number:05d}-of-{total:05d}{added}.parquet"


def write_table(root: str, path: str, table: pa.Table, rows_per_group: int) -> FileRecord:
    """Write a Parquet file with row groups of a fixed number of rows, except for the last one.

    The bytes depend only on the rows, their order and the group size.
    """
    options: dict[str, Any] = {}
    if "image" in table.column_names:
        others = [name for name in table.column_names if name != "image"]
        # JPEGs neither compress further nor repeat.
        compression = {**dict.fromkeys(others, "SNAPPY"), "image": "NONE"}
        options = {"compression": compression, "use_dictionary": others, "write_statistics": others}
    # Python's own would cost more time than Parquet itself, by many small writes.
    buffer = pa.BufferOutputStream()
    # Pages end where chunks end, and where those end depends on how the table was put together.
    table = table.combine_chunks()
    with pq.ParquetWriter(buffer, table.schema, **options) as writer:
        # Some readers fail at a row group without rows.
        if table.num_rows:
            writer.write_table(table, rows_per_group)
    content = buffer.getvalue().to_pybytes()
    (Place(root) / path).write(content)
    return FileRecord(path, table.num_rows, len(content), hashlib.sha256(content).hexdigest())


def read_table(root: str, path: str, columns: Sequence[str] | None = None) -> pa.Table:
    """Read one Parquet file of the data set."""
    with (Place(root) / path).open() as file:
        # pyarrow's threads release a Python file shortly after they are done; if Python exits in between, the
        # process aborts.
        wanted = None if columns is None else list(columns)
        return pq.ParquetFile(file).read(columns=wanted, use_threads=False)


def write_manifest(root: str, manifest: Manifest) -> None:
    """Write `dataset.json`, which finishes the data set. Nothing may be written after it."""
    content = asdict(manifest)
    if not manifest.near_duplicates:
        del content["near_duplicates"]  # as in earlier releases
    (Place(root) / MANIFEST).write((json.dumps(content, indent=1) + "\n").encode())


def read_manifest(root: str) -> Manifest:
    """Read `dataset.json`.

    Raises:
        NotADatasetError: It is missing, cannot be read or has another format version.
    """
    place = Place(root) / MANIFEST
    try:
        content = parse(place.read_bytes())
        version = content.get("format_version") if isinstance(content, dict) else None
        manifest = build(Manifest, content) if version == FORMAT_VERSION else None
    except (FileNotFoundError, NotADirectoryError):
        raise NotADatasetError(
            f"{root} is not a finished data set: it has no {MANIFEST};"
            " spark-submit jobs/preprocess.py makes one"
        ) from None
    except ValueError as error:
        raise NotADatasetError(f"{place} cannot be read: {error}") from None
    if manifest is None:
        raise NotADatasetError(f"{root}: expected format version {FORMAT_VERSION}, found {version!r:.40}")
    return replace(manifest, settings=with_current_names(PreprocessSettings, manifest.settings))


def has_manifest(root: str) -> bool:
    """Return whether a directory is a finished data set."""
    return (Place(root) / MANIFEST).exists()


@dataclass(frozen=True)
class LandmarkClass:
    """One line of `classes.csv`."""

    class_index: int
    landmark_id: str
    label_count: int
    training_images: int  # before sampling, without the hold-out


def write_classes(root: str, classes: Sequence[LandmarkClass]) -> None:
    """Write `classes.csv`; labels that a spreadsheet would take for formulas are escaped."""
    header = [column.name for column in fields(LandmarkClass)]
    rows = [astuple(replace(row, landmark_id=as_cell(row.landmark_id))) for row in classes]
    (Place(root) / CLASSES).write(csv_text([header, *rows]).encode())


def read_classes(root: str) -> list[LandmarkClass]:
    """Read `classes.csv`, also if a spreadsheet saved it; the position of a class is its index.

    Raises:
        NotADatasetError: It is missing, or columns or classes are.
    """
    place = Place(root) / CLASSES
    try:
        text = place.read_bytes().decode("utf-8-sig")
        delimiter = max(",;\t", key=text.partition("\n")[0].count)
        rows = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
        _check_header(rows.fieldnames or [])
        classes = sorted(
            (_landmark_class(row, rows.line_num) for row in rows), key=lambda row: row.class_index
        )
    except (FileNotFoundError, ValueError, csv.Error) as error:
        raise NotADatasetError(f"{place} cannot be read: {error}") from None
    if [row.class_index for row in classes] != list(range(len(classes))):
        raise NotADatasetError(f"{place}: expected each class index from 0 to {len(classes) - 1} once")
    return classes


def _check_header(found: Sequence[str]) -> None:
    wanted = [column.name for column in fields(LandmarkClass)]
    if not set(wanted) <= set(found):
        raise ValueError(
            f"expected the columns {', '.join(wanted)}, found {', '.join(found) or 'none'!r:.80}"
        )


def _landmark_class(row: dict[str, str | None], line: int) -> LandmarkClass:
    cells = {column.name: row[column.name] or "" for column in fields(LandmarkClass)}
    label = from_cell(cells.pop("landmark_id"))
    for name, cell in cells.items():
        if not (cell.isascii() and cell.isdecimal()):
            raise ValueError(f"line {line}: expected a whole number as {name}, found {cell!r:.40}")
    return LandmarkClass(landmark_id=label, **{name: int(cell) for name, cell in cells.items()})
