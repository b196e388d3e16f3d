"""Draw the README's picture from a data set: some landmarks, and copies made by upsampling.

python scripts/mosaic.py data/demo/dataset docs/mosaic.jpg
"""

import sys
from pathlib import Path
from typing import Any

from landmark_lib import dataset
from landmark_lib.method.recipes import PLAIN
from landmark_lib.report.mosaic import draw_sheet

Row = dict[str, Any]

TILE = 112  # pixels
COLUMNS = 12
CLASSES_SHOWN = 4
ORIGINALS_UPSAMPLED = 3
QUALITY = 80


def main(root: str, target: str) -> None:
    """Draw the mosaic of the data set at `root` into the file `target`."""
    rows = common_rows(root)
    bands = [
        ("Training images, one landmark per row", originals(rows)),
        (f"Copies of {ORIGINALS_UPSAMPLED} photos of a small class, one original per row", copies(rows)),
    ]
    draw_sheet(bands, TILE, COLUMNS).save(Path(target), quality=QUALITY)


def common_rows(root: str) -> list[Row]:
    """Read the training rows that all members share, sorted by image and number of changes."""
    files = dataset.read_manifest(root).files_in(dataset.COMMON)
    rows = [row for record in files for row in dataset.read_table(root, record.path).to_pylist()]
    return sorted(
        rows, key=lambda row: (row["image_id"], row["recipe"].count("+"), row["recipe"] != str(PLAIN))
    )


def originals(rows: list[Row]) -> list[list[bytes]]:
    """Return plain images of the classes that have the most of them."""
    plain = [row for row in rows if row["recipe"] == str(PLAIN)]
    return largest_groups(plain, "class_index", CLASSES_SHOWN)


def copies(rows: list[Row]) -> list[list[bytes]]:
    """Return the outputs of the images with the most copies."""
    return largest_groups(rows, "image_id", ORIGINALS_UPSAMPLED)


def largest_groups(rows: list[Row], column: str, count: int) -> list[list[bytes]]:
    """Group the images of rows by a column and return the largest groups, the first of equal ones."""
    groups: dict[Any, list[bytes]] = {}
    for row in rows:
        groups.setdefault(row[column], []).append(row["image"])
    return sorted(groups.values(), key=len, reverse=True)[:count]


if __name__ == "__main__":
    main(*sys.argv[1:3])
