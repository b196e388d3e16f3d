"""The training photos that are most similar to a photo, found exactly among all of them.

Features are whitened as for `similarity`, and projected onto the directions in which whitened training photos
vary most. What little the others say is lost, and a million photos fit into memory. A search compares a photo
with every training photo, which takes less time than the network did.

Source: Jegou & Chum, "Negative Evidences and Co-occurrences in Image Retrieval: The Benefit of PCA and
Whitening" (2012).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from landmark_lib.method.similarity import (
    FeatureStatistics,
    FeatureSums,
    Whitening,
    feature_statistics,
    principal_directions,
    unit,
)

DIMENSIONS = 256
SHOWN = 3
OF_CLASS = 3  # nearest photos of a class, whose mean similarity is evidence for it
BLOCK = 65_536  # training photos compared at a time, as 32-bit floats


@dataclass(frozen=True)
class Projection:
    """From features to the vectors that are compared.

    Attributes:
        whitening: How features are whitened.
        directions: Orthonormal, (features, dimensions) float32.
    """

    whitening: Whitening
    directions: NDArray[np.float32]

    @classmethod
    def of_sums(cls, sums: FeatureSums) -> tuple[FeatureStatistics, Self]:
        """Return the statistics of the features, and the projection to where they vary most when whitened.

        Args:
            sums: Over all training photos; overwritten as by `feature_statistics`.

        Raises:
            ValueError: No photos, or a sum that is not finite.
        """
        covariance = sums.covariance()  # before the sums are overwritten
        statistics = feature_statistics(sums)
        whitening = statistics.whitening
        features = len(covariance)
        within = (whitening.directions * whitening.shrinkage) @ whitening.directions.T
        factor = np.eye(features) + within
        count = min(DIMENSIONS, features)
        _, directions = principal_directions(factor @ covariance @ factor, count)  # ascending
        return statistics, cls(whitening, directions[:, ::-1].astype(np.float32))

    def vectors(self, features: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
        """Return the vectors of photos, of length 1: (photos, features) -> (photos, dimensions)."""
        return unit(self.whitening.whitened(features) @ self.directions)


@dataclass(frozen=True)
class NeighbourIndex:
    """The training photos of a member, to search for similar ones.

    Attributes:
        projection: From features to vectors.
        image_ids: Distinct ids, (photos,), sorted by class, then by id.
        classes: Class index of each photo, (photos,) int32, ascending.
        vectors: As `Projection.vectors` returns them, (photos, dimensions) float16.

    Raises:
        ValueError: Shapes that do not fit, or classes that are not sorted.
    """

    projection: Projection
    image_ids: Sequence[str]
    classes: NDArray[np.int32]
    vectors: NDArray[np.float16]

    def __post_init__(self) -> None:
        photos, dimensions = len(self.image_ids), self.projection.directions.shape[1]
        shapes = (self.classes.shape, self.vectors.shape)
        if shapes != ((photos,), (photos, dimensions)) or (np.diff(self.classes) < 0).any():
            raise ValueError(
                f"expected {photos} sorted classes and vectors of {dimensions}, received {shapes}"
            )

    @classmethod
    def of_photos(
        cls,
        projection: Projection,
        image_ids: Sequence[str],
        classes: NDArray[np.int32],
        vectors: NDArray[np.float16],
    ) -> Self:
        """Return the index of photos in any order."""
        order = sorted(range(len(image_ids)), key=lambda photo: (classes[photo], image_ids[photo]))
        return cls(projection, [image_ids[photo] for photo in order], classes[order], vectors[order])

    def nearest(
        self, vectors: NDArray[np.float32], count: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Find the training photos most similar to some photos, as the function `nearest` does."""
        return nearest(vectors, self.vectors, count)

    def similarity(
        self, vectors: NDArray[np.float32], classes: NDArray[np.integer[Any]]
    ) -> NDArray[np.float64]:
        """Return how similar photos are to the training photos of one class each.

        Args:
            vectors: Of the photos, (photos, dimensions).
            classes: A class index for each photo, (photos,).

        Returns:
            Mean cosine to the `OF_CLASS` most similar photos of the class, (photos,); 0 for a class without
            photos.
        """
        starts = np.searchsorted(self.classes, classes, side="left")
        stops = np.searchsorted(self.classes, classes, side="right")
        similarities = np.zeros(len(vectors))
        for photo, (start, stop) in enumerate(zip(starts, stops, strict=True)):
            cosines = self.vectors[start:stop].astype(np.float32) @ vectors[photo]
            if len(cosines):
                similarities[photo] = np.sort(cosines)[-OF_CLASS:].mean()
        return similarities


