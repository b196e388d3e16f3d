"""Writes a sample: folders by label, or a CSV as on Kaggle with its files."""

import csv
import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from landmark_lib.errors import UserError
from landmark_lib.progress import progress
from landmark_lib.sample.camera import LARGEST_SIDE, SMALLEST_SIDE
from landmark_lib.sample.label_counts import labels_without_pixels
from landmark_lib.sample.odd_photos import Oddity, encode_odd_photo, odd_photos
from landmark_lib.sample.scene import design_scene
from landmark_lib.sample.scramble import Scramble
from landmark_lib.sample.view import encode_jpeg, photo_chance, render_photo

LAYOUTS = ("folders", "csv")
LABELS_FILE = "labels.csv"
SURROUNDINGS, BUILDINGS = "surroundings", "buildings"  # folders of the photos of no landmark
CSV_HEADER = ("id", "url", "landmark_id")
QUALITIES = (60, 95)  # lowest and highest of the JPEGs
PHOTOS_A_TASK = 8


@dataclass(frozen=True)
class SampleSettings:
    """What a sample shall be.

    Attributes:
        labels: Number of landmarks.
        photos: Number of photos, at least one a landmark.
        layout: "folders" (<landmark id>/<image id>.jpg) or "csv" (labels.csv and photos/).
        seed: Decides everything else.
        longest_side: Upper bound of a photo's longer side, 300 … 2000 pixels.

    Raises:
        UserError: A setting out of its range.
    """

    labels: int = 20
    photos: int = 1_000
    layout: str = "folders"
    seed: int = 0
    longest_side: int = LARGEST_SIDE

    def __post_init__(self) -> None:
        if self.labels < 1:
            raise UserError(f"expected at least 1 label, got labels={self.labels}")
        if self.photos < self.labels:
            raise UserError(f"expected at least a photo a label ({self.labels}), got photos={self.photos}")
        if self.layout not in LAYOUTS:
            raise UserError(f"expected a layout of {', '.join(LAYOUTS)}, got layout={self.layout!r}")
        if not SMALLEST_SIDE <= self.longest_side <= LARGEST_SIDE:
            bounds = f"{SMALLEST_SIDE} to {LARGEST_SIDE} pixels"
            raise UserError(f"expected {bounds}, got longest_side={self.longest_side}")


@dataclass(frozen=True)
class PhotoTask:
    """One photo to render.

    Attributes:
        image_id, landmark_id: Which it is and which building's; no landmark's id where it is none.
        path: Where it goes.
        oddity: What is odd about it, if anything.
        seed, longest_side: As in the settings.
        with_building: Whether it shows anything but its surroundings.
    """

    image_id: str
    landmark_id: str
    path: Path
    oddity: Oddity | None
    seed: int
    longest_side: int
    with_building: bool = True


def write_sample(
    settings: SampleSettings,
    directory: Path,
    workers: int | None = None,
) -> None:
    """Render a sample's photos into a directory.

    Args:
        settings: What to write; the same settings give the same bytes.
        directory: Where; it appears under this name when it is whole.
        workers: Processes, all cores unless given; 1 renders in this one.

    Raises:
        UserError: The directory exists and is not empty.
    """
    with _whole_or_nothing(directory) as partial:
        odd = odd_photos(settings.labels, settings.photos, settings.seed)
        if settings.layout == "csv":
            _write_labels(settings, partial, odd)
        _render(list(_photo_tasks(settings, partial, odd)), workers)


