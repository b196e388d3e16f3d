"""How fast photos become squares of 250 x 250 pixels on one core, and the quality of the squares.

    python benchmarks/resize.py [--write] [--photos 8] [--runs 7]

Contestants take turns on the same photos: three sizes, large ones that are grainier and sharper than a
camera's (twice the bytes), and those of LANDMARK_REAL_DATA, if set. The contestants are this project,
img2dataset's resizer in a separate environment (created in .cache/ by the first run), Pillow decoding every
pixel, and, as the limit, only decoding at reduced scale. Speed is photos per second of CPU time, from the
bytes of a photo to those of its square. Quality is the PSNR of the encoded square against full decoding and
Lanczos. Then the same inside Spark, in wall time, against a plain loop. Exit status 1 if a goal is missed.
"""

import argparse
import io
import os
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable, Iterator
from itertools import cycle, islice
from pathlib import Path
from statistics import median

import numpy as np
import pyarrow as pa
from photos import encoded, made_up_photo
from PIL import Image
from results import Column, goals, markdown_table, publish

from landmark_lib.images.decode import decode_square
from landmark_lib.images.jpeg import encode_jpeg
from landmark_lib.settings import PreprocessSettings

HERE = Path(__file__).parent
ENVIRONMENT = HERE.parent / ".cache" / "img2dataset"
QUIET_IMG2DATASET = {"NO_ALBUMENTATIONS_UPDATE": "1"}  # or it looks for a newer version online
SIDE, MAX_PIXELS = 250, 200_000_000
SIZES = {"1.2 MP": (1280, 960), "2.6 MP": (1864, 1398), "6.2 MP": (2880, 2160)}
GRAINY = "6.2 MP, grainy"
REAL = "real"
REAL_SHORTER_SIDE = 700  # pixels; every contestant decodes smaller photos in full
OVER_IMG2DATASET = {"1.2 MP": 1.2, "2.6 MP": 1.6, "6.2 MP": 2.3}
OF_BARE_DECODE = {"2.6 MP": 0.85, "6.2 MP": 0.85}
OF_BARE_LOOP = 0.85

Square = Callable[[bytes], object]


def this_project(content: bytes) -> bytes:
    """Resize as the Spark tasks do."""
    return encode_jpeg(decode_square(content, SIDE, MAX_PIXELS)[0])


def reference(content: bytes) -> Image.Image:
    """Decode every pixel, then crop and resize by Lanczos in one step."""
    photo = Image.open(io.BytesIO(content)).convert("RGB")
    length = min(photo.size)
    left, top = (photo.width - length) / 2, (photo.height - length) / 2
    box = (left, top, left + length, top + length)
    return photo.resize((SIDE, SIDE), Image.Resampling.LANCZOS, box)


def plain_pillow(content: bytes) -> bytes:
    """Resize with every pixel decoded."""
    return encode_jpeg(reference(content))


def bare_decode(content: bytes) -> None:
    """Only decode, at the smallest scale with at least twice the pixels per side."""
    with Image.open(io.BytesIO(content)) as photo:
        photo.draft(None, (2 * SIDE, 2 * SIDE))
        photo.load()


def img2dataset_environment() -> Path:
    """Create img2dataset's environment if it does not exist; return the folder of its commands."""
    commands = ENVIRONMENT / "bin"
    if not (commands / "img2dataset").exists():
        venv.create(ENVIRONMENT, with_pip=True)
        install = [
            commands / "python",
            "-m",
            "pip",
            "install",
            "-q",
            "-r",
            HERE / "img2dataset/requirements.txt",
        ]
        subprocess.run(install, check=True)
    return commands


