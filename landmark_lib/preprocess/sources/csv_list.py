"""A CSV that tells where each photo is: Kaggle's `id,url,landmark_id`, or `id,url` without labels."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import from_arrow_schema

from landmark_lib.dataset import Reason
from landmark_lib.errors import UserError
from landmark_lib.preprocess.sources.address import locate, open_place
from landmark_lib.preprocess.sources.label_list import check_header, is_blank, list_labels, read_header
from landmark_lib.preprocess.sources.schema import ENTRY_COLUMNS, LIST_SCHEMA
from landmark_lib.settings import SourceSettings

FILES_ASKED_AT_ONCE = 16
NOT_ASKED = ("http://", "https://")


def check_csv(source: SourceSettings) -> None:
    """Look for mistakes that show before anything is listed.

    Raises:
        UserError: Labels are given twice, or a column is missing.
    """
    if source.labels is not None:
        raise UserError(
            f"--labels: expected none, since {source.address} is a list itself; received {source.labels}"
        )
    header = read_header(locate(source.address), "--input")
    check_header(header, "--input", unlabelled=source.unlabelled, url=True)


def list_csv(spark: SparkSession, source: SourceSettings, *, with_sizes: bool) -> DataFrame:
    """List the rows of a CSV; an address without a scheme is a path, relative to the CSV's folder.

    With sizes, each file is asked for; an address of the web is not.
    """
    place = locate(source.address)
    rows = list_labels(spark, place, unlabelled=source.unlabelled)
    address = F.trim(F.coalesce("url", F.lit("")))
    has_scheme = address.rlike("^[A-Za-z][A-Za-z0-9+.-]*://")
    uri = (
        F.when(is_blank("url"), None)
        .when(has_scheme, address)
        .when(address.startswith("/"), F.concat(F.lit("file://"), address))
        .otherwise(F.concat(F.lit(place.folder_uri + "/"), address))
    )
    missing = F.when(is_blank("url"), Reason.MISSING_FILE)
    entries = rows.withColumns(
        {
            "uri": uri,
            "reason": F.coalesce("reason", missing),
            "archive": F.lit(None).cast("string"),
            "offset": F.lit(None).cast("bigint"),
            "size": F.lit(None).cast("bigint"),
        }
    ).select(LIST_SCHEMA.names)
    if with_sizes:
        tasks = 4 * spark.sparkContext.defaultParallelism
        entries = entries.repartition(tasks, "image_id").mapInArrow(
            ask_for_files, from_arrow_schema(LIST_SCHEMA)
        )
    return entries.withColumn("extra", F.lit(False)).select(ENTRY_COLUMNS)  # noqa: FBT003 - a constant


def ask_for_files(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Give each row of a list the size of its file in bytes, or the reason why there is none."""
    with ThreadPoolExecutor(FILES_ASKED_AT_ONCE) as pool:
        for batch in batches:
            rows = batch.to_pylist()
            told = pool.map(_ask_for_file, (None if row["reason"] else row["uri"] for row in rows))
            answered = [{**row, **answer} for row, answer in zip(rows, told, strict=True)]
            yield pa.RecordBatch.from_pylist(answered, LIST_SCHEMA)


def _ask_for_file(uri: str | None) -> dict[str, int | str]:
    if uri is None or uri.startswith(NOT_ASKED):
        return {}
    try:
        place = open_place(uri)
        told = place.filesystem.info(place.path)
    except FileNotFoundError:
        return {"reason": Reason.MISSING_FILE}
    except (ConnectionError, TimeoutError):
        raise
    except (ValueError, ImportError) as error:  # fsspec's words for an unknown scheme
        return {"reason": Reason.UNSUPPORTED_ADDRESS, "detail": str(error)}
    except OSError as error:
        return {"reason": Reason.UNREADABLE_FILE, "detail": str(error)}
    if told["type"] != "file":
        return {"reason": Reason.UNREADABLE_FILE, "detail": f"expected a file, found a {told['type']}"}
    return {"size": told["size"]}
