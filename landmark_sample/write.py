"""Writes a sample: folders named by landmark, or a CSV like Kaggle's with its files."""

import csv
import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Literal, get_args

import numpy as np

from landmark_lib.errors import UserError
from landmark_lib.progress import progress
from landmark_lib.settings.declare import flag, require, setting
from landmark_sample.camera import MAX_SIDE, MIN_SIDE
from landmark_sample.label_counts import labels_without_pixels
from landmark_sample.odd_photos import Oddity, encode_odd_photo, odd_photos
from landmark_sample.scene import design_scene
from landmark_sample.scramble import Scramble
from landmark_sample.view import encode_jpeg, photo_chance, render_photo

Layout = Literal["folders", "csv"]

LABELS_FILE = "labels.csv"
SURROUNDINGS, BUILDINGS = "surroundings", "buildings"  # folders of the photos without a landmark
CSV_HEADER = ("id", "url", "landmark_id")
QUALITIES = (60, 95)  # lowest and highest of the JPEGs
PHOTOS_PER_TASK = 8


@dataclass(frozen=True)
class SampleSettings:
    """What a sample contains; the same settings give the same bytes.

    Raises:
        UserError: A value is out of its range.
    """

    labels: int = setting(20, "Number of landmarks.")
    photos: int = setting(1_000, "Number of photos, at least one per landmark.")
    layout: Layout = setting(
        "folders", "One folder per landmark, or labels.csv (id,url,landmark_id) and the photos beside it."
    )
    seed: int = setting(0, "Seed of all buildings and photos; any integer.")
    longest_side: int = setting(
        MAX_SIDE, f"Upper bound for the longer side of a photo, {MIN_SIDE} to {MAX_SIDE} pixels."
    )
    landmark_free: bool = flag(
        "Render photos without a landmark: half show only surroundings (surroundings/), half a building that"
        " no other photo shows (buildings/). --labels and --layout do not apply.  [default: photos of"
        " landmarks]"
    )

    def __post_init__(self) -> None:
        require(self.labels >= 1, "labels", "at least 1", self.labels)
        fewest = 1 if self.landmark_free else self.labels
        require(self.photos >= fewest, "photos", f"at least {fewest}, one per landmark", self.photos)
        layouts = get_args(Layout)
        require(self.layout in layouts, "layout", f"one of {', '.join(layouts)}", self.layout)
        possible = MIN_SIDE <= self.longest_side <= MAX_SIDE
        require(possible, "longest_side", f"{MIN_SIDE} to {MAX_SIDE} pixels", self.longest_side)


@dataclass(frozen=True)
class PhotoTask:
    """One photo to render.

    Attributes:
        image_id: Id of the photo.
        scene_id: Decides the building; the landmark's id, if there is a landmark.
        path: File to write.
        oddity: What is odd about it, if anything.
        seed, longest_side: As in the settings.
        with_building: Whether it shows more than surroundings.
    """

    image_id: str
    scene_id: str
    path: Path
    oddity: Oddity | None
    seed: int
    longest_side: int
    with_building: bool = True


def write_sample(settings: SampleSettings, directory: Path, workers: int | None = None) -> None:
    """Render the photos of a sample into a directory, which appears when it is complete.

    Args:
        settings: What to render. No landmark-free photo shows a building of the sample with the same seed.
        directory: New or empty.
        workers: Number of processes; all cores by default. With 1, photos are rendered in this process.

    Raises:
        UserError: The directory exists and is not empty.
    """
    with _complete_directory(directory) as partial:
        if settings.landmark_free:
            tasks = _landmark_free_tasks(settings, partial)
        else:
            odd = odd_photos(settings.labels, settings.photos, settings.seed)
            tasks = _landmark_tasks(settings, partial, odd)
            if settings.layout == "csv":
                _write_csv(settings, partial, odd)
        for folder in {task.path.parent for task in tasks}:
            folder.mkdir(parents=True, exist_ok=True)
        with progress("rendering", len(tasks), "photos") as display:
            for _ in _render_all(tasks, workers or os.cpu_count() or 1):
                display.update(1)


def write_labels(settings: SampleSettings, directory: Path) -> None:
    """Write labels.csv alone: the rows that `write_sample` writes, all named .jpg, without their files.

    Raises:
        UserError: The directory exists and is not empty.
    """
    with _complete_directory(directory) as partial:
        _write_csv(settings, partial, {})


def render_file(task: PhotoTask) -> None:
    """Render one photo and write its file."""
    chance = photo_chance(task.seed, task.image_id)
    scene = design_scene(task.seed, task.scene_id)
    picture = render_photo(scene, task.longest_side, chance, with_building=task.with_building)
    quality = chance.integer(*QUALITIES, "quality")
    if task.oddity is None:
        encoded = encode_jpeg(picture, quality)
    else:
        encoded = encode_odd_photo(task.oddity, picture, quality)
    task.path.write_bytes(encoded)


@contextmanager
def _complete_directory(directory: Path) -> Iterator[Path]:
    """Yield a temporary directory that is renamed at the end; remove what an earlier run left there."""
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise UserError(f"expected a new or empty directory, received {directory}, which is not empty")
    directory = directory.resolve()
    partial = directory.with_name(f"{directory.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    yield partial
    partial.replace(directory)


def _render_all(tasks: list[PhotoTask], workers: int) -> Iterator[None]:
    """Render photos; yield after each."""
    if workers == 1:
        yield from map(render_file, tasks)
        return
    # A forked child would inherit locks of the caller's threads.
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        yield from pool.map(render_file, tasks, chunksize=PHOTOS_PER_TASK)


def _landmark_tasks(settings: SampleSettings, directory: Path, odd: dict[str, Oddity]) -> list[PhotoTask]:
    tasks = []
    for image_id, landmark_id in labels_without_pixels(settings.labels, settings.photos, settings.seed):
        oddity = odd.get(image_id)
        if settings.layout == "csv":
            path = directory / _url(image_id, oddity)
        else:
            path = directory / landmark_id / _file_name(image_id, oddity)
        tasks.append(PhotoTask(image_id, landmark_id, path, oddity, settings.seed, settings.longest_side))
    return tasks


def _landmark_free_tasks(settings: SampleSettings, directory: Path) -> list[PhotoTask]:
    numbers = np.arange(settings.photos, dtype=np.uint64)
    places = Scramble(1 << 64, settings.seed, "landmark-free image id").places(numbers)
    tasks = []
    for number, place in enumerate(places.tolist()):
        image_id = f"{place:016x}"
        with_building = number % 2 == 0
        path = directory / (BUILDINGS if with_building else SURROUNDINGS) / f"{image_id}.jpg"
        scene_id = f"no landmark {image_id}"
        tasks.append(
            PhotoTask(image_id, scene_id, path, None, settings.seed, settings.longest_side, with_building)
        )
    return tasks


def _file_name(image_id: str, oddity: Oddity | None) -> str:
    return image_id + (oddity.suffix if oddity else ".jpg")


def _url(image_id: str, oddity: Oddity | None) -> str:
    """Return a photo's path relative to the CSV, in one of 256 folders, which keeps each of them small."""
    return f"photos/{image_id[:2]}/{_file_name(image_id, oddity)}"


def _write_csv(settings: SampleSettings, directory: Path, odd: dict[str, Oddity]) -> None:
    rows = labels_without_pixels(settings.labels, settings.photos, settings.seed)
    with (directory / LABELS_FILE).open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(CSV_HEADER)
        writer.writerows((i, _url(i, odd.get(i)), landmark_id) for i, landmark_id in rows)