class Img2Dataset:
    """img2dataset's resizer in a separate process."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [img2dataset_environment() / "python", "-W", "ignore", HERE / "img2dataset" / "resizer.py"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **QUIET_IMG2DATASET},
        )
        self._ask, self._answer = self._process.stdin, self._process.stdout

    def seconds(self, folder: Path, results: Path | None = None) -> float:
        """Resize all photos of a folder; return the CPU seconds."""
        self._ask.write(f"{folder}\t{results or '-'}\n")
        self._ask.flush()
        return float(self._answer.readline())

    def close(self) -> None:
        """End the process."""
        self._process.communicate()


def main() -> int:
    """Measure everything, print the tables, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--write", action="store_true", help="write the tables to benchmarks/RESULTS.md")
    parser.add_argument("--photos", type=int, default=8, help="photos per size")
    parser.add_argument("--runs", type=int, default=7, help="runs per contestant; the median is reported")
    arguments = parser.parse_args()
    missed: list[str] = []
    with tempfile.TemporaryDirectory() as scratch:
        folders = write_photos(Path(scratch), arguments.photos)
        table = speed_and_quality(folders, arguments.runs, missed)
        table += "\n\n" + inside_spark(folders, arguments.runs, missed)
    publish("resize", f"{table}\n\n{goals(missed)}", write=arguments.write)
    return int(bool(missed))


def write_photos(scratch: Path, photos: int) -> dict[str, Path]:
    """Write the photos of each kind to a separate folder, as JPEGs of quality 90."""
    kinds: dict[str, tuple[tuple[int, int], dict[str, float]]] = {
        name: (size, {}) for name, size in SIZES.items()
    }
    kinds[GRAINY] = (SIZES["6.2 MP"], {"noise": 2.0, "blur": 0.0, "unevenness": 0.0})
    folders = {}
    for number, (name, ((width, height), look)) in enumerate(kinds.items()):
        folders[name] = scratch / str(number)
        folders[name].mkdir()
        for seed in range(photos):
            photo = made_up_photo(width, height, seed, **look)
            (folders[name] / f"{seed}.jpg").write_bytes(encoded(photo, "JPEG", quality=90))
    if data := os.environ.get("LANDMARK_REAL_DATA"):
        folders[REAL] = scratch / REAL
        folders[REAL].mkdir()
        for path in real_photos(Path(data)):
            (folders[REAL] / path.name).write_bytes(path.read_bytes())
    return folders


def real_photos(data: Path) -> Iterator[Path]:
    """Yield the real photos that are large, plain JPEGs: upright, without a profile."""
    for path in sorted(data.glob("photos/*/*.jpg")):
        with Image.open(path) as photo:
            plain = photo.mode == "RGB" and not photo.getexif() and "icc_profile" not in photo.info
            if photo.format == "JPEG" and plain and min(photo.size) >= REAL_SHORTER_SIDE:
                yield path


def speed_and_quality(folders: dict[str, Path], runs: int, missed: list[str]) -> str:
    """Time the contestants in turns, and add missed goals to `missed`."""
    theirs = Img2Dataset()
    rows = []
    for name, folder in folders.items():
        contents = [path.read_bytes() for path in sorted(folder.iterdir())]
        ours: dict[str, Square] = {"this": this_project, "pillow": plain_pillow, "bare": bare_decode}
        speeds: dict[str, list[float]] = {key: [] for key in ("img2dataset", *ours)}
        for _ in range(runs + 1):
            speeds["img2dataset"].append(len(contents) / theirs.seconds(folder))
            for key, square in ours.items():
                speeds[key].append(len(contents) / cpu_seconds(square, contents))
        speed = {key: Column(values[1:]) for key, values in speeds.items()}  # the first run warms up
        over, of_bare = speed["this"].over(speed["img2dataset"]), speed["this"].over(speed["bare"])
        our_psnr, their_psnr = qualities(contents, folder, theirs)
        worse = sum(a <= b for a, b in zip(our_psnr, their_psnr, strict=True))
        rows.append(
            [
                f"{name} ({len(contents)}, {np.mean([len(c) for c in contents]) / 1000:.0f} kB)",
                *(str(speed[key]) for key in ("this", "img2dataset", "pillow", "bare")),
                str(over),
                str(of_bare),
                f"{median(our_psnr):.1f} / {min(our_psnr):.1f}",
                f"{median(their_psnr):.1f} / {min(their_psnr):.1f}",
            ]
        )
        if over.value < OVER_IMG2DATASET.get(name, 0):
            missed.append(f"{name} {over} times img2dataset, not {OVER_IMG2DATASET[name]}")
        if of_bare.value < OF_BARE_DECODE.get(name, 0):
            missed.append(f"{name} {of_bare} of the bare decode, not {OF_BARE_DECODE[name]}")
        if worse:
            missed.append(f"{name} {worse} photos no better than img2dataset's")
    theirs.close()
    header = ["photos (number, size)", "this project", "img2dataset", "Pillow, all pixels", "bare decode"]
    header += ["/ img2dataset", "/ bare decode", "PSNR, median / minimum", "img2dataset's"]
    about = "Photos per second of CPU time on one core, ratios with their range over runs; PSNR in dB:"
    return f"{about}\n\n{markdown_table(header, rows)}"


