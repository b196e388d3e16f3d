"""Photos into the corpus: each is read and decoded once, then kept as a small square or rejected."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
from pyspark.sql import SparkSession

from landmark_lib.dataset import (
    CORPUS,
    CORPUS_SCHEMA,
    CORPUS_SIZE,
    REJECTED,
    REJECTED_SCHEMA,
    part_name,
    write_table,
)
from landmark_lib.errors import BadPhotoError
from landmark_lib.fetching.photos import fetch_photos
from landmark_lib.images.decode import decode_square
from landmark_lib.images.effects import no_op_steps
from landmark_lib.images.jpeg import encode_jpeg
from landmark_lib.preprocess.journal import Journal, Part, Stage
from landmark_lib.preprocess.listing import Batch, read_list_part
from landmark_lib.preprocess.stage import Done, in_tasks
from landmark_lib.settings import FetchSettings

Fetched = tuple[dict[str, Any], bytes | BadPhotoError]


@dataclass(frozen=True)
class ResizeSettings:
    """How photos become the corpus.

    Attributes:
        fetch: How their bytes are fetched.
        root: Address of the source, which must be there for a photo to be missing.
        most_pixels: Largest photo decoded.
        rows_per_group: Rows of a row group.
    """

    fetch: FetchSettings
    root: str
    most_pixels: int
    rows_per_group: int


@dataclass
class Resized:
    """Rows of the corpus and of the rejected, together as many as photos came in."""

    kept: list[dict[str, Any]] = field(default_factory=list)
    rejected: list[dict[str, Any]] = field(default_factory=list)

    @property
    def enlarged(self) -> int:
        """Photos with a side shorter than the corpus's images."""
        return sum(min(row["width"], row["height"]) < CORPUS_SIZE for row in self.kept)


def write_corpus(
    spark: SparkSession,
    journal: Journal,
    batch: Batch,
    finished: Mapping[int, Part],
    resize: ResizeSettings,
    done: Done,
) -> dict[int, Part]:
    """Resize the photos of a batch into `corpus/`; what gives no photo becomes a row of `rejected/`.

    Parts that are done already are left alone, and their photos are not read again.

    Args:
        spark: The session.
        journal: Notes of the run; a part is noted when its files are whole.
        batch: The photos, listed.
        finished: Parts of the batch that are done already.
        resize: How to resize them.
        done: Called in the tasks with the number of photos dealt with and the bytes read for them.

    Returns:
        All parts of the batch.
    """

    def write_part(number: int) -> Part:
        listed = read_list_part(journal.output, number, batch.parts)
        resized = resize_photos(fetch_photos(listed, resize.fetch, resize.root), resize.most_pixels, done)
        tables = (
            (REJECTED, pa.Table.from_pylist(resized.rejected, REJECTED_SCHEMA)),
            (CORPUS, pa.Table.from_pylist(resized.kept, CORPUS_SCHEMA)),
        )
        records = [
            write_table(
                journal.output,
                part_name(directory, number, batch.parts, batch.number),
                table,
                resize.rows_per_group,
            )
            for directory, table in tables
            if table.num_rows
        ]
        part = Part(records, {"enlarged": resized.enlarged})
        journal.commit(Stage.CORPUS, number, part)
        return part

    missing = [number for number in batch.rows if number not in finished]
    return {**finished, **in_tasks(spark, missing, write_part)}


def resize_photos(fetched: Iterable[Fetched], most_pixels: int, done: Done) -> Resized:
    """Split photos into rows of the corpus and rows of the rejected; together as many as came in."""
    resized = Resized()
    for photo, content in fetched:
        size = len(content) if isinstance(content, bytes) else 0
        try:
            resized.kept.append(_corpus_row(photo, content, most_pixels))
        except BadPhotoError as error:
            named = {name: photo[name] for name in ("image_id", "landmark_id", "uri")}
            resized.rejected.append({**named, "reason": error.reason, "detail": error.detail})
        done(1, size)
    return resized


def _corpus_row(photo: dict[str, Any], content: bytes | BadPhotoError, most_pixels: int) -> dict[str, Any]:
    if isinstance(content, BadPhotoError):
        raise content
    square, width, height = decode_square(content, CORPUS_SIZE, most_pixels)
    image = encode_jpeg(square)
    return {
        "image_id": photo["image_id"],
        "landmark_id": photo["landmark_id"],
        "image": image,
        "width": width,
        "height": height,
        "without_effect": no_op_steps(square, image),
    }
