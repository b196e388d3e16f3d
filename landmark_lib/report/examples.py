"""Choose and read photos of a data set that show the effect of sampling.

A data set may have millions of photos in thousands of files, so a report searches a bounded number of files,
evenly spread, and reads pixels only for the few images that it shows.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pyarrow as pa

from landmark_lib.dataset import (
    COMMON,
    CORPUS,
    PLAN,
    FileRecord,
    LandmarkClass,
    Manifest,
    Role,
    read_table,
    shard_name,
)
from landmark_lib.errors import LandmarkError
from landmark_lib.method.placement import place_row

MAX_FILES = 256  # searched per directory
FILES_AT_ONCE = 16  # with few columns: on an object store, latency takes the time
FILES_WITH_PIXELS_AT_ONCE = 4  # each is in memory as a whole
IMAGES_SHOWN = 48
ORIGINALS_SHOWN = 3
OUTPUTS_SHOWN = 8  # per original

# Values of the key columns of rows, by the path of their file.
Wanted = Mapping[str, set[tuple[str, ...]]]


@dataclass(frozen=True)
class PlannedImage:
    """A training image of the corpus and how it is used.

    Attributes:
        image_id: Its id.
        class_index: Its class.
        members: Members that train on it; empty if no member drew it.
        recipes: Its outputs.
        file: Path of its corpus file.
    """

    image_id: str
    class_index: int
    members: tuple[int, ...]
    recipes: tuple[str, ...]
    file: str


def corpus_files(root: str, manifest: Manifest) -> dict[str, str]:
    """Return the images in some files of the corpus: the path of its file by image id."""
    return {
        image_id: path
        for path, table in read_some(root, manifest.files_in(CORPUS), ["image_id"])
        for image_id in table["image_id"].to_pylist()
    }


def planned_images(root: str, manifest: Manifest) -> list[PlannedImage]:
    """Read the training images in some files of the corpus and the plan."""
    files = corpus_files(root, manifest)
    return [
        PlannedImage(
            row["image_id"],
            row["class_index"],
            tuple(row["members"]),
            tuple(row["recipes"]),
            files[row["image_id"]],
        )
        for _, table in read_some(root, manifest.files_in(PLAN))
        for row in table.to_pylist()
        if row["role"] in {Role.TRAIN, Role.UNUSED} and row["image_id"] in files
    ]


def downsampled_images(
    planned: Iterable[PlannedImage], classes: Sequence[LandmarkClass], cutoff: int
) -> list[PlannedImage]:
    """Choose images of one downsampled class, drawn ones and others.

    Returns:
        At most `IMAGES_SHOWN` images, sorted by id; none if no class has more training images than the
        cutoff.
    """

    def near(images: list[PlannedImage]) -> list[PlannedImage]:
        # From few files, because each has to be opened.
        return sorted(images, key=lambda image: (image.file, image.image_id))[:IMAGES_SHOWN]

    def contrast(images: list[PlannedImage]) -> int:
        drawn = sum(bool(image.members) for image in images)
        # A third of those shown is enough contrast.
        return min(drawn, len(images) - drawn, IMAGES_SHOWN // 3)

    groups = _by_class(planned, lambda index: classes[index].training_images > cutoff)
    chosen = max(map(near, groups), key=contrast, default=[])
    return sorted(chosen, key=lambda image: image.image_id)


def upsampled_images(
    planned: Iterable[PlannedImage], classes: Sequence[LandmarkClass], target: int
) -> list[PlannedImage]:
    """Choose the images of one upsampled class with the most outputs.

    Returns:
        At most `ORIGINALS_SHOWN` images; none if no class has fewer training images than the target.
    """

    def most_copied(images: list[PlannedImage]) -> list[PlannedImage]:
        return sorted(images, key=lambda i: (-len(i.recipes), i.image_id))[:ORIGINALS_SHOWN]

    def outputs(images: list[PlannedImage]) -> int:
        return sum(min(len(image.recipes), OUTPUTS_SHOWN) for image in images)

    groups = _by_class(planned, lambda index: classes[index].training_images < target)
    return max(map(most_copied, groups), key=outputs, default=[])


def read_originals(root: str, files: Mapping[str, str]) -> dict[str, bytes]:
    """Read images of the corpus, from the paths of their files by image id: JPEGs by image id."""
    wanted: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    for image_id, path in files.items():
        wanted[path].add((image_id,))
    jpegs = read_jpegs(root, wanted, ["image_id"])
    return {image_id: jpeg for (image_id,), jpeg in jpegs.items()}


def read_outputs(
    root: str, manifest: Manifest, images: Sequence[PlannedImage]
) -> dict[tuple[str, ...], bytes]:
    """Read the first `OUTPUTS_SHOWN` outputs of upsampled images from the shards common to all members.

    Returns:
        JPEGs by image id and recipe.

    Raises:
        LandmarkError: A shard lacks a planned row.
    """
    shards, seed = len(manifest.files_in(COMMON)), manifest.number("seed")
    wanted: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    for image in images:
        for recipe in image.recipes[:OUTPUTS_SHOWN]:
            shard, _ = place_row(COMMON, image.image_id, recipe, shards, seed)
            wanted[shard_name(COMMON, shard, shards)].add((image.image_id, recipe))
    return read_jpegs(root, wanted, ["image_id", "recipe"])


def read_some(
    root: str, records: Sequence[FileRecord], columns: Sequence[str] | None = None
) -> list[tuple[str, pa.Table]]:
    """Read at most `MAX_FILES` of some files, evenly spread; return paths and tables in order."""
    step = max(1.0, len(records) / MAX_FILES)
    paths = [records[int(k * step)].path for k in range(min(MAX_FILES, len(records)))]
    with ThreadPoolExecutor(FILES_AT_ONCE) as pool:
        return list(zip(paths, pool.map(lambda path: read_table(root, path, columns), paths), strict=True))


def read_jpegs(root: str, wanted: Wanted, key: Sequence[str]) -> dict[tuple[str, ...], bytes]:
    """Read the images of some rows: JPEGs by the values of their key columns.

    Raises:
        LandmarkError: A file lacks an expected row.
    """

    def read_file(path: str) -> dict[tuple[str, ...], bytes]:
        table = read_table(root, path, [*key, "image"])
        keys = zip(*(table[name].to_pylist() for name in key), strict=True)
        found = {values: row for row, values in enumerate(keys) if values in wanted[path]}
        if missing := wanted[path] - set(found):
            raise LandmarkError(f"{path} of {root}: expected a row {min(missing)} as planned, found none")
        return {values: table["image"][row].as_py() for values, row in found.items()}

    with ThreadPoolExecutor(FILES_WITH_PIXELS_AT_ONCE) as pool:
        return dict(item for found in pool.map(read_file, wanted) for item in found.items())


def _by_class(planned: Iterable[PlannedImage], is_wanted: Callable[[int], bool]) -> list[list[PlannedImage]]:
    groups: dict[int, list[PlannedImage]] = defaultdict(list)
    for image in planned:
        if is_wanted(image.class_index):
            groups[image.class_index].append(image)
    return [groups[index] for index in sorted(groups)]
