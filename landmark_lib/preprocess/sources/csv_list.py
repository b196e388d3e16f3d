"""A CSV that tells where each photo is: Kaggle's `id,url,landmark_id`, or `id,url` without labels."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.pandas.types import from_arrow_schema

from landmark_lib.dataset import Reason
from landmark_lib.inputs.addresses import WEB
from landmark_lib.inputs.entries import csv_entries
from landmark_lib.inputs.schema import ENTRY_SCHEMA
from landmark_lib.inputs.source import Source
from landmark_lib.preprocess.sources.label_list import read_list
from landmark_lib.storage import open_address

FILES_ASKED_AT_ONCE = 16


def list_csv(spark: SparkSession, source: Source, *, with_sizes: bool) -> DataFrame:
    """List the rows of a CSV; with sizes, each file is asked for, the web's aside."""
    folder = source.place.parent.uri

    def entries_of(rows: pa.RecordBatch) -> pa.RecordBatch:
        return csv_entries(rows, folder)

    entries = read_list(
        spark, source.place, source.option, entries_of, ENTRY_SCHEMA, unlabelled=source.unlabelled
    )
    if with_sizes:
        tasks = 4 * spark.sparkContext.defaultParallelism
        asked = entries.repartition(tasks, "image_id")
        entries = asked.mapInArrow(ask_for_files, from_arrow_schema(ENTRY_SCHEMA))
    return entries


def ask_for_files(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Give each entry of a list the size of its file in bytes, or the reason why there is none."""
    with ThreadPoolExecutor(FILES_ASKED_AT_ONCE) as pool:
        for batch in batches:
            rows = batch.to_pylist()
            told = pool.map(_ask_for_file, (None if row["reason"] else row["uri"] for row in rows))
            answered = [{**row, **answer} for row, answer in zip(rows, told, strict=True)]
            yield pa.RecordBatch.from_pylist(answered, ENTRY_SCHEMA)


def _ask_for_file(uri: str | None) -> dict[str, int | str]:
    if uri is None or uri.startswith(WEB):
        return {}
    try:
        filesystem, path = open_address(uri)
        told = filesystem.info(path)
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
