"""Entire commands from URLs to squares: jobs/preprocess.py and img2dataset, from a server on loopback.

    python benchmarks/whole_command.py [--write] [--runs 5]

Both download the same 1.2-megapixel photos over HTTP with 16 connections in one process and write Parquet.
Each runs with few and with many photos. The difference of the two times excludes the start of Spark and of
img2dataset.
"""

import argparse
import csv
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pyarrow.parquet as pq
from photos import encoded, made_up_photo
from resize import QUIET_IMG2DATASET, SIDE, img2dataset_environment
from results import Column, markdown_table, publish

JOB = Path(__file__).parents[1] / "jobs" / "preprocess.py"
FEW, MANY, DIFFERENT = 128, 1024, 16


class Quiet(SimpleHTTPRequestHandler):
    """Serve files and log nothing."""

    def log_message(self, *_: object) -> None:
        """Log nothing."""


def main() -> None:
    """Run both commands in turns and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--write", action="store_true", help="write the table to benchmarks/RESULTS.md")
    parser.add_argument("--runs", type=int, default=5, help="runs per command; the median is reported")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch, serving_photos(Path(scratch) / "photos") as address:
        lists = {count: write_list(Path(scratch), address, count) for count in (FEW, MANY)}
        commands = {"this project": this_project, "img2dataset": img2dataset}
        speeds: dict[str, list[float]] = {name: [] for name in commands}
        for run in range(arguments.runs):
            for name, command in commands.items():
                outputs = {count: Path(scratch) / f"{name} {run} {count}" for count in lists}
                few, many = (seconds(command(lists[count], outputs[count])) for count in (FEW, MANY))
                refuse_losses(outputs[MANY])
                speeds[name].append((MANY - FEW) / (many - few))
    columns = {name: Column(values) for name, values in speeds.items()}
    ratio = columns["this project"].over(columns["img2dataset"])
    rows = [[name, str(column)] for name, column in columns.items()]
    table = markdown_table(["command", "photos/s"], [*rows, ["ratio (range over runs)", str(ratio)]])
    publish("whole_command", table, write=arguments.write)


@contextmanager
def serving_photos(folder: Path) -> Iterator[str]:
    """Serve synthetic photos on loopback; yield the URL of their folder."""
    folder.mkdir()
    for seed in range(DIFFERENT):
        (folder / f"{seed}.jpg").write_bytes(encoded(made_up_photo(1280, 960, seed), "JPEG", quality=90))
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def write_list(scratch: Path, address: str, count: int) -> Path:
    """Write the URLs of `count` photos to a CSV that both commands can read."""
    path = scratch / f"{count}.csv"
    with path.open("w", newline="") as file:
        rows = ((f"photo {i}", f"{address}/{i % DIFFERENT}.jpg?{i}", f"place {i % 8}") for i in range(count))
        csv.writer(file).writerows([("id", "url", "landmark_id"), *rows])
    return path


def this_project(photos: Path, output: Path) -> list[str]:
    """Return this project's command: one task at a time, up to the corpus."""
    submit = [str(Path(sys.executable).with_name("spark-submit")), "--master", "local[1]", str(JOB)]
    where = ["--input", str(photos), "--output", str(output), "--until", "corpus"]
    return [*submit, *where, "--allow-private-addresses", "--connections-per-host", "16"]


def img2dataset(photos: Path, output: Path) -> list[str]:
    """Return img2dataset's command: one process."""
    where = ["--url_list", str(photos), "--input_format", "csv", "--output_folder", str(output)]
    size = ["--image_size", str(SIDE), "--resize_mode", "center_crop", "--encode_quality", "95"]
    workers = ["--processes_count", "1", "--thread_count", "16", "--output_format", "parquet"]
    return [str(img2dataset_environment() / "img2dataset"), *where, *size, *workers]


def seconds(command: list[str]) -> float:
    """Run a command; return the seconds it took."""
    begin = time.perf_counter()
    environment = {**os.environ, **QUIET_IMG2DATASET}
    subprocess.run(command, check=True, capture_output=True, env=environment)
    return time.perf_counter() - begin


def refuse_losses(output: Path) -> None:
    """Check that no photo was lost: both commands write one row per square.

    Raises:
        ValueError: Some are missing.
    """
    tables = [pq.read_table(file) for file in output.glob("**/*.parquet")]
    squares = [table[name] for table in tables for name in table.column_names if name in {"image", "jpg"}]
    rows = sum(len(column) - column.null_count for column in squares)
    if rows != MANY:
        raise ValueError(f"expected {MANY} squares in {output}, found {rows}")


if __name__ == "__main__":
    main()
