"""How similar a photo is to the training photos of a class, from statistics of their features.

Features vary most in directions that say little about the class: light, weather, distance. So they are
whitened by the variation within classes, of which the strongest directions are kept, and the similarity of a
photo and a class is the cosine of the photo's features and the class mean. This takes the class means and a
few directions, and no training photo. Variances that a few photos show are uncertain, so a part of the mean
variance is added to each: without it, whitening weakens strong directions too much and lets noise in.

Sources: Lee et al., "A Simple Unified Framework for Detecting Out-of-Distribution Samples and Adversarial
Attacks" (2018), for distances to class means under a shared covariance; here cosines instead of distances.
Friedman, "Regularized Discriminant Analysis" (1989), for adding to the variances.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

DIRECTIONS = 512
ADDED_SHARE = 0.3  # of the mean variance, to each
MAX_DOUBLES = 1 << 26  # class sums in 64 bits: 32,768 classes of 2,048 features
CLASSES_AT_A_TIME = 4096
MIN_VARIANCE_SHARE = 1e-6  # of the mean variance; smaller variances are raised to it


@dataclass
class FeatureSums:
    """Sums over training photos.

    Attributes:
        photos: Photos of each class, (classes,) float64.
        features: Sum of the features of each class, (classes, features) float64; float32 if they are many,
            which rounds far less than the file of the class means does.
        products: Sum of the outer products, (features, features) float64.
    """

    photos: NDArray[np.float64]
    features: NDArray[np.floating[Any]]
    products: NDArray[np.float64]

    @classmethod
    def zeros(cls, classes: int, features: int) -> "FeatureSums":
        """Return the sums over no photo."""
        kind = np.float64 if classes * features <= MAX_DOUBLES else np.float32
        products = np.zeros((features, features))
        return cls(np.zeros(classes), np.zeros((classes, features), kind), products)

    def means(self) -> Iterator[tuple[slice, NDArray[np.float64]]]:
        """Yield the class means, some classes at a time, zeros for those without photos."""
        for start in range(0, len(self.photos), CLASSES_AT_A_TIME):
            some = slice(start, start + CLASSES_AT_A_TIME)
            yield some, self.features[some] / np.maximum(self.photos[some], 1)[:, np.newaxis]

    def covariance(self) -> NDArray[np.float64]:
        """Return the covariance of the features of all photos, (features, features)."""
        photos = self.photos.sum()
        mean = self.features.sum(axis=0, dtype=np.float64) / photos
        covariance: NDArray[np.float64] = self.products / photos - np.outer(mean, mean)
        return covariance

    def add(self, features: NDArray[np.floating[Any]], classes: NDArray[np.integer[Any]]) -> None:
        """Add photos: their features, (photos, features), and class indices, (photos,)."""
        self.photos += np.bincount(classes, minlength=len(self.photos))
        np.add.at(self.features, classes, features)
        self.products += features.T.astype(np.float64) @ features


@dataclass(frozen=True)
class Whitening:
    """How features are whitened by the variation within classes.

    Attributes:
        centre: Mean of the class means, (features,) float32.
        directions: Strongest directions of the variation within classes, (features, directions) float32.
        shrinkage: Factor of the features along each direction, minus one, (directions,) float32.
    """

    centre: NDArray[np.float32]
    directions: NDArray[np.float32]
    shrinkage: NDArray[np.float32]

    def whitened(self, features: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
        """Return features whitened and scaled to length 1, (photos, features)."""
        centred = features.astype(np.float32) - self.centre
        return unit(centred + ((centred @ self.directions) * self.shrinkage) @ self.directions.T)


@dataclass(frozen=True)
class FeatureStatistics:
    """Statistics of the features of all training photos.

    Attributes:
        whitening: How they are whitened.
        classes: Whitened class means of length 1, (classes, features) float32; zeros for a class without
            photos.
    """

    whitening: Whitening
    classes: NDArray[np.float32]

    def cosines(self, features: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
        """Return the similarity of each photo and every class, (photos, features) -> (photos, classes)."""
        return self.whitening.whitened(features) @ self.classes.T


def statistics_of_rows(rows: Iterable[tuple[NDArray[Any], NDArray[Any]]], classes: int) -> FeatureStatistics:
    """Compute the statistics of some rows.

    Args:
        rows: Features, (rows, features), and class indices, (rows,), in parts.
        classes: Number of classes.

    Raises:
        ValueError: No rows, or features that are not finite.
    """
    sums = FeatureSums.zeros(classes, 0)
    for features, of_part in rows:
        if not sums.products.size:
            sums = FeatureSums.zeros(classes, features.shape[1])
        sums.add(features, of_part)
    return feature_statistics(sums)


def feature_statistics(sums: FeatureSums) -> FeatureStatistics:
    """Compute the statistics from sums over all training photos.

    Sums in 32 bits, those of many classes, are overwritten: there may be no memory for the class means too.

    Raises:
        ValueError: No photos, or a sum that is not finite.
    """
    total = sums.photos.sum()
    if not total > 0 or not np.isfinite(sums.products).all():
        raise ValueError(f"expected photos with finite features, received {total:.0f} photos")
    with_photos = sums.photos > 0
    between = sum((means.T * sums.photos[some]) @ means for some, means in sums.means())
    within = (sums.products - between) / total
    count = min(DIRECTIONS, len(within) // 2)
    variances, directions = principal_directions(within, count)
    smallest = max(MIN_VARIANCE_SHARE * np.trace(within) / len(within), np.finfo(np.float64).tiny)
    rest = max((np.trace(within) - variances.sum()) / (len(within) - count), smallest)
    added = max(ADDED_SHARE * np.trace(within) / len(within), smallest)
    ratios = (rest + added) / (np.maximum(variances, smallest) + added)
    shrinkage = (np.sqrt(ratios) - 1).astype(np.float32)
    centre = sum(means[with_photos[some]].sum(axis=0) for some, means in sums.means()) / with_photos.sum()
    whitening = Whitening(centre.astype(np.float32), directions.astype(np.float32), shrinkage)
    classes = np.asarray(sums.features, np.float32)  # no copy of those in 32 bits
    for some, means in sums.means():
        classes[some] = whitening.whitened(means)
    classes[~with_photos] = 0
    return FeatureStatistics(whitening, classes)


def principal_directions(
    covariance: NDArray[np.float64], count: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the largest variances, ascending, and their orthonormal directions, (features, count).

    A direction may be turned around. Which way it points must not depend on the processor, as each rank
    computes its own: the largest component is positive.

    Args:
        covariance: (features, features).
        count: How many to return.
    """
    features = len(covariance)
    if not count:
        return np.zeros(0), np.zeros((features, 0))
    # A few of thousands take a tenth of the time of all.
    variances, directions = scipy.linalg.eigh(covariance, subset_by_index=(features - count, features - 1))
    largest = np.abs(directions).argmax(axis=0)
    return variances, directions * np.sign(directions[largest, np.arange(count)])


def unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return vectors scaled to length 1, (photos, features); zeros stay zeros."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    scaled: NDArray[np.float32] = vectors / np.maximum(lengths, np.finfo(np.float32).tiny)
    return scaled
