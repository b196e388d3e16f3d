"""Evidence that the ensemble's predictions are right: the input of rejection (`method.rejection`)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from landmark_lib.evaluation.networks import TrainedMember
from landmark_lib.method.rejection import log_odds
from landmark_lib.method.similarity import FeatureStatistics
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


def statistics_of(members: Sequence[TrainedMember]) -> list[FeatureStatistics] | None:
    """Return the members' feature statistics; None if one has none, or if there are too few classes."""
    found = [member.statistics for member in members if member.statistics is not None]
    enough = len(members[0].record.landmark_ids) >= MIN_CLASSES
    return found if enough and len(found) == len(members) else None


def evidence_of(outputs: Sequence[Outputs], statistics: Sequence[FeatureStatistics]) -> Evidence:
    """Compute the evidence for the vote on some photos.

    Args:
        outputs: Each member's outputs for these photos.
        statistics: Each member's feature statistics.
    """
    all_energies = [tf.reduce_logsumexp(one.logits, axis=1) for one in outputs]
    classes = np.stack([tf.argmax(one.logits, axis=1).numpy() for one in outputs])
    softmax = [
        tf.exp(tf.reduce_max(one.logits, axis=1) - energies).numpy()
        for one, energies in zip(outputs, all_energies, strict=True)
    ]
    votes = vote(classes, np.minimum(np.stack(softmax).astype(np.float64), 1.0))
    energies = np.mean([own.numpy().astype(np.float64) for own in all_energies], axis=0)
    similarities = np.mean(
        [
            own.similarity(one.features.numpy(), votes.classes)
            for one, own in zip(outputs, statistics, strict=True)
        ],
        axis=0,
    )
    return Evidence(votes.scores, np.column_stack((log_odds(votes.scores), energies, similarities)))


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