def cpu_seconds(square: Square, contents: list[bytes]) -> float:
    """Time one contestant on all photos."""
    begin = time.process_time()
    for content in contents:
        square(content)
    return time.process_time() - begin


def qualities(contents: list[bytes], folder: Path, theirs: Img2Dataset) -> tuple[list[float], list[float]]:
    """Return the PSNR of this project's encoded squares and of img2dataset's."""
    with tempfile.TemporaryDirectory() as results:
        theirs.seconds(folder, Path(results))
        squares = [(Path(results) / path.name).read_bytes() for path in sorted(folder.iterdir())]
    wanted = [reference(content) for content in contents]
    ours = [psnr(this_project(content), image) for content, image in zip(contents, wanted, strict=True)]
    return ours, [psnr(square, image) for square, image in zip(squares, wanted, strict=True)]


def psnr(jpeg: bytes, wanted: Image.Image) -> float:
    """Return the peak signal-to-noise ratio in dB."""
    image = Image.open(io.BytesIO(jpeg)).convert("RGB")
    error = np.asarray(image).astype(float) - np.asarray(wanted).astype(float)
    return float(10 * np.log10(255**2 / np.mean(error**2)))


def inside_spark(folders: dict[str, Path], runs: int, missed: list[str]) -> str:
    """Time files to squares in a Spark task on one core against a plain loop, in turns, in wall time."""
    from landmark_lib.preprocess.session import spark_session

    os.environ["PYSPARK_SUBMIT_ARGS"] = (
        "--master local[1] --conf spark.ui.showConsoleProgress=false pyspark-shell"
    )
    os.environ["PYSPARK_PYTHON"] = sys.executable
    spark = spark_session("resize")
    spark.sparkContext.setLogLevel("ERROR")
    rows = []
    for name, folder in folders.items():
        paths = [str(path) for path in sorted(folder.iterdir())]
        paths = list(islice(cycle(paths), PreprocessSettings().photos_per_part))  # as many as one task has
        frame = spark.createDataFrame([(path,) for path in paths], "path string").coalesce(1)
        job = frame.mapInArrow(resize_batches, "path string, image binary")
        inside, plain = [], []
        for _ in range(runs + 1):
            begin = time.perf_counter()
            job.write.format("noop").mode("overwrite").save()
            middle = time.perf_counter()
            for path in paths:
                this_project(Path(path).read_bytes())
            inside.append(len(paths) / (middle - begin))
            plain.append(len(paths) / (time.perf_counter() - middle))
        in_spark, loop = Column(inside[1:]), Column(plain[1:])  # the first run warms up
        ratio = in_spark.over(loop)
        rows.append([name, str(in_spark), str(loop), str(ratio)])
        if ratio.value < OF_BARE_LOOP:
            missed.append(f"{name} {ratio} of the bare loop inside Spark, not {OF_BARE_LOOP}")
    spark.stop()
    header = ["photos", "inside Spark", "plain loop", "Spark / loop"]
    return "Photos per second of wall time, files to squares, one core:\n\n" + markdown_table(header, rows)


def resize_batches(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Resize files in a Spark task."""
    for batch in batches:
        paths = batch.column("path").to_pylist()
        images = [this_project(Path(path).read_bytes()) for path in paths]
        yield pa.RecordBatch.from_arrays([pa.array(paths), pa.array(images, pa.binary())], ["path", "image"])


if __name__ == "__main__":
    sys.exit(main())