def nearest(
    vectors: NDArray[np.float32], others: NDArray[np.float16], count: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Find among other photos those most similar to some photos.

    Args:
        vectors: Of the photos, (photos, dimensions).
        others: Of the other photos, (other photos, dimensions).
        count: How many to find; all, if there are fewer.

    Returns:
        Their positions and their cosines to the photos, (photos, count) each; most similar first, equal ones
        by position.
    """
    found = np.empty((len(vectors), 0), np.int64)
    cosines = np.empty((len(vectors), 0), np.float32)
    for start in range(0, len(others), BLOCK):
        of_block = vectors @ others[start : start + BLOCK].astype(np.float32).T
        largest = _largest(of_block, count)
        found = np.concatenate((found, start + largest), axis=1)
        cosines = np.concatenate((cosines, np.take_along_axis(of_block, largest, axis=1)), axis=1)
        best = np.argsort(-cosines, axis=1, kind="stable")[:, :count]
        found = np.take_along_axis(found, best, axis=1)
        cosines = np.take_along_axis(cosines, best, axis=1)
    return found, cosines


def similarity_to_known(
    vectors: NDArray[np.float32], known: NDArray[np.float16], own: NDArray[np.int64] | None = None
) -> NDArray[np.float64]:
    """Return how similar photos are to known ones of any kind: the mean cosine to the `OF_CLASS` nearest.

    Args:
        vectors: Of the photos, (photos, dimensions).
        known: Of the known photos, (known photos, dimensions).
        own: Positions of the photos among the known ones, as none is compared with itself, (photos,); -1 for
            one that is not among them. Without it, none is.

    Returns:
        Similarities, (photos,); 0 where there is nothing to compare with.
    """
    found, cosines = nearest(vectors, known, OF_CLASS + 1)
    compared = np.ones(found.shape, np.bool_) if own is None else found != own[:, np.newaxis]
    compared &= np.cumsum(compared, axis=1) <= OF_CLASS
    counts = np.maximum(compared.sum(axis=1), 1)
    means: NDArray[np.float64] = np.where(compared, cosines, 0).sum(axis=1, dtype=np.float64) / counts
    return means


@dataclass(frozen=True)
class Neighbour:
    """A training photo that is similar to a photo."""

    image_id: str
    class_index: int
    similarity: float  # cosine


def most_similar(
    indexes: Sequence[NeighbourIndex], features: Sequence[NDArray[np.floating[Any]]], count: int = SHOWN
) -> list[list[Neighbour]]:
    """Return the training photos most similar to each photo, for an ensemble.

    Args:
        indexes: Each member's.
        features: Of the photos for each member, (photos, features) each.
        count: Training photos to return for each photo.

    Returns:
        For each photo distinct training photos, most similar first, as similar as the member finds them to
        which they are most similar.
    """
    photos: list[dict[str, Neighbour]] = [{} for _ in features[0]]
    for index, of_member in zip(indexes, features, strict=True):
        positions, cosines = index.nearest(index.projection.vectors(of_member), count)
        for known, at, similarities in zip(photos, positions.tolist(), cosines.tolist(), strict=True):
            for position, similarity in zip(at, similarities, strict=True):
                image_id = index.image_ids[position]
                if image_id not in known or similarity > known[image_id].similarity:
                    known[image_id] = Neighbour(image_id, int(index.classes[position]), similarity)
    return [
        sorted(known.values(), key=lambda found: (-found.similarity, found.image_id))[:count]
        for known in photos
    ]


def _largest(values: NDArray[np.float32], count: int) -> NDArray[np.int64]:
    """Return the columns of the `count` largest values of each row, ascending; faster than sorting all."""
    columns = values.shape[1]
    if count >= columns:
        return np.broadcast_to(np.arange(columns), values.shape)
    return np.sort(np.argpartition(values, columns - count, axis=1)[:, columns - count :], axis=1)
