"""A small corpus with a few of everything that goes wrong, and what to know about it."""

import csv
import io
import shlex
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import bombs
import numpy as np
import pyarrow.parquet as pq
from PIL import Image

from landmark_lib import dataset
from landmark_lib.dataset import Manifest, Reason

# Of the training images that the hold-out leaves, classes have more than the cutoff (38, 23, 16), some
# number between (10) or fewer than the target (7, 4, 2, 1, 1); the last label is dropped.
LABEL_COUNTS = {f"place {i}": count for i, count in enumerate((40, 25, 18, 12, 9, 6, 4, 3, 2, 1))}
CUTOFF, TARGET, MEMBERS, ROWS_PER_GROUP = 14, 8, 3, 8
SETTINGS = shlex.split(
    f"--min-label-count 2 --cutoff {CUTOFF} --target {TARGET} --ensemble-size {MEMBERS}"
    f" --rows-per-shard 30 --rows-per-group {ROWS_PER_GROUP}"
)
IN_SMALL_PARTS = ["--photos-per-part", "4", *SETTINGS]  # so many that a kill comes between them


def draw_photo(number, width=48, height=36, file_format="JPEG"):
    """Draw 4 x 3 coloured fields, other ones for each number."""
    fields = np.random.default_rng(number).integers(0, 256, (3, 4, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(fields).resize((width, height)).save(buffer, file_format)
    return buffer.getvalue()


@dataclass(frozen=True)
class Corpus:
    """A list of photos.

    Attributes:
        source: What --input is given.
        good: Content of each photo by image id.
        bad: Image id and reason of each row that gives no photo, sorted.
    """

    source: Path
    good: dict[str, bytes]
    bad: list[tuple[str, Reason]]


@dataclass(frozen=True)
class MadeDataset:
    """A data set as a reader finds it."""

    root: Path

    @cached_property
    def manifest(self) -> Manifest:
        return dataset.read_manifest(str(self.root))

    @cached_property
    def classes(self):
        return dataset.read_classes(str(self.root))

    def parquet_files(self, directory):
        return sorted((self.root / directory).glob("*.parquet"))

    def rows(self, directory):
        """Read the rows of a directory in the order in which they lie there."""
        return [
            row for file in self.parquet_files(directory) for row in pq.ParquetFile(file).read().to_pylist()
        ]

    def training_rows(self, member):
        return self.rows("train/common") + self.rows(f"train/member-{member}")

    def contents(self, *patterns):
        """Read the bytes of all files that match."""
        return {
            str(file.relative_to(self.root)): file.read_bytes()
            for pattern in patterns
            for file in self.root.glob(pattern)
            if file.is_file()
        }


def write_bad_photos(folder):
    """Write files that are rejected; return the rows that list them, and their reasons."""
    photo = draw_photo(0)
    (folder / "cut.jpg").write_bytes(photo[: len(photo) // 2])
    (folder / "empty.jpg").write_bytes(b"")
    (folder / "page.jpg").write_bytes(b"<!DOCTYPE html><title>404 Not Found</title>")
    (folder / "bomb.png").write_bytes(bombs.png(100_000, 100_000))
    (folder / "good.jpg").write_bytes(photo)
    return [
        (["", "good.jpg", "place 0"], Reason.NO_ID),
        (["no label", "good.jpg", ""], Reason.NO_LABEL),
        (["no url", " ", "place 0"], Reason.MISSING_FILE),
        (["gone", "gone.jpg", "place 0"], Reason.MISSING_FILE),
        (["place 0-0", "good.jpg", "place 9"], Reason.DUPLICATE_ID),
        (["web", "http:///good.jpg", "place 0"], Reason.UNSUPPORTED_ADDRESS),
        (["scheme", "unknown://good.jpg", "place 0"], Reason.UNSUPPORTED_ADDRESS),
        (["cut", "cut.jpg", "place 0"], Reason.TRUNCATED),
        (["empty", "empty.jpg", "place 0"], Reason.EMPTY_FILE),
        (["page", "page.jpg", "place 0"], Reason.NOT_AN_IMAGE),
        (["bomb", "bomb.png", "place 0"], Reason.TOO_MANY_PIXELS),
        (["folder", ".", "place 0"], Reason.UNREADABLE_FILE),
    ]


def write_csv(path, rows):
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([["id", "url", "landmark_id"], *rows])
