"""Evidence that the ensemble's answers are right: what rejection weighs (`method.rejection`)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from landmark_lib.evaluation.networks import Member, Said
from landmark_lib.method.likeness import Sketch
from landmark_lib.method.rejection import log_odds
from landmark_lib.method.vote import vote

FEWEST_CLASSES = 2  # of one, nothing is left to answer to a photo whose landmark is unknown


@dataclass(frozen=True)
class Evidence:
    """The vote on some photos, and what speaks for it.

    Attributes:
        scores: Of the vote, (photos,) float64.
        pieces: As `rejection.EVIDENCE` names them, (photos, pieces) float64.
    """

    scores: NDArray[np.float64]
    pieces: NDArray[np.float64]


def sketches_of(members: Sequence[Member]) -> list[Sketch] | None:
    """Give the members' sketches; None if one has none, or if they know too few classes."""
    sketches = [member.sketch for member in members if member.sketch is not None]
    enough = len(members[0].record.landmark_ids) >= FEWEST_CLASSES
    return sketches if enough and len(sketches) == len(members) else None


def evidence_of(said: Sequence[Said], sketches: Sequence[Sketch]) -> Evidence:
    """Weigh what all members say of some photos.

    Args:
        said: By each member.
        sketches: Of each member.
    """
    answers = [_first(one.logits) for one in said]
    votes = vote(np.stack([labels for labels, _, _ in answers]), np.stack([sure for _, sure, _ in answers]))
    energies = np.mean([energy for _, _, energy in answers], axis=0)
    likenesses = np.mean(
        [
            sketch.likeness(one.features.numpy(), votes.labels)
            for one, sketch in zip(said, sketches, strict=True)
        ],
        axis=0,
    )
    return Evidence(votes.scores, np.column_stack((log_odds(votes.scores), energies, likenesses)))


def join_evidence(parts: Sequence[Evidence]) -> Evidence | None:
    """Put evidence on photos one behind another; None of nothing."""
    if not parts:
        return None
    return Evidence(
        np.concatenate([part.scores for part in parts]), np.concatenate([part.pieces for part in parts])
    )


def unknown_to_all(said: Sequence[Said], truth: NDArray[np.int64]) -> list[Said]:
    """Give what the members would say if none had heard of the landmark that a photo shows.

    Args:
        said: By each member.
        truth: Class index of each photo, (photos,).
    """
    places = np.column_stack((np.arange(len(truth)), truth))
    nothing = tf.fill([len(truth)], -np.inf)
    return [Said(tf.tensor_scatter_nd_update(one.logits, places, nothing), one.features) for one in said]


def _first(logits: tf.Tensor) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Give the likeliest class of each photo, its softmax, and the energy, (photos,) each."""
    energies = tf.reduce_logsumexp(logits, axis=1)
    sure = tf.exp(tf.reduce_max(logits, axis=1) - energies)
    return (
        tf.argmax(logits, axis=1).numpy(),
        np.minimum(sure.numpy().astype(np.float64), 1.0),
        energies.numpy().astype(np.float64),
    )
