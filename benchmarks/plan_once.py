"""From a label list to a written plan, once: the job that `plan_scale.py` submits to Spark.

Calls the same functions as the pipeline, but without photos: the files of its corpus have no pixels. Prints
one line of JSON.
"""

import argparse
import json
import time
from collections.abc import Callable
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from landmark_lib.dataset import CORPUS, FileRecord, part_name, write_table
from landmark_lib.preprocess import plan as planning
from landmark_lib.preprocess.listing import MAX_PARTS
from landmark_lib.preprocess.parts import FILE, file_of, write_files
from landmark_lib.preprocess.session import spark_session
from landmark_lib.settings import PreprocessSettings


def main(label_list: str, output: str, photos: int) -> None:
    """Make `corpus/` and `plan/` in `output` from a CSV `id,url,landmark_id` with a number of photos."""
    settings = PreprocessSettings()
    spark = spark_session("plan_scale")
    spark.sparkContext.setLogLevel("ERROR")
    seconds: dict[str, float] = {}
    heap: list[float] = []

    def step(name: str, work: Callable[[], Any]) -> Any:
        begin = time.perf_counter()
        result = work()
        seconds[name] = round(time.perf_counter() - begin, 2)
        heap.append(_heap_in_use(spark))
        return result

    per_part = max(settings.photos_per_part, -(-photos // MAX_PARTS))
    corpus = step("list", lambda: _corpus_without_pixels(spark, label_list, -(-photos // per_part), output))
    ids = planning.read_ids(spark, output, corpus)
    counts = step("count", lambda: planning.count_labels(ids))
    classes = planning.number_classes(counts, settings.resolved_min_label_count, settings.hold_out)
    planned = planning.plan_images(ids, classes, settings.sampling)
    plan = step("plan", lambda: planning.write_plan(planned, corpus, output))
    rows = step("sums", lambda: planning.count_planned(planning.read_plan(spark, output, plan)))
    images = sum(row.images for row in rows)
    if images != photos:
        raise RuntimeError(f"expected a plan of {photos} images, found {images}")
    result = {"seconds": seconds, "heap": max(heap), "labels": len(counts), "classes": len(classes)}
    result |= {"files": len(plan), "largest": max(counts.values()), "outputs": sum(r.outputs for r in rows)}
    print(json.dumps(result))
    spark.stop()


def _corpus_without_pixels(spark: SparkSession, label_list: str, parts: int, output: str) -> list[FileRecord]:
    def write(number: int, rows: pa.Table) -> list[FileRecord]:
        return [write_table(output, part_name(CORPUS, number, parts), rows.cast(planning.IDS_SCHEMA), 128)]

    listed = _read_list(spark, label_list).withColumn(FILE, file_of("image_id", parts))
    return write_files(listed, ["image_id"], parts, write, tasks=max(1, parts // 100))


def _read_list(spark: SparkSession, label_list: str) -> DataFrame:
    none = F.array().cast("array<string>")
    return spark.read.csv(label_list, header=True).select(
        F.col("id").alias("image_id"), "landmark_id", none.alias("without_effect")
    )


def _heap_in_use(spark: SparkSession) -> float:
    """Return the size of the driver's heap in MB, after garbage collection."""
    virtual_machine: Any = spark.sparkContext._jvm  # noqa: SLF001 - PySpark has no public name for it
    runtime = virtual_machine.java.lang.Runtime.getRuntime()
    runtime.gc()
    in_use = int(runtime.totalMemory() - runtime.freeMemory())
    return in_use / 1e6


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("label_list", help="CSV with the header id,url,landmark_id")
    parser.add_argument("output", help="directory for corpus/ and plan/")
    parser.add_argument("photos", type=int, help="number of rows of the CSV")
    given = parser.parse_args()
    main(given.label_list, given.output, given.photos)
