"""The index of a member's training photos, computed over all ranks, and its file.

<models>/member-<k>/neighbours.npz holds numbers only: image ids as UTF-8, one after another, and where each
ends; classes; vectors; and the directions that features are projected onto.
"""

import tempfile
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from landmark_lib.errors import LandmarkError
from landmark_lib.method.epochs import ShardSlice
from landmark_lib.method.neighbours import BLOCK, NeighbourIndex, Projection
from landmark_lib.method.recipes import PLAIN
from landmark_lib.method.similarity import Whitening
from landmark_lib.storage import Place
from landmark_lib.training import horovod_step
from landmark_lib.training.reading import Shards, read_slices
from landmark_lib.zip_archive import read_arrays, write_arrays

INDEX = "neighbours.npz"
MAX_FEATURE = float(np.finfo(np.float16).max)


class PlainFeatures:
    """The features of this rank's untransformed rows, on disk until all rows have set the projection.

    A photo has one such row, in the part of one rank.
    """

    def __init__(self, shards: Shards, slices: Sequence[ShardSlice]) -> None:
        """Begin with the first row.

        Args:
            shards: The training shards.
            slices: The rows, in the order in which `add` receives them.
        """
        self._rows = _ids_and_recipes(shards, slices)
        self._image_ids: list[str] = []
        self._classes: list[int] = []
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by __exit__

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add(self, features: NDArray[np.float32], classes: NDArray[np.int32]) -> None:
        """Add the next rows: their features, (rows, features), and class indices, (rows,).

        Raises:
            LandmarkError: They cannot be stored.
        """
        rows = list(islice(self._rows, len(classes)))
        plain = np.array([recipe == str(PLAIN) for _, recipe in rows], np.bool_)
        self._image_ids += [image_id for (image_id, _), kept in zip(rows, plain, strict=True) if kept]
        self._classes += classes[plain].tolist()
        stored = np.clip(features[plain], -MAX_FEATURE, MAX_FEATURE).astype(np.float16)
        try:
            self._file.write(stored.tobytes())
        except OSError as error:
            raise LandmarkError(f"{tempfile.gettempdir()}: {error.strerror or error}; set TMPDIR") from None

    def index(self, projection: Projection) -> NeighbourIndex:
        """Return the index of the photos of all ranks, the same on every rank."""
        width = len(projection.directions)
        self._file.seek(0)
        blocks = iter(lambda: self._file.read(BLOCK * width * np.dtype(np.float16).itemsize), b"")
        vectors = [
            projection.vectors(np.frombuffer(block, np.float16).reshape(-1, width)).astype(np.float16)
            for block in blocks
        ]
        mine = (
            self._image_ids,
            np.array(self._classes, np.int32),
            np.concatenate([np.empty((0, projection.directions.shape[1]), np.float16), *vectors]),
        )
        ids, classes, of_ranks = zip(*horovod_step.gather_objects(mine), strict=True)
        return NeighbourIndex.of_photos(
            projection,
            [name for of_rank in ids for name in of_rank],
            np.concatenate(classes),
            np.concatenate(of_ranks),
        )


def _ids_and_recipes(shards: Shards, slices: Sequence[ShardSlice]) -> Iterator[tuple[str, str]]:
    for image_ids, recipes in read_slices(shards, slices, ("image_id", "recipe")):
        yield from zip(image_ids, recipes, strict=True)


def write_index(index: NeighbourIndex, directory: Place) -> None:
    """Write the index of a member whole or not at all."""
    names = [image_id.encode() for image_id in index.image_ids]
    arrays: dict[str, NDArray[Any]] = {
        "image_ids": np.frombuffer(b"".join(names), np.uint8),
        "ends": np.cumsum([len(name) for name in names], dtype=np.int64),
        "classes": index.classes,
        "vectors": index.vectors,
        "directions": index.projection.directions,
    }
    with (directory / INDEX).atomic_file() as partial:
        write_arrays(partial, arrays)


def read_index(directory: Place, whitening: Whitening | None) -> NeighbourIndex | None:
    """Read the index of a member; None if the member was trained before it existed.

    Args:
        directory: Of the member.
        whitening: How its features are whitened, as `read_whitening` returns it.

    Raises:
        LandmarkError: It cannot be read.
    """
    place = directory / INDEX
    if whitening is None:
        return None
    try:
        with place.local_file() as path, path.open("rb") as file:
            arrays = read_arrays(file)
        text, ends = arrays["image_ids"].tobytes(), arrays["ends"].tolist()
        return NeighbourIndex(
            Projection(whitening, arrays["directions"].astype(np.float32)),
            [text[start:end].decode() for start, end in zip([0, *ends], ends, strict=False)],
            arrays["classes"].astype(np.int32),
            arrays["vectors"].astype(np.float16),
        )
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError) as error:
        raise LandmarkError(f"{place} cannot be read: {error}") from None
