"""Peak memory of a Python process that decodes one photo of up to 100 megapixels, by kind of file.

    python benchmarks/memory.py [--write]

Formats whose decoders hold several copies of a photo are measured at the maximum number of pixels that
`landmark_lib.images.memory` allows. Exit status 1 if any needs more than 600 MB, file included.
"""

import argparse
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from photos import made_up_photo
from PIL import Image
from results import markdown_table, publish

MAX_MB = 600
PATCH = 2048  # pixels per side, doubled and repeated: soft, like photos with so many pixels


@dataclass(frozen=True)
class Kind:
    """One kind of file.

    Attributes:
        name: In words.
        file_format: Pillow's name.
        megapixels: Of the photo measured.
        mode: Of the photo stored.
        options: For Pillow's encoder.
    """

    name: str
    file_format: str
    megapixels: int = 100
    mode: str = "RGB"
    options: dict[str, Any] = field(default_factory=dict)


FAST = {"compress_level": 1}
TURNED = Image.Exif()
TURNED[0x0112] = 6
KINDS = (
    Kind("JPEG", "JPEG"),
    Kind("JPEG, grey", "JPEG", mode="L"),
    Kind("JPEG, CMYK", "JPEG", mode="CMYK"),
    Kind("JPEG, progressive, 4:2:0", "JPEG", options={"progressive": True}),
    Kind("JPEG, progressive, 4:4:4", "JPEG", 79, options={"progressive": True, "subsampling": 0}),
    Kind("JPEG, progressive, CMYK", "JPEG", 59, "CMYK", {"progressive": True}),
    Kind("PNG", "PNG", options=FAST),
    Kind("PNG, alpha", "PNG", mode="RGBA", options=FAST),
    Kind("PNG, grey and alpha", "PNG", mode="LA", options=FAST),
    Kind("PNG, palette, transparent", "PNG", mode="P", options=FAST | {"transparency": 3}),
    Kind("PNG, 16-bit grey", "PNG", mode="I;16", options=FAST),
    Kind("TIFF, JPEG inside", "TIFF", options={"compression": "jpeg"}),
    Kind("TIFF, CMYK", "TIFF", mode="CMYK", options={"compression": "tiff_adobe_deflate"}),
    Kind("TIFF, turned", "TIFF", 59, options={"compression": "jpeg", "exif": TURNED}),
    Kind("GIF", "GIF", mode="P"),
    Kind("WebP", "WEBP", 29, options={"method": 0}),
    Kind("AVIF", "AVIF", 34, options={"speed": 10}),
    Kind("JPEG 2000", "JPEG2000", 25, options={"quality_layers": [20], "irreversible": True}),
)


def main() -> int:
    """Measure every kind, print the table, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--write", action="store_true", help="write the table to benchmarks/RESULTS.md")
    parser.add_argument("--make", nargs=2, metavar=("NUMBER", "FILE"), help=argparse.SUPPRESS)
    parser.add_argument("--decode", metavar="FILE", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.make:
        make(KINDS[int(arguments.make[0])], Path(arguments.make[1]))
        return 0
    if arguments.decode:
        decode(Path(arguments.decode))
        return 0
    peaks, rows = [], []
    with tempfile.TemporaryDirectory() as folder:
        for number, kind in enumerate(KINDS):
            size, peak, outcome = measure(number, Path(folder) / "photo")
            peaks.append(peak)
            rows.append([kind.name, f"{kind.megapixels}", f"{size}", f"{peak}", outcome])
    table = markdown_table(["file", "megapixels", "file, MB", "peak, MB", "outcome"], rows)
    publish("memory", table, write=arguments.write)
    return int(max(peaks) > MAX_MB or any(row[-1] != "decoded" for row in rows))


def measure(number: int, path: Path) -> tuple[int, int, str]:
    """Create a file and decode it, each in a separate process; return both sizes in MB and the outcome."""
    here = (sys.executable, __file__)
    subprocess.run([*here, "--make", str(number), path], check=True)
    done = subprocess.run([*here, "--decode", path], check=True, capture_output=True)
    peak, _, outcome = done.stdout.decode().strip().partition(" ")
    return path.stat().st_size // 10**6, int(peak), outcome


def make(kind: Kind, path: Path) -> None:
    """Write a photo of a kind."""
    side = round((kind.megapixels * 10**6) ** 0.5)
    width, height = side * 8 // 7, side * 7 // 8
    patch = made_up_photo(PATCH, PATCH, 0, noise=1.0).resize((2 * PATCH, 2 * PATCH), Image.Resampling.BICUBIC)
    photo = Image.new("RGB", (width, height))
    for top in range(0, height, patch.height):
        for left in range(0, width, patch.width):
            photo.paste(patch, (left, top))
    in_mode(photo, kind.mode).save(path, kind.file_format, **kind.options)


def in_mode(photo: Image.Image, mode: str) -> Image.Image:
    """Convert a photo to a mode, with a gradient as its alpha."""
    if mode == "I;16":
        return Image.fromarray(np.asarray(photo.convert("L")).astype(np.uint16) * 257)
    if mode in {"RGBA", "LA"}:
        photo.putalpha(Image.linear_gradient("L").resize(photo.size))
    return photo.convert(mode)


def decode(path: Path) -> None:
    """Decode a photo as a Spark task does; print the process's peak memory in MB and the outcome."""
    from landmark_lib.errors import BadPhotoError
    from landmark_lib.images.decode import decode_square
    from landmark_lib.settings import PreprocessSettings

    try:
        decode_square(path.read_bytes(), 250, PreprocessSettings().max_megapixels * 10**6)
        outcome = "decoded"
    except BadPhotoError as error:
        outcome = str(error)
    # Not getrusage: its peak includes that of the parent process.
    peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in line)
    print(int(peak.split()[1]) * 1024 // 10**6, outcome)


if __name__ == "__main__":
    sys.exit(main())
