"""Evidence that the ensemble's predictions are right: the input of rejection (`method.rejection`)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from landmark_lib.evaluation.networks import TrainedMember
from landmark_lib.method.neighbours import Neighbour, NeighbourIndex, most_similar, similarity_to_known
from landmark_lib.method.rejection import log_odds
from landmark_lib.method.vote import vote
from landmark_lib.predictions import Outputs

MIN_CLASSES = 2  # with one class, masking the true class leaves nothing to predict


@dataclass(frozen=True)
class Evidence:
    """The vote on some photos, and the evidence that it is right.

    Attributes:
        scores: Score of the vote, (photos,) float64.
        values: One column for each name in `rejection.EVIDENCE`, (photos, evidence) float64.
    """

    scores: NDArray[np.float64]
    values: NDArray[np.float64]

    @classmethod
    def join(cls, parts: Sequence[Self]) -> Self | None:
        """Concatenate evidence on different photos; None if there are no parts."""
        if not parts:
            return None
        return cls(
            np.concatenate([part.scores for part in parts]), np.concatenate([part.values for part in parts])
        )

    def of(self, photos: NDArray[np.bool_]) -> Self:
        """Return the evidence for some photos."""
        return type(self)(self.scores[photos], self.values[photos])


def indexes_of(members: Sequence[TrainedMember]) -> list[NeighbourIndex] | None:
    """Return the members' indexes; None if one has none, or if there are too few classes."""
    found = [member.index for member in members if member.index is not None]
    enough = len(members[0].record.landmark_ids) >= MIN_CLASSES
    return found if enough and len(found) == len(members) else None


def evidence_of(
    outputs: Sequence[Outputs],
    indexes: Sequence[NeighbourIndex],
    vectors: Sequence[NDArray[np.float32]],
    against: NDArray[np.float64] | float = 0.0,
) -> Evidence:
    """Compute the evidence for the vote on some photos.

    Args:
        outputs: Each member's outputs for these photos.
        indexes: Each member's index of its training photos.
        vectors: Each member's vectors of these photos, as `vectors_of` returns them.
        against: Similarity to known photos without a landmark, which counts against a photo, (photos,).
    """
    classes = np.stack([tf.argmax(one.logits, axis=1).numpy() for one in outputs])
    softmax = np.stack([tf.reduce_max(tf.nn.softmax(one.logits), axis=1).numpy() for one in outputs])
    votes = vote(classes, np.minimum(softmax.astype(np.float64), 1.0))
    similarities = [index.similarity(own, votes.classes) for index, own in zip(indexes, vectors, strict=True)]
    neighbours = np.mean(similarities, axis=0) - against
    return Evidence(votes.scores, np.column_stack((log_odds(votes.scores), neighbours)))


def vectors_of(outputs: Sequence[Outputs], indexes: Sequence[NeighbourIndex]) -> list[NDArray[np.float32]]:
    """Return each member's vectors of some photos, (photos, dimensions)."""
    return [
        index.projection.vectors(one.features.numpy()) for one, index in zip(outputs, indexes, strict=True)
    ]


def mean_similarity(
    vectors: Sequence[NDArray[np.float32]],
    known: Sequence[NDArray[np.float16]],
    own: NDArray[np.int64] | None = None,
) -> NDArray[np.float64] | float:
    """Return how similar photos are to known ones, on average over the members; 0 if none are known.

    Args:
        vectors: Each member's vectors of the photos.
        known: Each member's vectors of the known ones; none, or one array for each member.
        own: As `similarity_to_known` takes it.
    """
    if not known:
        return 0.0
    of_members = [similarity_to_known(one, other, own) for one, other in zip(vectors, known, strict=True)]
    mean: NDArray[np.float64] = np.mean(of_members, axis=0)
    return mean


def similar_photos(outputs: Sequence[Outputs], indexes: Sequence[NeighbourIndex]) -> list[list[Neighbour]]:
    """Return the training photos most similar to each photo, as `most_similar` does."""
    return most_similar(indexes, [one.features.numpy() for one in outputs])


def without_true_class(outputs: Sequence[Outputs], truth: NDArray[np.int64]) -> list[Outputs]:
    """Return the members' outputs with the true class of each photo masked, as if no member knew it.

    Args:
        outputs: Each member's outputs for some photos.
        truth: True class index of each photo, (photos,).
    """
    places = np.column_stack((np.arange(len(truth)), truth))
    nothing = tf.fill([len(truth)], -np.inf)
    return [
        Outputs(tf.tensor_scatter_nd_update(one.logits, places, nothing), one.features) for one in outputs
    ]
