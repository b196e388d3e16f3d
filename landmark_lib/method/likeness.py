"""How much a photo looks like the training photos of a class, from a sketch of their features.

Features vary most in directions that tell little about the class: light, weather, distance. So they are
whitened by the variation within the classes, of which the sketch holds the strongest directions, and a photo
is as like a class as the cosine to the class mean says. That takes the class means and a few directions, and
no training photo.

Source: Lee et al., "A Simple Unified Framework for Detecting Out-of-Distribution Samples and Adversarial
Attacks" (2018), for distances to class means under a shared covariance; cosine in their place.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

DIRECTIONS = 256
SMALLEST_SHARE = 1e-6  # of the mean variance, taken for any smaller one


@dataclass
class FeatureSums:
    """Sums over training photos.

    Attributes:
        photos: Of each class, (classes,) float64.
        features: Summed by class, (classes, features) float64.
        products: Summed outer products, (features, features) float64.
    """

    photos: NDArray[np.float64]
    features: NDArray[np.float64]
    products: NDArray[np.float64]

    @classmethod
    def nothing(cls, classes: int, features: int) -> "FeatureSums":
        """Begin with no photo."""
        return cls(np.zeros(classes), np.zeros((classes, features)), np.zeros((features, features)))

    def add(self, features: NDArray[np.floating[Any]], classes: NDArray[np.integer[Any]]) -> None:
        """Add photos: their features (photos, features) and class indices (photos,)."""
        self.photos += np.bincount(classes, minlength=len(self.photos))
        np.add.at(self.features, classes, features)
        self.products += features.T.astype(np.float64) @ features


@dataclass(frozen=True)
class Sketch:
    """What is kept of the training photos' features.

    Attributes:
        centre: Mean over the classes, (features,) float32.
        directions: Strongest directions of the variation within classes, (features, directions) float32.
        shrinkage: What a feature's part in each of them is multiplied by, less one, (directions,) float32.
        classes: Whitened class means, each of length 1, (classes, features) float32; of a class without
            photos zeros.
    """

    centre: NDArray[np.float32]
    directions: NDArray[np.float32]
    shrinkage: NDArray[np.float32]
    classes: NDArray[np.float32]

    def likeness(
        self, features: NDArray[np.floating[Any]], labels: NDArray[np.integer[Any]]
    ) -> NDArray[np.float64]:
        """Tell how like each photo is to a class.

        Args:
            features: (photos, features).
            labels: Class index for each photo, (photos,).

        Returns:
            Cosines in -1 … 1, (photos,).
        """
        whitened = _unit(self._whitened(features.astype(np.float32) - self.centre))
        cosines = np.einsum("pf,pf->p", whitened, self.classes[labels]).astype(np.float64)
        clipped: NDArray[np.float64] = np.clip(cosines, -1.0, 1.0)  # rounding may lead out of it
        return clipped

    def _whitened(self, centred: NDArray[np.float32]) -> NDArray[np.float32]:
        whitened: NDArray[np.float32] = (
            centred + ((centred @ self.directions) * self.shrinkage) @ self.directions.T
        )
        return whitened


def sketch_of(sums: FeatureSums) -> Sketch:
    """Sketch training photos.

    Raises:
        ValueError: No photos, or a sum that is not a number.
    """
    total = sums.photos.sum()
    if not total > 0 or not np.isfinite(sums.products).all():
        raise ValueError(f"expected photos with features that are numbers, received {total:.0f} photos")
    shown = sums.photos > 0
    means = sums.features / np.maximum(sums.photos, 1)[:, np.newaxis]
    within = (sums.products - (means.T * sums.photos) @ means) / total
    variances, directions = np.linalg.eigh(within)  # smallest first
    smallest = max(SMALLEST_SHARE * np.trace(within) / len(within), np.finfo(np.float64).tiny)
    variances = np.maximum(variances, smallest)
    count = min(DIRECTIONS, len(variances) // 2)
    rest = variances[: len(variances) - count].mean()
    strongest = variances[len(variances) - count :]
    centre = means[shown].mean(axis=0)
    sketch = Sketch(
        centre.astype(np.float32),
        directions[:, len(variances) - count :].astype(np.float32),
        (np.sqrt(rest / strongest) - 1).astype(np.float32),
        np.zeros((0, len(centre)), np.float32),
    )
    classes = np.zeros(means.shape, np.float32)
    classes[shown] = _unit(sketch._whitened((means[shown] - centre).astype(np.float32)))  # noqa: SLF001
    return Sketch(sketch.centre, sketch.directions, sketch.shrinkage, classes)


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: NDArray[np.float32] = vectors / np.maximum(lengths, np.finfo(np.float32).tiny)
    return unit
