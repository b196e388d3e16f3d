"""The peers of benchmarks/stream.py, run with their own packages in addition to the project's.

    python peer.py webdataset|petastorm FOLDER

Runs one pass for each line of standard input, and prints the number of images read. `python peer.py
materialize FOLDER SHARDS` writes a data set in Petastorm's own format from the project's shards.
"""

import io
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

RESULT = "pass:"  # Petastorm prints other lines
BATCH = 32
PROCESSES = 2


def main() -> None:
    """Run passes until the input ends."""
    kind, folder = sys.argv[1:3]
    if kind == "materialize":
        materialize(folder, sys.argv[3])
        return
    if kind == "petastorm":
        serve(lambda: petastorm_pass(folder))
    else:
        tars = sorted(map(str, Path(folder).glob("*.tar")))
        with ProcessPoolExecutor(PROCESSES) as pool:
            serve(lambda: sum(pool.map(webdataset_pass, [tars[n::PROCESSES] for n in range(PROCESSES)])))


def serve(one_pass: Callable[[], int]) -> None:
    """Run a pass for each line of the input."""
    for _ in sys.stdin:
        print(RESULT, one_pass(), flush=True)


def webdataset_pass(tars: list[str]) -> int:
    """Read, decode, shuffle and batch some tars in this process; discard the batches."""
    import webdataset

    rows = webdataset.WebDataset(tars, shardshuffle=False, empty_check=False).shuffle(2048)
    batches = rows.decode("rgb8").to_tuple("jpg", "cls").batched(BATCH)
    return sum(len(labels) for _, labels in batches)


def petastorm_pass(folder: str) -> int:
    """Read with Petastorm's reader and codecs, as in its examples."""
    from petastorm import make_reader
    from petastorm.tf_utils import make_petastorm_dataset

    with make_reader(f"file://{folder}", num_epochs=1, workers_count=PROCESSES) as reader:
        rows = make_petastorm_dataset(reader).map(lambda row: (row.image, row.class_index))
        return sum(int(labels.shape[0]) for _, labels in rows.shuffle(2048).batch(BATCH))


def materialize(folder: str, shards: str) -> None:
    """Write rows with Petastorm's codecs."""
    import pyarrow.parquet as pq
    from petastorm.codecs import CompressedImageCodec, ScalarCodec
    from petastorm.etl.dataset_metadata import materialize_dataset
    from petastorm.unischema import Unischema, UnischemaField, dict_to_spark_row
    from PIL import Image
    from pyspark.sql import SparkSession
    from pyspark.sql.types import IntegerType

    pixels = CompressedImageCodec("jpeg", 95)
    schema = Unischema(
        "Row",
        [
            UnischemaField("class_index", np.int32, (), ScalarCodec(IntegerType()), nullable=False),
            UnischemaField("image", np.uint8, (224, 224, 3), pixels, nullable=False),
        ],
    )
    # The driver holds all rows; its default of 1 GB is too small for 16,384, and then the job hangs.
    builder = SparkSession.builder.master("local[2]").config("spark.driver.memory", "4g")
    spark = builder.config("spark.ui.enabled", "false").getOrCreate()
    with materialize_dataset(spark, f"file://{folder}", schema, row_group_size_mb=4):
        rows = []
        for path in sorted(Path(shards).glob("*.parquet")):
            table = pq.read_table(path, columns=["class_index", "image"])
            for class_index, jpeg in zip(*(column.to_pylist() for column in table.columns), strict=True):
                image = np.asarray(Image.open(io.BytesIO(jpeg)))
                rows.append(dict_to_spark_row(schema, {"class_index": np.int32(class_index), "image": image}))
        frame = spark.createDataFrame(rows, schema.as_spark_schema()).repartition(4)
        frame.write.mode("overwrite").parquet(f"file://{folder}")
    spark.stop()


if __name__ == "__main__":
    main()