def write_landmark_free(
    photos: int, directory: Path, *, seed: int, longest_side: int, workers: int | None = None
) -> None:
    """Render photos of no landmark: surroundings/ shows no building, buildings/ each of its own.

    Args:
        photos: How many, at least 1; of an odd number, one building more.
        directory: Where; it appears under this name when it is whole.
        seed: The same seed gives the same bytes, and no building of the sample with this seed.
        longest_side: Upper bound of a photo's longer side, 300 … 2000 pixels.
        workers: As in `write_sample`.

    Raises:
        UserError: No photos, a side out of its range, or the directory exists and is not empty.
    """
    SampleSettings(labels=1, photos=photos, seed=seed, longest_side=longest_side)  # refuses what it refuses
    image_ids = Scramble(1 << 64, seed, "landmark-free image id")
    with _whole_or_nothing(directory) as partial:
        tasks = []
        for number, place in enumerate(image_ids.places(np.arange(photos, dtype=np.uint64)).tolist()):
            image_id = f"{place:016x}"
            with_building = number % 2 == 0
            path = partial / (BUILDINGS if with_building else SURROUNDINGS) / f"{image_id}.jpg"
            scene = f"no landmark {image_id}"
            tasks.append(PhotoTask(image_id, scene, path, None, seed, longest_side, with_building))
        _render(tasks, workers)


def write_labels(settings: SampleSettings, directory: Path) -> None:
    """Write labels.csv alone: the rows of `write_sample`'s CSV, all named .jpg, without their files.

    Raises:
        UserError: The directory exists and is not empty.
    """
    with _whole_or_nothing(directory) as partial:
        _write_labels(settings, partial, {})


def render_file(task: PhotoTask) -> None:
    """Render one photo and write its file."""
    chance = photo_chance(task.seed, task.image_id)
    scene = design_scene(task.seed, task.landmark_id)
    picture = render_photo(scene, task.longest_side, chance, with_building=task.with_building)
    quality = chance.integer(*QUALITIES, "quality")
    if task.oddity is None:
        encoded = encode_jpeg(picture, quality)
    else:
        encoded = encode_odd_photo(task.oddity, picture, quality)
    task.path.write_bytes(encoded)


@contextmanager
def _whole_or_nothing(directory: Path) -> Iterator[Path]:
    """A directory beside the one wanted, renamed to it at the end; what an earlier run left is dropped."""
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise UserError(f"expected a new or empty directory, got {directory} with something in it")
    directory = directory.resolve()
    partial = directory.with_name(f"{directory.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    yield partial
    partial.replace(directory)


def _render(tasks: list[PhotoTask], workers: int | None) -> None:
    with progress("rendering", len(tasks), "photos") as display:
        for _ in _rendered(tasks, workers or os.cpu_count() or 1):
            display.update(1)


def _rendered(tasks: list[PhotoTask], workers: int) -> Iterator[None]:
    """Render the tasks; yields after each."""
    for folder in {task.path.parent for task in tasks}:
        folder.mkdir(parents=True, exist_ok=True)
    if workers == 1:
        yield from map(render_file, tasks)
        return
    # A forked child would inherit the locks of whatever threads the caller runs.
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        yield from pool.map(render_file, tasks, chunksize=PHOTOS_A_TASK)


def _photo_tasks(settings: SampleSettings, directory: Path, odd: dict[str, Oddity]) -> Iterator[PhotoTask]:
    for image_id, landmark_id in labels_without_pixels(settings.labels, settings.photos, settings.seed):
        oddity = odd.get(image_id)
        if settings.layout == "csv":
            path = directory / _url(image_id, oddity)
        else:
            path = directory / landmark_id / _file_name(image_id, oddity)
        yield PhotoTask(image_id, landmark_id, path, oddity, settings.seed, settings.longest_side)


def _file_name(image_id: str, oddity: Oddity | None) -> str:
    return image_id + (oddity.suffix if oddity else ".jpg")


def _url(image_id: str, oddity: Oddity | None) -> str:
    """Path of a photo, relative to the CSV; 256 folders keep each of them short."""
    return f"photos/{image_id[:2]}/{_file_name(image_id, oddity)}"


def _write_labels(settings: SampleSettings, directory: Path, odd: dict[str, Oddity]) -> None:
    rows = labels_without_pixels(settings.labels, settings.photos, settings.seed)
    with (directory / LABELS_FILE).open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(CSV_HEADER)
        writer.writerows((i, _url(i, odd.get(i)), landmark_id) for i, landmark_id in rows)
