"""Where photos come from: a list of them, nothing read yet.

A list is a Spark frame with the columns image_id, landmark_id, uri, reason and detail; `reason` is null
unless the list alone tells that an entry can give no photo.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any

import fsspec
import pyarrow as pa
from pyspark.sql import Column, DataFrame, SparkSession, Window
from pyspark.sql import functions as F

from landmark_lib.dataset import REJECTED_SCHEMA, Reason, open_address
from landmark_lib.errors import UserError
from landmark_lib.preprocess.parts import hadoop_path

CSV_COLUMNS = ("id", "url", "landmark_id")
AS_ON_DISK = ("utf-8", "surrogateescape")
LIST_SCHEMA = "image_id string, landmark_id string, uri string, reason string, detail string"


def check_source(source: str) -> None:
    """Look for mistakes that show before anything is listed.

    Raises:
        UserError: No such folder or file, an empty folder, or a CSV with another header.
    """
    filesystem, path = open_address(source)
    if filesystem.isfile(path):
        _check_header(filesystem, path)
    elif not filesystem.isdir(path):
        raise UserError(f"--input: no such folder or file: {source}")
    elif not filesystem.ls(path, detail=False):
        raise UserError(f"--input: the folder is empty: {source}")


def list_photos(spark: SparkSession, source: str) -> DataFrame:
    """List the photos of a folder of folders by label, or of a CSV `id,url,landmark_id`."""
    filesystem, path = open_address(source)
    list_source = _list_folder if filesystem.isdir(path) else _list_csv
    return _with_repeated_ids_marked(list_source(spark, filesystem, path))


def _list_folder(spark: SparkSession, filesystem: fsspec.AbstractFileSystem, root: str) -> DataFrame:
    # Only names of labels pass through the driver; each label's photos are listed in a task.
    # As bytes, because a name on a disk need not be UTF-8.
    entries = [
        (filesystem.unstrip_protocol(entry["name"]).encode(*AS_ON_DISK), _is_folder(filesystem, entry))
        for entry in filesystem.ls(root, detail=True)
    ]
    names = spark.createDataFrame(entries, "uri binary, is_label boolean")
    root_uri = filesystem.unstrip_protocol(root).rstrip("/")

    def list_labels(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for entry in batch.to_pylist():
                uri = entry["uri"].decode(*AS_ON_DISK)
                yield from _label_batches(root_uri, uri, is_label=entry["is_label"])

    return names.repartition(min(len(entries), 512)).mapInArrow(list_labels, LIST_SCHEMA)


def _is_folder(filesystem: fsspec.AbstractFileSystem, entry: dict[str, Any]) -> bool:
    # fsspec calls a link to a folder "other".
    return entry["type"] == "directory" or (
        entry["type"] == "other" and bool(filesystem.isdir(entry["name"]))
    )


def _label_batches(root_uri: str, uri: str, *, is_label: bool) -> Iterator[pa.RecordBatch]:
    filesystem, path = fsspec.core.url_to_fs(uri)
    files = [filesystem.unstrip_protocol(name) for name in filesystem.find(path)] if is_label else [uri]
    label = _printable(uri[len(root_uri) + 1 :]) if is_label else None
    rows = []
    for file in files:
        reason, detail = _listing_reason(is_label=is_label, is_utf8=_printable(file) == file)
        rows.append(
            {
                "image_id": _printable(file[len(root_uri) + 1 :]),
                "landmark_id": label,
                "uri": _printable(file),
                "reason": reason,
                "detail": detail,
            }
        )
    yield from pa.Table.from_pylist(rows, REJECTED_SCHEMA).to_batches()


def _listing_reason(*, is_label: bool, is_utf8: bool) -> tuple[Reason | None, str | None]:
    if not is_label:
        return Reason.NO_LABEL, "lies outside the labels' folders"
    if not is_utf8:
        return Reason.UNREADABLE_FILE, "its name is not UTF-8"
    return None, None


def _printable(name: str) -> str:
    # A name that is not UTF-8 cannot be stored; escaped, it is at least told among the rejected.
    return name.encode("utf-8", "backslashreplace").decode()


def _list_csv(spark: SparkSession, filesystem: fsspec.AbstractFileSystem, path: str) -> DataFrame:
    uri = filesystem.unstrip_protocol(path)
    folder = uri.rpartition("/")[0]
    rows = spark.read.csv(hadoop_path(uri), header=True, escape='"', encoding="UTF-8")
    address = F.trim(F.coalesce("url", F.lit("")))
    has_scheme = address.rlike("^[A-Za-z][A-Za-z0-9+.-]*://")
    reason = (
        F.when(_is_blank("id"), Reason.NO_ID)
        .when(_is_blank("landmark_id"), Reason.NO_LABEL)
        .when(_is_blank("url"), Reason.MISSING_FILE)
    )
    return rows.select(
        F.coalesce("id", F.lit("")).alias("image_id"),
        F.col("landmark_id"),
        F.when(has_scheme, address)
        .when(address.startswith("/"), F.concat(F.lit("file://"), address))
        .otherwise(F.concat(F.lit(folder + "/"), address))
        .alias("uri"),
        reason.alias("reason"),
        F.lit(None).cast("string").alias("detail"),
    )


def _is_blank(name: str) -> Column:
    return F.trim(F.coalesce(name, F.lit(""))) == ""


def _check_header(filesystem: fsspec.AbstractFileSystem, path: str) -> None:
    with filesystem.open(path, "rb") as file:
        first_line = file.readline(10_000).decode("utf-8-sig", "replace")
    header = next(csv.reader(io.StringIO(first_line)), [])
    missing = [name for name in CSV_COLUMNS if name not in header]
    if missing:
        expected = ",".join(CSV_COLUMNS)
        raise UserError(
            f"--input: expected a CSV with the header {expected}, found {first_line.strip()[:80]!r}"
        )


def _with_repeated_ids_marked(listed: DataFrame) -> DataFrame:
    # A row that can give no photo takes its id from nobody.
    same_id = Window.partitionBy("image_id").orderBy(F.col("reason").isNotNull(), "landmark_id", "uri")
    position = F.row_number().over(same_id)
    again = F.col("reason").isNull() & (F.col("position") > 1)
    return (
        listed.withColumn("position", position)
        .withColumn("detail", F.when(again, F.lit("another row has this id")).otherwise(F.col("detail")))
        .withColumn("reason", F.when(again, F.lit(Reason.DUPLICATE_ID)).otherwise(F.col("reason")))
        .drop("position")
    )
