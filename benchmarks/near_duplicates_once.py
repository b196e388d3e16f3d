"""The groups of near-duplicates of a corpus without pixels, once: the job that `near_duplicates.py` submits.

Hashes are random, except for planted groups of two to four that differ in up to six bits. Prints one line of
JSON.
"""

import argparse
import json
import time
from typing import Any

import numpy as np
import pyarrow as pa
from pyspark.sql import SparkSession

from landmark_lib.dataset import CORPUS, FileRecord, part_name, read_table, write_table
from landmark_lib.method.near_duplicates import BITS, MAX_DISTANCE
from landmark_lib.preprocess.duplicates import HASHED_SCHEMA, count_all, read_hashes, write_near_duplicates
from landmark_lib.preprocess.journal import Journal, records_of
from landmark_lib.preprocess.listing import MAX_PARTS
from landmark_lib.preprocess.session import spark_session

PLANTED = 0.05  # share of the images that are near-duplicates of another
LARGEST = 4  # images of a planted group


def main(output: str, images: int) -> None:
    """Make `corpus/` and `near_duplicates/` in `output`."""
    spark = spark_session("near_duplicates")
    spark.sparkContext.setLogLevel("ERROR")
    planted = int(images * PLANTED)
    corpus = write_corpus(output, images, planted)
    begin = time.perf_counter()
    parts = write_near_duplicates(read_hashes(spark, output, corpus), images, Journal(output))
    seconds = time.perf_counter() - begin
    tables = [read_table(output, record.path) for record in records_of(parts)]
    groups = {row["image_id"]: row["group"] for table in tables for row in table.to_pylist()}
    for number in range(planted):
        copy, original = images - planted + number, number // (LARGEST - 1)
        if name(copy) not in groups or groups[name(copy)] != groups.get(name(original)):
            raise RuntimeError(f"image {name(copy)} is not in the group of {name(original)}")
    print(json.dumps({"seconds": seconds, "heap": heap_in_use(spark), **count_all(parts)}))
    spark.stop()


def write_corpus(output: str, images: int, planted: int) -> list[FileRecord]:
    """Write the columns of a corpus that the stage reads, in as many files as the corpus would have."""
    random = np.random.default_rng(0)
    hashes = random.integers(0, 2**BITS, images, dtype=np.uint64)
    originals = images - planted
    copied = np.arange(planted) // (LARGEST - 1)
    flips = np.zeros(planted, np.uint64)
    for _ in range(MAX_DISTANCE):
        flips |= np.uint64(1) << random.integers(0, BITS, planted).astype(np.uint64)
    hashes[originals:] = hashes[copied] ^ flips
    order = random.permutation(images)
    files = max(1, min(MAX_PARTS, images // 256))
    records = []
    for number, rows in enumerate(np.array_split(order, files)):
        ids = pa.array([name(row) for row in rows])
        labels = pa.array([str(row % 14_951) for row in rows])
        table = pa.table([ids, labels, hashes[rows].view(np.int64)], schema=HASHED_SCHEMA)
        records.append(write_table(output, part_name(CORPUS, number, files), table, 128))
    return records


def name(image: int) -> str:
    """Return the id of an image by its number."""
    return f"{image:016x}"


def heap_in_use(spark: SparkSession) -> float:
    """Return the size of the driver's heap in MB, after garbage collection."""
    jvm: Any = spark.sparkContext._jvm  # noqa: SLF001 - PySpark has no public name for it
    runtime = jvm.java.lang.Runtime.getRuntime()
    runtime.gc()
    return int(runtime.totalMemory() - runtime.freeMemory()) / 1e6


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("output", help="directory for corpus/ and near_duplicates/")
    parser.add_argument("images", type=int, help="number of images")
    given = parser.parse_args()
    main(given.output, given.images)
