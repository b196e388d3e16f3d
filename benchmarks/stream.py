"""How fast the input pipeline feeds a training step that does nothing, and whether its memory stays constant.

    python benchmarks/stream.py [--write] [--runs 5] [--rows 16384]

Contestants take turns on the same JPEGs of 224 x 224: this project's pipeline, as it is and with pyarrow as
its reader; the limit (the same bytes from memory, decoded row by row and batched, by a fixed number of calls
at a time, the fastest of several numbers); TFRecord files, decoded in the same way by four calls per core;
WebDataset (two processes that each read half of the tars and discard the batches); and Petastorm's own reader
with its codecs. Speed is images per second of wall time; beside it is the processor time of all processes.
The first turn warms up, uncounted. Exit status 1 if a goal is missed.
"""

import io
import os
import subprocess
import sys
import tarfile
import tempfile
import time
from argparse import Namespace
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from arguments import parse

if __name__ == "__main__":
    arguments = parse(
        __doc__,
        runs=(5, "runs per contestant; the median is reported"),
        rows=(16384, "rows of the training set"),
    )

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import psutil
import pyarrow.parquet as pq
import tensorflow as tf
from results import Column, goals, markdown_table, publish
from shard_sets import write_shard_set

from landmark_lib import dataset
from landmark_lib.method.epochs import ShardSlice
from landmark_lib.training.reading import Group, Shards, read_slices
from landmark_lib.training.stream import (
    BATCHES_AHEAD,
    SHUFFLED_ROWS,
    TRAINED,
    decode,
    training_batches,
)

HERE = Path(__file__).parent
PEERS = HERE.parent / ".cache" / "stream_peers"
SIDE, BATCH, SHARD = 224, 32, 1024
PASSES = 10
CALLS_PER_CORE = (1, 2, 4, 8, 32)  # the limit is the fastest
CALLS_OF_PEER = 4  # per core
OF_THE_LIMIT, OVER_THE_BEST_PEER, GROWTH = 0.95, 1.1, 1.05

Pass = Callable[[], int]  # returns the number of images


def main(arguments: Namespace) -> int:
    """Measure, print, and return the exit status."""
    # SCHED_BATCH: threads that wake each other thousands of times per second do not preempt each other.
    os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    missed: list[str] = []
    with tempfile.TemporaryDirectory() as scratch:
        manifest = write_shard_set(f"{scratch}/dataset", arguments.rows, rows_per_shard=SHARD)
        shards = Shards(f"{scratch}/dataset", manifest.files_in(dataset.COMMON))
        table = speed(Path(scratch), shards, arguments.runs, missed)
        table += "\n\n" + memory(shards, missed)
    publish("stream", f"{table}\n\n{goals(missed)}", write=arguments.write)
    return int(bool(missed))


def speed(scratch: Path, shards: Shards, runs: int, missed: list[str]) -> str:
    """Time all contestants in turns."""
    peers = prepare_peers(scratch, shards)
    limits = in_memory(shards)
    others: dict[str, Pass] = {
        "this project, read by pyarrow": lambda: count(project_batches(shards, read_by_pyarrow)),
        "TFRecord": tf_records(scratch, shards),
        **{name: peer.ask for name, peer in peers.items()},
    }
    own: dict[str, Pass] = {"this project": lambda: count(project_batches(shards))}
    speeds, processor = take_turns(own | limits | others, runs)
    for peer in peers.values():
        peer.close()
    ours = speeds["this project"]
    limit = max(limits, key=lambda name: speeds[name].shown)
    ratios = {name: ours.over(speeds[name]) for name in (limit, *others)}
    if ratios[limit].value < OF_THE_LIMIT:
        missed.append(f"{ratios[limit]} of the limit, not {OF_THE_LIMIT}")
    worst = min((ratios[name] for name in ("TFRecord", *peers)), key=lambda ratio: ratio.value)
    if worst.value < OVER_THE_BEST_PEER:
        missed.append(f"{worst} times the best peer, not {OVER_THE_BEST_PEER}")
    header = ["pipeline", "images/s", "this project / it (range over runs)", "processor time per image, µs"]
    rows = [
        [name, str(speeds[name]), str(ratios.get(name, "")), str(processor[name])]
        for name in ("this project", limit, *others)
    ]
    return markdown_table(header, rows)


