"""A CSV with the address of each photo: Kaggle's `id,url,landmark_id`, or `id,url` without labels."""

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

CONCURRENT_REQUESTS = 16


def list_csv(spark: SparkSession, source: Source, *, with_sizes: bool) -> DataFrame:
    """Return the photos of a CSV; with sizes, each file is looked up, except on the web."""
    folder = source.place.parent.uri

    def entries_of(rows: pa.RecordBatch) -> pa.RecordBatch:
        return csv_entries(rows, folder)

    entries = read_list(
        spark, source.place, source.option, entries_of, ENTRY_SCHEMA, unlabelled=source.unlabelled
    )
    if with_sizes:
        tasks = 4 * spark.sparkContext.defaultParallelism
        spread = entries.repartition(tasks, "image_id")
        entries = spread.mapInArrow(look_up_files, from_arrow_schema(ENTRY_SCHEMA))
    return entries


def look_up_files(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Yield entries with the size of their file in bytes, or the reason why it cannot be read."""
    with ThreadPoolExecutor(CONCURRENT_REQUESTS) as pool:
        for batch in batches:
            rows = batch.to_pylist()
            found = pool.map(_look_up_file, (None if row["reason"] else row["uri"] for row in rows))
            completed = [{**row, **columns} for row, columns in zip(rows, found, strict=True)]
            yield pa.RecordBatch.from_pylist(completed, ENTRY_SCHEMA)


def _look_up_file(uri: str | None) -> dict[str, int | str]:
    if uri is None or uri.startswith(WEB):
        return {}
    try:
        filesystem, path = open_address(uri)
        info = filesystem.info(path)
    except FileNotFoundError:
        return {"reason": Reason.MISSING_FILE}
    except (ConnectionError, TimeoutError):
        raise
    except (ValueError, ImportError) as error:  # how fsspec reports an unknown scheme
        return {"reason": Reason.UNSUPPORTED_ADDRESS, "detail": str(error)}
    except OSError as error:
        return {"reason": Reason.UNREADABLE_FILE, "detail": str(error)}
    if info["type"] != "file":
        return {"reason": Reason.UNREADABLE_FILE, "detail": f"expected a file, found a {info['type']}"}
    return {"size": info["size"]}
