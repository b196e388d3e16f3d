"""Photos into the corpus: each is read and decoded once, then kept as a small square or rejected."""

from collections.abc import Callable, Sequence
from typing import Any

import fsspec
import pyarrow as pa
from pyspark.sql import DataFrame

from landmark_lib.dataset import (
    CORPUS,
    CORPUS_SCHEMA,
    CORPUS_SIZE,
    REJECTED,
    REJECTED_SCHEMA,
    FileRecord,
    Reason,
    part_name,
    write_table,
)
from landmark_lib.images.decode import BadPhotoError, decode_square
from landmark_lib.images.jpeg import encode_jpeg
from landmark_lib.preprocess.parts import FILE, file_of, write_files


def write_corpus(
    photos: DataFrame, parts: int, output: str, rows_per_group: int, done: Callable[[int], None]
) -> list[FileRecord]:
    """Resize every listed photo into `corpus/`; what gives no photo becomes a row of `rejected/`.

    Args:
        photos: The list, as `sources.list_photos` gives it.
        parts: Number of files and tasks.
        output: Root of the data set.
        rows_per_group: Rows of a row group.
        done: Called in the tasks with the number of photos dealt with.
    """

    def write_part(number: int, listed: pa.Table) -> list[FileRecord]:
        kept, rejected = resize_photos(listed.to_pylist())
        done(listed.num_rows)
        tables = (
            (CORPUS, pa.Table.from_pylist(kept, CORPUS_SCHEMA)),
            (REJECTED, pa.Table.from_pylist(rejected, REJECTED_SCHEMA)),
        )
        return [
            write_table(output, part_name(directory, number, parts), table, rows_per_group)
            for directory, table in tables
            if table.num_rows
        ]

    placed = photos.withColumn(FILE, file_of("image_id", parts))
    return write_files(placed, ["image_id", "uri", "landmark_id"], parts, write_part)


def resize_photos(listed: Sequence[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Split listed photos into rows of the corpus and rows of the rejected; together as many as came in."""
    kept, rejected = [], []
    for photo in listed:
        try:
            kept.append(_corpus_row(photo))
        except BadPhotoError as error:
            rejected.append({**photo, "reason": error.reason, "detail": error.detail})
    return kept, rejected


def _corpus_row(photo: dict[str, Any]) -> dict[str, Any]:
    if photo["reason"] is not None:
        raise BadPhotoError(Reason(photo["reason"]), photo["detail"] or "")
    square, width, height = decode_square(_read(photo["uri"]), CORPUS_SIZE)
    return {
        "image_id": photo["image_id"],
        "landmark_id": photo["landmark_id"],
        "image": encode_jpeg(square),
        "width": width,
        "height": height,
    }


def _read(uri: str) -> bytes:
    if uri.startswith(("http://", "https://")):
        raise BadPhotoError(Reason.UNSUPPORTED_ADDRESS, "photos are not downloaded; url must name a file")
    try:
        filesystem, path = fsspec.core.url_to_fs(uri)
        return bytes(filesystem.cat_file(path))
    except FileNotFoundError:
        raise BadPhotoError(Reason.MISSING_FILE) from None
    except (ValueError, ImportError) as error:  # fsspec's words for an unknown scheme
        raise BadPhotoError(Reason.UNSUPPORTED_ADDRESS, str(error)) from None
    except OSError as error:
        raise BadPhotoError(Reason.UNREADABLE_FILE, str(error)) from None
