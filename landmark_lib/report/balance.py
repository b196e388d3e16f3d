"""Training rows per class and member, counted in the shards."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from landmark_lib.dataset import Manifest, read_table, training_directory
from landmark_lib.report.examples import FILES_AT_ONCE

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Spread:
    """How unequal some counts are."""

    total: int
    smallest: int
    median: float
    largest: int

    @property
    def ratio(self) -> float:
        """The largest count divided by the smallest."""
        return self.largest / max(self.smallest, 1)


def spread(counts: Sequence[int] | Counts) -> Spread:
    """Summarize at least one count."""
    return Spread(int(np.sum(counts)), int(np.min(counts)), float(np.median(counts)), int(np.max(counts)))


def rows_of_members(root: str, manifest: Manifest) -> list[Counts]:
    """Count the training rows of each class, by class index, for each member, without reading pixels."""
    common = _rows_by_class(root, manifest, training_directory(None))
    return [common + _rows_by_class(root, manifest, training_directory(m)) for m in range(manifest.members)]


def _rows_by_class(root: str, manifest: Manifest, directory: str) -> Counts:
    def count(path: str) -> Counts:
        indexes = read_table(root, path, ["class_index"])["class_index"].to_numpy()
        return np.bincount(indexes, minlength=manifest.classes)

    counts: Counts = np.zeros(manifest.classes, np.int64)
    with ThreadPoolExecutor(FILES_AT_ONCE) as pool:
        for of_file in pool.map(count, [record.path for record in manifest.files_in(directory)]):
            counts += of_file
    return counts
