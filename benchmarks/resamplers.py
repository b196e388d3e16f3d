"""Other ways from a JPEG to a square of 250 x 250 pixels: resamplers and decoders from wheels.

    python benchmarks/resamplers.py [--write] [--photos 4] [--runs 5]

Contestants take turns on the photos of `resize.py`, in CPU time of one core, up to the encoded square.
Beside this project's way: Pillow's cheaper kernel Hamming, OpenCV's vectorised INTER_AREA, simplejpeg as
the decoder, and libvips. None of them does the rest of `decode_square`: profiles, CMYK, orientation, deep
grey, truncated files. Quality is the PSNR of the square, before it is encoded, against full decoding and
Lanczos in floats. The first run installs the packages in .cache/. Exit status 1 if one is faster and no
worse.
"""

import argparse
import io
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from PIL import Image
from resize import HERE, MAX_PIXELS, SIDE, bare_decode, cpu_seconds, write_photos
from results import Column, markdown_table, publish

from landmark_lib.images.decode import MIN_OVERSAMPLING, decode_square
from landmark_lib.images.jpeg import encode_jpeg

PEERS = HERE.parent / ".cache" / "resampling_peers"
REDUCED = math.ceil(SIDE * MIN_OVERSAMPLING)
PROJECT = "this project"

Pixels = Any  # (height, width, 3), numpy
Box = tuple[float, float, float, float]
Contestants = dict[str, Callable[[bytes], Image.Image]]


def main() -> int:
    """Measure the contestants, print the table, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--write", action="store_true", help="write the table to benchmarks/RESULTS.md")
    parser.add_argument("--photos", type=int, default=4, help="photos per size")
    parser.add_argument("--runs", type=int, default=5, help="runs per contestant; the median is reported")
    arguments = parser.parse_args()
    contestants = prepare()
    rows, better = [], []
    with tempfile.TemporaryDirectory() as scratch:
        for kind, folder in write_photos(Path(scratch), arguments.photos).items():
            contents = [path.read_bytes() for path in sorted(folder.iterdir())]
            speeds, bare = race(contestants, contents, arguments.runs)
            wanted = [exact(content) for content in contents]
            quality = {name: qualities(make, contents, wanted) for name, make in contestants.items()}
            for name, speed in speeds.items():
                rows.append([kind, name, str(speed), str(speed.over(speeds[PROJECT])), str(speed.over(bare))])
                rows[-1].append(f"{median(quality[name]):.1f} / {min(quality[name]):.1f}")
                is_faster = speed.shown > speeds[PROJECT].shown
                if is_faster and median(quality[name]) >= median(quality[PROJECT]):
                    better.append(f"{kind}: {name}")
    header = ["photos", "square by", "photos/s", "/ this project", "/ bare decode", "PSNR, median / minimum"]
    verdict = f"Faster and no worse: {', '.join(better) or 'none'}."
    publish("resamplers", f"{markdown_table(header, rows)}\n\n{verdict}", write=arguments.write)
    return int(bool(better))


def prepare() -> Contestants:
    """Install the peers' packages if they are missing; return the contestants."""
    if not PEERS.exists():
        install = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", PEERS]
        subprocess.run([*install, "-r", HERE / "resampling_peers" / "requirements.txt"], check=True)
    sys.path.append(str(PEERS))
    os.environ["VIPS_CONCURRENCY"] = "1"
    import cv2
    import pyvips
    import simplejpeg

    cv2.setNumThreads(1)

    def area(pixels: Pixels) -> Image.Image:
        left, top, right, bottom = map(round, centre(pixels.shape[1], pixels.shape[0]))
        part = pixels[top:bottom, left:right]
        return Image.fromarray(cv2.resize(part, (SIDE, SIDE), interpolation=cv2.INTER_AREA))

    def by_simplejpeg(content: bytes) -> Pixels:
        height, width, _, _ = simplejpeg.decode_jpeg_header(content)
        factor = REDUCED / min(height, width)
        least = {"min_height": math.ceil(height * factor), "min_width": math.ceil(width * factor)}
        return simplejpeg.decode_jpeg(content, min_factor=1, **least)

    def vips(content: bytes) -> Image.Image:
        thumbnail = pyvips.Image.thumbnail_buffer(content, SIDE, height=SIDE, crop="centre", no_rotate=True)
        return Image.fromarray(thumbnail.numpy())

    return {
        PROJECT: lambda content: decode_square(content, SIDE, MAX_PIXELS)[0],
        "Pillow, Hamming": hamming,
        "Pillow, then INTER_AREA": lambda content: area(np.asarray(drafted(content)[0])),
        "simplejpeg, then INTER_AREA": lambda content: area(by_simplejpeg(content)),
        "libvips": vips,
    }


def centre(width: float, height: float) -> Box:
    """Return the box of the centre square."""
    length = min(width, height)
    left, top = (width - length) / 2, (height - length) / 2
    return left, top, left + length, top + length


def drafted(content: bytes) -> tuple[Image.Image, tuple[float, float]]:
    """Decode as this project does, at a reduced scale; return the photo and its extent in pixels."""
    photo = Image.open(io.BytesIO(content))
    _, (_, _, width, height) = photo.draft(None, (REDUCED, REDUCED))
    photo.load()
    return photo, (width, height)


def hamming(content: bytes) -> Image.Image:
    """Resize by Pillow's kernel between a box and bicubic."""
    photo, extent = drafted(content)
    return photo.resize((SIDE, SIDE), Image.Resampling.HAMMING, centre(*extent))


def race(contestants: Contestants, contents: list[bytes], runs: int) -> tuple[dict[str, Column], Column]:
    """Return the photos per second of CPU time of each contestant, and of only decoding."""
    turns: dict[str, list[float]] = {name: [] for name in contestants}
    bare = []
    for _ in range(runs + 1):
        bare.append(len(contents) / cpu_seconds(bare_decode, contents))
        for name, make in contestants.items():
            seconds = cpu_seconds(lambda content, make=make: encode_jpeg(make(content)), contents)
            turns[name].append(len(contents) / seconds)
    # The first run warms up.
    return {name: Column(speeds[1:]) for name, speeds in turns.items()}, Column(bare[1:])


def qualities(
    make: Callable[[bytes], Image.Image], contents: list[bytes], wanted: list[Pixels]
) -> list[float]:
    """Return the PSNR of each square in dB."""
    errors = (np.asarray(make(content)) - pixels for content, pixels in zip(contents, wanted, strict=True))
    return [float(10 * np.log10(255**2 / np.mean(error**2))) for error in errors]


def exact(content: bytes) -> Pixels:
    """Decode every pixel, then crop and resize by Lanczos in floats."""
    photo = Image.open(io.BytesIO(content)).convert("RGB")
    box = centre(*photo.size)
    bands = [band.convert("F").resize((SIDE, SIDE), Image.Resampling.LANCZOS, box) for band in photo.split()]
    return np.stack([np.asarray(band) for band in bands], axis=-1).clip(0, 255)


if __name__ == "__main__":
    sys.exit(main())
