"""Bytes and decodes of a preprocessing run.

    python benchmarks/shuffle_bytes.py [--write]

Runs jobs/preprocess.py on the sample of 1,000 photos, once from a folder and once from a server on loopback.
Spark's event log has the bytes shuffled, the server counts the bytes sent, and a hook in the job's Python
processes (benchmarks/counting) counts the photos opened and decoded. Exit status 1 if a goal is missed.
"""

import csv
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote, unquote

import click
from results import markdown_table, publish

from landmark_lib.dataset import CORPUS, CORPUS_SIZE, SHARD_IMAGE_SIZE, Manifest, read_manifest
from landmark_sample.write import SampleSettings, write_sample

ROOT = Path(__file__).parents[1]
COUNTING = Path(__file__).with_name("counting")


@dataclass(frozen=True)
class Run:
    """One run of the job.

    Attributes:
        manifest: Of the resulting data set.
        shuffled: Bytes that tasks wrote for other tasks: pixels, plans and lists.
        opened: Number of times that each file of the source was opened.
        decoded: Number of decodes by side in pixels, for squares of the corpus or of the shards; 0 stands for
            photos.
    """

    manifest: Manifest
    shuffled: int
    opened: Counter[str]
    decoded: Counter[int]


@dataclass
class Sent:
    """What the server sent.

    Attributes:
        requests: Responses with a photo, by path.
        bytes: Total bytes of the photos.
    """

    requests: Counter[str] = field(default_factory=Counter)
    bytes: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


@dataclass(frozen=True)
class Ratio:
    """One row of the table; `limit` is the goal for the ratio."""

    what: str
    measured: int
    compared: int
    limit: float

    @property
    def missed(self) -> bool:
        """Whether the ratio is above the goal."""
        return self.measured > self.limit * self.compared

    def cells(self) -> list[str]:
        """Return the cells of the row."""
        ratio = f"{self.measured / self.compared:.3f}"
        return [self.what, f"{self.measured:,}", f"{self.compared:,}", ratio, f"{self.limit:g}"]


@click.command()
@click.option(
    "--photos",
    type=click.Path(exists=True, path_type=Path),
    help="Folder of folders by label.  [default: the embedded sample, rendered into a temporary folder]",
)
@click.option("--write", is_flag=True, help="Write the table to RESULTS.md.")
def main(*, photos: Path | None, write: bool) -> None:
    """Measure what is shuffled, read and decoded."""
    with tempfile.TemporaryDirectory() as temporary:
        scratch = Path(temporary)
        if photos is None:
            photos = scratch / "sample"
            write_sample(SampleSettings(), photos)
        files = sorted(path for path in photos.resolve().glob("*/**/*") if path.is_file())
        size = sum(path.stat().st_size for path in files)
        ratios = _measure(photos.resolve(), files, size, scratch)
    rows = [ratio.cells() for ratio in ratios]
    table = markdown_table(["what", "measured", "reference", "ratio", "at most"], rows)
    section = f"{len(files):,} photos of {size / 1e6:.1f} MB\n\n{table}"
    publish("shuffle_bytes", section, write=write)
    sys.exit(any(ratio.missed for ratio in ratios))


def _measure(photos: Path, files: Sequence[Path], size: int, scratch: Path) -> list[Ratio]:
    local = _run(scratch / "folder", photos, ["--input", str(photos)])
    with _server(photos) as (address, sent):
        listed = scratch / "photos.csv"
        _write_list(listed, photos, files, address)
        remote = _run(scratch / "served", photos, ["--input", str(listed), "--allow-private-addresses"])
    if local.manifest.rows_in(CORPUS) != remote.manifest.rows_in(CORPUS):
        raise click.ClickException("expected equal numbers of photos from the folder and from the server")
    return [
        *_of_run("folder", local, len(files)),
        Ratio("folder: photos opened / photos", sum(local.opened.values()), len(files), 1),
        *_of_run("http", remote, len(files)),
        Ratio("http: photos sent / photos", sum(sent.requests.values()), len(files), 1),
        Ratio("http: bytes of photos sent / of the source", sent.bytes, size, 1.01),
    ]


def _of_run(name: str, run: Run, photos: int) -> list[Ratio]:
    images = run.manifest.rows_in(CORPUS)
    return [
        Ratio(
            f"{name}: bytes shuffled, all stages / of shards", run.shuffled, _shard_bytes(run.manifest), 1.05
        ),
        Ratio(f"{name}: decodes of photos / photos", run.decoded[0], photos, 1),
        Ratio(f"{name}: decodes of corpus images / images", run.decoded[CORPUS_SIZE], images, 1),
    ]


def _shard_bytes(manifest: Manifest) -> int:
    return sum(r.bytes for r in manifest.files if r.path.startswith(("train/", "validation/")))


def _run(scratch: Path, photos: Path, arguments: Iterable[str]) -> Run:
    events, counts, output = (scratch / name for name in ("events", "counts", "out"))
    events.mkdir(parents=True)
    counts.mkdir()
    command = [
        *(str(Path(sys.executable).with_name("spark-submit")), "--master", "local[2]"),
        *("--conf", "spark.eventLog.enabled=true", "--conf", f"spark.eventLog.dir={events.as_uri()}"),
        *(str(ROOT / "jobs" / "preprocess.py"), "--output", str(output), *arguments),
    ]
    path = os.pathsep.join(filter(None, [str(COUNTING), os.environ.get("PYTHONPATH")]))
    environment = {"PYTHONPATH": path, "COUNT_INTO": str(counts), "COUNT_SOURCE": str(photos)}
    subprocess.run(command, check=True, env=os.environ | environment, stdout=subprocess.DEVNULL)
    noted = [line.split(" ", 1) for file in counts.iterdir() for line in file.read_text().splitlines()]
    squares = {f"{side} {side}": side for side in (CORPUS_SIZE, SHARD_IMAGE_SIZE)}
    return Run(
        read_manifest(str(output)),
        _shuffled_bytes(events),
        Counter(what for event, what in noted if event == "open"),
        Counter(squares.get(what, 0) for event, what in noted if event == "decode"),
    )


def _shuffled_bytes(events: Path) -> int:
    (log,) = (path for path in events.rglob("*") if path.is_file() and not path.name.endswith(".crc"))
    ended = (json.loads(line) for line in log.read_text().splitlines() if '"SparkListenerTaskEnd"' in line)
    metrics = (event["Task Metrics"] for event in ended if "Task Metrics" in event)
    return sum(task["Shuffle Write Metrics"]["Shuffle Bytes Written"] for task in metrics)


@contextmanager
def _server(folder: Path) -> Iterator[tuple[str, Sent]]:
    """Serve a folder on loopback and count what is sent."""
    sent = Sent()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"  # connections are reused

        def do_GET(self) -> None:
            content = (folder / unquote(self.path).lstrip("/")).read_bytes()
            with sent.lock:
                sent.requests[self.path] += 1
                sent.bytes += len(content)
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", sent
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _write_list(path: Path, photos: Path, files: Iterable[Path], address: str) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "url", "landmark_id"])
        for photo in files:
            name = photo.relative_to(photos).as_posix()
            writer.writerow([name, f"{address}/{quote(name)}", name.partition("/")[0]])


if __name__ == "__main__":
    main()
