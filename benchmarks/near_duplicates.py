"""Near-duplicates: how many planted ones are found, how many photos are mistaken, and what it takes.

    python benchmarks/near_duplicates.py [--write] [--photos DIR] [--planted 200] [--images 1200000]

Of some photos, changed copies are made and hashed as the corpus is; all distinct photos are compared with
each other. By default the photos are a rendered sample. Then a corpus without pixels, with planted groups, is
searched by Spark with two cores. Exit status 1 if copies that were only resized, compressed or turned grey
are missed, if 1.2 million images take more than 10 minutes, or if a planted group is not found exactly.
"""

import io
import json
import random
import sys
import tempfile
from argparse import Namespace
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from arguments import parse
from PIL import Image, ImageOps, UnidentifiedImageError
from processes import measure
from results import digits, goals, markdown_table, publish

from landmark_lib.dataset import CORPUS_SIZE
from landmark_lib.errors import BadPhotoError
from landmark_lib.images.decode import decode_square
from landmark_lib.images.perceptual_hash import perceptual_hash
from landmark_lib.method.near_duplicates import MAX_DISTANCE, distances
from landmark_sample.write import SampleSettings, write_sample

ONCE = Path(__file__).with_name("near_duplicates_once.py")
SUBMIT = ("--driver-memory", "2g", "--master", "local[2]")
MAX_PIXELS, MAX_SIDE = 200_000_000, 1_600
THRESHOLDS = (2, 4, 6, 8, 10, 12)
MAX_MINUTES = 10  # for 1.2 million images
LANCZOS = Image.Resampling.LANCZOS


def resized(image: Image.Image, share: float) -> bytes:
    """Return a JPEG of an image with sides of a share of their length."""
    width, height = (max(1, round(side * share)) for side in image.size)
    return jpeg(image.resize((width, height), LANCZOS))


def cropped(image: Image.Image, share: float) -> Image.Image:
    """Cut a share of both sides away, at random ends."""
    width, height = image.size
    draw = random.Random(f"{image.size} {share}")  # noqa: S311 - no secret
    lost = round(width * share), round(height * share)
    left, top = (draw.randint(0, pixels) for pixels in lost)
    return image.crop((left, top, left + width - lost[0], top + height - lost[1]))


def jpeg(image: Image.Image, quality: int = 90) -> bytes:
    """Return an image as a JPEG."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


CERTAIN: dict[str, Callable[[Image.Image], bytes]] = {
    "half as large": lambda image: resized(image, 0.5),
    "a quarter as large": lambda image: resized(image, 0.25),
    "JPEG of quality 50": lambda image: jpeg(image, 50),
    "JPEG of quality 30": lambda image: jpeg(image, 30),
    "greyscale": lambda image: jpeg(image.convert("L")),
}
KINDS = CERTAIN | {
    "cropped by 2 %": lambda image: jpeg(cropped(image, 0.02)),
    "cropped by 5 %": lambda image: jpeg(cropped(image, 0.05)),
    "cropped by 2 %, greyscale, half as large, quality 50": lambda image: jpeg(
        cropped(image.convert("L"), 0.02).resize((image.width // 2 or 1, image.height // 2 or 1)), 50
    ),
    "20 % brighter": lambda image: jpeg(image.point(lambda level: min(255, level * 6 // 5))),
    "mirrored (not expected)": lambda image: jpeg(image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)),
}


def main(arguments: Namespace) -> int:
    """Measure, print, and return the exit status."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(arguments.photos or Path(scratch) / "photos")
        if not arguments.photos:
            write_sample(SampleSettings(photos=500, longest_side=500), folder)
        paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
        copies, missed = planted(random.Random(0).sample(paths, min(arguments.planted, len(paths))))  # noqa: S311 - no secret
        sections = [copies, mistaken(paths)]
        if arguments.images:
            table, late = searched(Path(scratch) / "dataset", arguments.images)
            sections.append(table)
            missed += late
    publish("near_duplicates", "\n\n".join([*sections, goals(missed)]), write=arguments.write)
    return int(bool(missed))


def hash_of(content: bytes) -> int:
    """Return the hash of a photo as the corpus has it, without sign."""
    square, _, _ = decode_square(content, CORPUS_SIZE, MAX_PIXELS)
    return perceptual_hash(square) % 2**64


def planted(paths: Sequence[Path]) -> tuple[str, list[str]]:
    """Return a table of the copies found by kind, and the goals missed."""
    found: dict[str, list[int]] = {kind: [] for kind in KINDS}
    for path in paths:
        try:
            with Image.open(path) as opened:
                photo = ImageOps.exif_transpose(opened).convert("RGB")
            original = hash_of(path.read_bytes())
        except (OSError, UnidentifiedImageError, BadPhotoError):
            continue
        photo.thumbnail((MAX_SIDE, MAX_SIDE))
        for kind, change in KINDS.items():
            found[kind].append((original ^ hash_of(change(photo))).bit_count())
    rows = [
        [kind, str(len(far)), *(str(sum(bits <= limit for bits in far)) for limit in THRESHOLDS)]
        for kind, far in found.items()
    ]
    missed = [kind for kind in CERTAIN if max(found[kind]) > MAX_DISTANCE]
    header = ["copy", "planted", *(f"found at {limit} bits" for limit in THRESHOLDS)]
    return markdown_table(header, rows), [f"missed copies: {kind}" for kind in missed]


def mistaken(paths: Sequence[Path]) -> str:
    """Return a table of the pairs of files that count as near-duplicates, by number of bits."""
    hashes = []
    for path in paths:
        try:
            hashes.append(hash_of(path.read_bytes()))
        except BadPhotoError:
            continue
    known, pairs = np.array(hashes, np.uint64), np.zeros(65, int)
    for place in range(len(known) - 1):
        pairs += np.bincount(distances(known[place + 1 :], known[place]).astype(int), minlength=65)
    row = [f"{len(known):,}", f"{pairs.sum():,}", *(f"{pairs[: limit + 1].sum():,}" for limit in THRESHOLDS)]
    header = ["photos", "pairs", *(f"within {limit} bits" for limit in THRESHOLDS)]
    return markdown_table(header, [row])


def searched(output: Path, images: int) -> tuple[str, list[str]]:
    """Search a corpus with Spark; return a table, and the goals missed."""
    submit = Path(sys.executable).with_name("spark-submit")
    run = measure([submit, *SUBMIT, ONCE, output, str(images)])
    result = json.loads(run.output.splitlines()[-1])
    row = [
        *(f"{images:,}", f"{result['groups']:,}", f"{result['photos']:,}"),
        *(digits(result["seconds"]), f"{run.cpu_seconds:.0f}"),
        *(f"{run.peak('java'):.0f}", f"{result['heap']:.0f}", f"{run.peak('worker'):.0f}"),
    ]
    header = ["images", "groups", "images in them", "seconds", "CPU seconds of the job"]
    header += ["JVM peak (MB)", "heap after it (MB)", "largest worker (MB)"]
    allowed = MAX_MINUTES * 60 * max(1, images / 1_200_000)
    late = [f"{images:,} images took {result['seconds']:.0f} s"] if result["seconds"] > allowed else []
    return markdown_table(header, [row]), late


if __name__ == "__main__":
    sys.exit(
        main(
            parse(
                __doc__,
                photos=(None, "folder of photos; default: a rendered sample"),
                planted=(200, "photos of which copies are made"),
                images=(1_200_000, "images of the corpus that Spark searches; 0: none"),
            )
        )
    )
