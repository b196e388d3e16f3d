"""Tar files, each listed in a task of its own, by its headers alone; nothing is unpacked.

An image id is the name of a member without folders and ending. What a broken archive lost is told in one row
under the archive's name; links in an archive give no photo and are told too.
"""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
from fsspec.implementations.local import LocalFileSystem
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import from_arrow_schema

from landmark_lib.dataset import Reason
from landmark_lib.errors import UserError
from landmark_lib.preprocess.sources.address import Place, locate, open_place
from landmark_lib.preprocess.sources.label_list import list_labels
from landmark_lib.preprocess.sources.matching import image_id_of, match, without_list
from landmark_lib.preprocess.sources.schema import FOUND_SCHEMA, printable
from landmark_lib.preprocess.sources.tar_members import Loss, Member, read_members
from landmark_lib.preprocess.sources.walk import children
from landmark_lib.settings import SourceSettings

ENDING = ".tar"
COMPRESSED_ENDINGS = (".tar.gz", ".tar.bz2", ".tar.xz", ".tar.zst", ".tgz", ".tbz2", ".txz")
COMPRESSED_STARTS = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd")
ROWS_PER_BATCH = 8_192
LOSSES_TOLD = 3

MEMBER_SCHEMA = FOUND_SCHEMA.set(0, pa.field("name", pa.string()))


def check_tars(source: SourceSettings) -> None:
    """Look for mistakes that show before anything is listed.

    Raises:
        UserError: No tar files, or compressed ones.
    """
    uris = find_tars(source.address)
    if not uris:
        raise UserError(f"--input: no {ENDING} files in {source.address}")
    first = open_place(uris[0])
    with first.filesystem.open(first.path, "rb") as file:
        is_compressed = file.read(8).startswith(COMPRESSED_STARTS)
    if is_compressed:
        raise UserError(_refusal(uris[0]))


def find_tars(address: str) -> list[str]:
    """Give the addresses of the tar files in a folder, or of the one tar file that is the source, in order.

    Raises:
        UserError: One is compressed, or has a name that is not UTF-8.
    """
    place = locate(address)
    if not place.filesystem.isdir(place.path):
        _refuse_compressed(place.uri)
        return [place.uri]
    uris = []
    for child in children(place, "", with_sizes=False):
        _refuse_compressed(child.path)
        if child.path.lower().endswith(ENDING) and not child.is_folder:
            if printable(child.path) != child.path:
                raise UserError(f"--input: the name of a tar is not UTF-8: {printable(child.path)}")
            uris.append(f"{place.uri}/{child.path}")
    return sorted(uris)


def is_tar(name: str) -> bool:
    """Tell by its name whether a file is a tar, compressed ones included."""
    return name.lower().endswith((ENDING, *COMPRESSED_ENDINGS))


def _refuse_compressed(name: str) -> None:
    if name.lower().endswith(COMPRESSED_ENDINGS):
        raise UserError(_refusal(name))


def _refusal(name: str) -> str:
    return (
        f"--input: {printable(name)} is compressed, and photos in it cannot be read in place;"
        " decompress it to a .tar (photos hardly compress)"
    )


def list_tars(spark: SparkSession, source: SourceSettings, *, with_sizes: bool) -> DataFrame:  # noqa: ARG001 - a tar's headers tell sizes
    """List the photos in tars, or the rows of the label list with their members."""
    uris = find_tars(source.address)
    archives = spark.createDataFrame(
        spark.sparkContext.parallelize([(u,) for u in uris], len(uris)), "uri string"
    )
    name = F.col("name")
    found = (
        archives.mapInArrow(_list_archives, from_arrow_schema(MEMBER_SCHEMA))
        .withColumn("image_id", F.when(F.col("is_photo"), image_id_of(name)).otherwise(name))
        .select(FOUND_SCHEMA.names)
    )
    if source.labels is None:
        return without_list(found)
    labels = list_labels(spark, locate(source.labels), unlabelled=source.unlabelled)
    return match(labels, found, source.address)


def _list_archives(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        for uri in batch.column("uri").to_pylist():
            yield from list_archive(open_place(uri))


def list_archive(archive: Place) -> Iterator[pa.RecordBatch]:
    """List one tar in rows of MEMBER_SCHEMA; what it lost is the last one."""
    rows: list[dict[str, Any]] = []
    losses: list[Loss] = []
    with open_unbuffered(archive) as file:
        for found in read_members(file, file.seek(0, 2)):
            if isinstance(found, Loss):
                losses.append(found)
                continue
            rows.append(_row(archive.uri, found))
            if len(rows) == ROWS_PER_BATCH:
                yield pa.RecordBatch.from_pylist(rows, MEMBER_SCHEMA)
                rows.clear()
    if losses:
        rows.append(_lost(archive, losses))
    yield pa.RecordBatch.from_pylist(rows, MEMBER_SCHEMA)


def open_unbuffered(place: Place) -> AbstractContextManager[BinaryIO]:
    """Open a file so that no byte is read beyond those asked for."""
    if isinstance(place.filesystem, LocalFileSystem):
        return Path(place.path).open("rb", buffering=0)
    opened: AbstractContextManager[BinaryIO] = place.filesystem.open(place.path, "rb", cache_type="none")
    return opened


def _row(archive: str, member: Member) -> dict[str, Any]:
    name = printable(member.name)
    return {
        "name": name,
        "uri": f"{archive}/{name}",
        "reason": member.reason,
        "detail": None if member.detail is None else printable(member.detail),
        "archive": archive,
        "offset": member.offset,
        "size": member.size,
        "is_photo": True,
    }


def _lost(archive: Place, losses: list[Loss]) -> dict[str, Any]:
    told = "; ".join(loss.detail for loss in losses[:LOSSES_TOLD])
    more = f"; and {len(losses) - LOSSES_TOLD} more" if len(losses) > LOSSES_TOLD else ""
    return {
        "name": archive.name,
        "uri": archive.uri,
        "reason": Reason.BROKEN_ARCHIVE,
        "detail": printable(told) + more,
        "is_photo": False,
    }
