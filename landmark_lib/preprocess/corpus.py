"""The corpus: each photo is read and decoded once, then kept as a small square or rejected."""

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
from landmark_lib.images.perceptual_hash import perceptual_hash
from landmark_lib.preprocess.batch import Batch
from landmark_lib.preprocess.journal import Journal, Part
from landmark_lib.preprocess.listing import IDENTITY, read_list_part
from landmark_lib.preprocess.parts import in_tasks
from landmark_lib.preprocess.stage import Done
from landmark_lib.settings import FetchSettings

Fetched = tuple[dict[str, Any], bytes | BadPhotoError]


@dataclass(frozen=True)
class ResizeSettings:
    """How photos are fetched, resized and stored.

    Attributes:
        fetch: How their bytes are fetched.
        root: Address of the source; only while it exists may a photo count as missing.
        max_pixels: Pixels of the largest photo that is decoded.
        rows_per_group: Rows per Parquet row group.
        with_hashes: Whether the corpus gets the perceptual hashes of the photos.
    """

    fetch: FetchSettings
    root: str
    max_pixels: int
    rows_per_group: int
    with_hashes: bool


@dataclass
class Resized:
    """Rows of the corpus and of the rejected; together, one for each photo."""

    kept: list[dict[str, Any]] = field(default_factory=list)
    rejected: list[dict[str, Any]] = field(default_factory=list)

    @property
    def enlarged(self) -> int:
        """Number of photos with a side shorter than the corpus's images."""
        return sum(min(row["width"], row["height"]) < CORPUS_SIZE for row in self.kept)


def write_corpus(
    spark: SparkSession,
    journal: Journal,
    batch: Batch,
    finished: Mapping[int, Part],
    resize: ResizeSettings,
    done: Done,
) -> dict[int, Part]:
    """Resize the photos of a batch into `corpus/`; write a row of `rejected/` for each that is rejected.

    Photos of finished parts are not read again.

    Args:
        spark: The session.
        journal: Journal of the run; a part is noted when its files are complete.
        batch: The photos, listed.
        finished: Finished parts of the batch.
        resize: How to resize them.
        done: Called in the tasks with the numbers of photos done and of bytes read for them.

    Returns:
        All parts of the batch.
    """
    schema = CORPUS_SCHEMA
    if not resize.with_hashes:
        schema = schema.remove(schema.get_field_index("perceptual_hash"))

    def write_part(number: int) -> Part:
        listed = read_list_part(journal.output, number, batch.parts)
        fetched = fetch_photos(listed, resize.fetch, resize.root)
        resized = resize_photos(fetched, resize.max_pixels, done, with_hashes=resize.with_hashes)
        tables = (
            (REJECTED, pa.Table.from_pylist(resized.rejected, REJECTED_SCHEMA)),
            (CORPUS, pa.Table.from_pylist(resized.kept, schema)),
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
        journal.commit("corpus", number, part)
        return part

    missing = [number for number in batch.rows if number not in finished]
    return {**finished, **in_tasks(spark, missing, write_part)}


def resize_photos(
    fetched: Iterable[Fetched], max_pixels: int, done: Done, *, with_hashes: bool = False
) -> Resized:
    """Return a row of the corpus or of the rejected for each photo."""
    resized = Resized()
    for photo, content in fetched:
        try:
            if isinstance(content, BadPhotoError):
                raise content
            square, width, height = decode_square(content, CORPUS_SIZE, max_pixels)
            image = encode_jpeg(square)
            row = {
                "image_id": photo["image_id"],
                "landmark_id": photo["landmark_id"],
                "image": image,
                "width": width,
                "height": height,
                "without_effect": no_op_steps(square, image),
            }
            if with_hashes:
                row["perceptual_hash"] = perceptual_hash(square)
            resized.kept.append(row)
        except BadPhotoError as error:
            rejected = {name: photo[name] for name in IDENTITY}
            resized.rejected.append({**rejected, "reason": error.reason, "detail": error.detail})
        done(1, len(content) if isinstance(content, bytes) else 0)
    return resized
