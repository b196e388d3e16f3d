"""What a network outputs for photos, and the classes that a network or a vote predicts; needs no engine."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Outputs:
    """What a network outputs for some photos, as tensors or arrays.

    Attributes:
        logits: (photos, classes) float32.
        features: Pooled features of the backbone, (photos, features) float32.
    """

    logits: Any
    features: Any


@dataclass(frozen=True)
class Predictions:
    """The most likely classes of some photos, best first.

    Attributes:
        classes: Class indices, (photos, k) int64 with k >= 1.
        scores: Scores of the first n classes, in 0 … 1, (photos, n) float with 1 <= n <= k. A network's
            scores are its softmax, n = k; a vote scores its first class only.

    Raises:
        ValueError: Other shapes.
    """

    classes: NDArray[np.integer[Any]]
    scores: NDArray[np.floating[Any]]

    def __post_init__(self) -> None:
        classes, scores = self.classes.shape, self.scores.shape
        if (
            not len(classes) == len(scores) == 2
            or classes[0] != scores[0]
            or not 1 <= scores[1] <= classes[1]
        ):
            raise ValueError(
                "expected classes as (photos, k) and scores as (photos, n up to k), with k and n at least 1,"
                f" received {classes} and {scores}"
            )

    @classmethod
    def join(cls, parts: Sequence[Self]) -> Self:
        """Concatenate predictions of different photos, at least one part."""
        return cls(
            np.concatenate([part.classes for part in parts]), np.concatenate([part.scores for part in parts])
        )

    def __len__(self) -> int:
        return len(self.classes)

    @property
    def first(self) -> NDArray[np.integer[Any]]:
        """The first class of each photo, (photos,)."""
        return self.classes[:, 0]

    @property
    def first_scores(self) -> NDArray[np.floating[Any]]:
        """Its score, (photos,)."""
        return self.scores[:, 0]

    def right(self, truth: NDArray[np.integer[Any]]) -> NDArray[np.bool_]:
        """Return whether the first class of each photo is the true one, (photos,)."""
        is_right: NDArray[np.bool_] = self.first == truth
        return is_right

    def of(self, photos: NDArray[np.integer[Any]] | slice) -> Self:
        """Return the predictions of some photos, by position."""
        return type(self)(self.classes[photos], self.scores[photos])