def take_turns(contestants: dict[str, Pass], runs: int) -> tuple[dict[str, Column], dict[str, Column]]:
    """Return images per second and microseconds of processor time per image of each contestant."""
    speeds: dict[str, list[float]] = {name: [] for name in contestants}
    processor: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(runs + 1):
        for name, one_pass in contestants.items():
            before, begin = processor_seconds(), time.perf_counter()
            images = one_pass()
            speeds[name].append(images / (time.perf_counter() - begin))
            processor[name].append((processor_seconds() - before) / images * 1e6)
    # The first run warms up.
    return (
        {name: Column(values[1:]) for name, values in speeds.items()},
        {name: Column(values[1:]) for name, values in processor.items()},
    )


def processor_seconds() -> float:
    """Return the processor time of this process and of all that it started, also of those that ended."""
    this = psutil.Process()
    return sum(sum(process.cpu_times()[:4]) for process in (this, *this.children(recursive=True)))


def project_batches(shards: Shards, read: Callable[..., Iterator[Group]] = read_slices) -> Iterator[Any]:
    """Return the batches of one pass, as in training."""
    slices = [ShardSlice(n, 0, record.rows) for n, record in enumerate(shards.records)]
    return training_batches(lambda: read(shards, slices, TRAINED), SIDE, BATCH, seed=1)


def read_by_pyarrow(shards: Shards, slices: Sequence[ShardSlice], columns: Sequence[str]) -> Iterator[Group]:
    """Yield the row groups of entire shards, without the checks of `read_slices`."""
    for part in slices:
        file = pq.ParquetFile(f"{shards.root}/{shards.records[part.shard].path}")
        for number in range(file.num_row_groups):
            table = file.read_row_group(number, columns=list(columns), use_threads=False)
            yield tuple(table[column].to_numpy() for column in columns)


def count(batches: Iterable[Any]) -> int:
    """Read all batches, and return the number of images."""
    return sum(int(labels.shape[0]) for _, labels in batches)


def in_memory(shards: Shards) -> dict[str, Pass]:
    """Return passes that decode and batch the same bytes from memory, by the number of calls at a time."""
    jpegs, labels = rows_of(shards)
    rows = tf.data.Dataset.from_tensor_slices((tf.constant(jpegs), tf.constant(labels)))
    passes: dict[str, Pass] = {}
    for calls in (each * cores() for each in CALLS_PER_CORE):
        batches = decoded(rows, lambda jpeg, label: (decode(jpeg, SIDE), label), calls)
        passes[f"limit: decoding from memory, {calls} calls"] = partial(count, batches)
    return passes


def cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0))


def decoded(rows: tf.data.Dataset, prepare: Callable[..., object], calls: int) -> tf.data.Dataset:
    """Return batches of what becomes of rows, that many calls at a time."""
    prepared = rows.map(prepare, num_parallel_calls=calls, deterministic=True)
    return prepared.batch(BATCH, drop_remainder=True).prefetch(BATCHES_AHEAD)


def tf_records(scratch: Path, shards: Shards) -> Pass:
    """Return a pass over the same rows in TFRecord files, shuffled in the same way."""
    paths = []
    for number, record in enumerate(shards.records):
        jpegs, labels = rows_of(Shards(shards.root, [record]))
        paths.append(str(scratch / f"{number}.tfrecord"))
        with tf.io.TFRecordWriter(paths[-1]) as writer:
            for jpeg, label in zip(jpegs, labels, strict=True):
                features = {
                    "image": tf.train.Feature(bytes_list=tf.train.BytesList(value=[jpeg])),
                    "class_index": tf.train.Feature(int64_list=tf.train.Int64List(value=[label])),
                }
                example = tf.train.Example(features=tf.train.Features(feature=features))
                writer.write(example.SerializeToString())
    columns = {
        "image": tf.io.FixedLenFeature([], tf.string),
        "class_index": tf.io.FixedLenFeature([], tf.int64),
    }

    def prepare(example: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        row = tf.io.parse_single_example(example, columns)
        return decode(row["image"], SIDE), row["class_index"]

    batches = decoded(tf.data.TFRecordDataset(paths).shuffle(SHUFFLED_ROWS), prepare, CALLS_OF_PEER * cores())
    return lambda: count(batches)


def rows_of(shards: Shards) -> tuple[list[bytes], list[int]]:
    """Return the JPEGs and class indices of some shards."""
    tables = [pq.read_table(f"{shards.root}/{record.path}") for record in shards.records]
    jpegs = [jpeg for table in tables for jpeg in table["image"].to_pylist()]
    return jpegs, [label for table in tables for label in table["class_index"].to_pylist()]


class Peer:
    """The pipeline of another project, in a separate process with additional packages."""

    def __init__(self, kind: str, folder: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-W", "ignore", HERE / "stream_peers" / "peer.py", kind, folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=with_peers(),
        )

    def ask(self) -> int:
        """Run one pass, and return the number of images."""
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        while line := self._process.stdout.readline():
            if line.startswith("pass: "):
                return int(line.split()[1])
        raise RuntimeError("the peer ended")

    def close(self) -> None:
        """End the process."""
        self._process.communicate()


def with_peers() -> dict[str, str]:
    """Return environment variables with which the peers' packages are found."""
    return {**os.environ, "PYTHONPATH": str(PEERS), "PYSPARK_PYTHON": sys.executable}


def prepare_peers(scratch: Path, shards: Shards) -> dict[str, Peer]:
    """Install the peers' packages if they are missing, and write the same rows in their formats."""
    if not PEERS.exists():
        requirements = HERE / "stream_peers" / "requirements.txt"
        install = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", PEERS, "-r"]
        subprocess.run([*install, requirements], check=True)
    tars, petastorm = scratch / "tars", scratch / "petastorm"
    tars.mkdir()
    for number, record in enumerate(shards.records):
        with tarfile.open(tars / f"{number:05}.tar", "w") as tar:
            jpegs, labels = rows_of(Shards(shards.root, [record]))
            for row, (jpeg, label) in enumerate(zip(jpegs, labels, strict=True)):
                for ending, content in (("jpg", jpeg), ("cls", str(label).encode())):
                    member = tarfile.TarInfo(f"{number:05}-{row:05}.{ending}")
                    member.size = len(content)
                    tar.addfile(member, io.BytesIO(content))
    peer = [sys.executable, "-W", "ignore", HERE / "stream_peers" / "peer.py"]
    common = f"{shards.root}/{dataset.COMMON}"
    subprocess.run([*peer, "materialize", petastorm, common], check=True, env=with_peers())
    return {
        "WebDataset": Peer("webdataset", tars),
        "Petastorm's make_reader": Peer("petastorm", petastorm),
    }


def memory(shards: Shards, missed: list[str]) -> str:
    """Return a line with the memory of this process after each of several passes."""
    megabytes = []
    for _ in range(PASSES):
        count(project_batches(shards))
        megabytes.append(psutil.Process().memory_info().rss / 1e6)
    growth = megabytes[-1] / megabytes[0]
    if growth > GROWTH:
        missed.append(f"memory grows {growth:.2f} times over {PASSES} passes, not {GROWTH}")
    sizes = ", ".join(f"{value:.0f}" for value in megabytes)
    return f"Resident memory after each of {PASSES} passes, MB: {sizes} (last / first {growth:.3f})."


if __name__ == "__main__":
    sys.exit(main(arguments))
