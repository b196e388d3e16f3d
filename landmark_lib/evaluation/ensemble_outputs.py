"""What all members and their vote predict for the held-out photos."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from landmark_lib.evaluation.evidence import (
    Evidence,
    evidence_of,
    indexes_of,
    mean_similarity,
    similar_photos,
    vectors_of,
    without_true_class,
)
from landmark_lib.evaluation.measure import Voter
from landmark_lib.evaluation.networks import Members, TrainedMember, most_likely, run_networks
from landmark_lib.evaluation_results import ENSEMBLE, MEAN_SOFTMAX, TOP_K
from landmark_lib.hold_out import HoldOut
from landmark_lib.method.calibration import TEMPERATURES
from landmark_lib.method.neighbours import Neighbour
from landmark_lib.method.vote import ensemble_predictions
from landmark_lib.predictions import Predictions
from landmark_lib.progress import progress
from landmark_lib.training.member_data import slices_of_rank
from landmark_lib.training.reading import Group, Shards, read_slices

# Predictions, log sums (photos, temperatures) and true logits (photos,) of a batch.
_Measured = tuple[Predictions, NDArray[np.float64], NDArray[np.float64]]


@dataclass(frozen=True)
class EnsembleOutputs:
    """What all voters predict for the held-out photos, in their order.

    Attributes:
        members: Each member.
        ensemble: The members' vote.
        mean_softmax: The mean of the members' softmax.
        evidence: Evidence for the vote; None without an index of the training photos.
        evidence_masked: The same with the true class of each photo masked.
        similar: The training photos most similar to each photo; empty without an index.
    """

    members: list[Voter]
    ensemble: Voter
    mean_softmax: Voter
    evidence: Evidence | None
    evidence_masked: Evidence | None
    similar: list[list[Neighbour]]


def predict_hold_out(
    members: Members,
    hold_out: HoldOut,
    validation: Shards,
    batch_size: int,
    landmark_free: Sequence[NDArray[np.float16]] = (),
) -> EnsembleOutputs:
    """Run all members on all held-out photos, and let them vote.

    Only what is measured is kept of the logits: for 15,000 classes and 120,000 photos, all of them would take
    7 GB per member.

    Args:
        members: The members.
        hold_out: The held-out photos.
        validation: Their shards.
        batch_size: Photos per batch.
        landmark_free: Vectors of known photos without a landmark, as `mean_similarity` takes them.

    Raises:
        LandmarkError: An image does not decode, or a shard is broken.
    """
    batches: list[list[_Measured]] = [[] for _ in members]
    mean_softmax: list[Predictions] = []
    evidence: list[Evidence] = []
    masked: list[Evidence] = []
    indexes = indexes_of(members)
    similar: list[list[Neighbour]] = []
    done = 0

    def read() -> Iterator[Group]:
        return read_slices(validation, slices_of_rank(validation, rank=0, ranks=1), ("image_id", "image"))

    with progress("evaluate", len(hold_out.truth), "photos") as display:
        for image_ids, outputs in run_networks(members, read, batch_size):
            truth = hold_out.truth[done : done + len(image_ids)]
            for of_member, own in zip(batches, outputs, strict=True):
                true_logits = tf.gather(own.logits, truth, batch_dims=1).numpy().astype(np.float64)
                log_sums = _log_sums(own.logits).numpy().astype(np.float64)
                of_member.append((most_likely(own.logits, TOP_K), log_sums, true_logits))
            mean = tf.add_n([tf.nn.softmax(own.logits) for own in outputs]) / len(outputs)
            mean_softmax.append(most_likely(tf.math.log(mean), TOP_K))
            if indexes:
                vectors = vectors_of(outputs, indexes)
                against = mean_similarity(vectors, landmark_free)
                evidence.append(evidence_of(outputs, indexes, vectors, against))
                masked.append(evidence_of(without_true_class(outputs, truth), indexes, vectors, against))
                similar += similar_photos(outputs, indexes)
            done += len(image_ids)
            display.update(len(image_ids))
    voters = [_voter(member, of_member) for member, of_member in zip(members, batches, strict=True)]
    weights = ", ".join(dict.fromkeys(voter.weights for voter in voters))
    voted, _ = ensemble_predictions([voter.predictions for voter in voters])
    mean_predictions = Predictions.join(mean_softmax)
    # A mean of softmax may round to just above 1.
    mean_predictions = Predictions(mean_predictions.classes, np.minimum(mean_predictions.scores, 1.0))
    return EnsembleOutputs(
        members=voters,
        ensemble=Voter(ENSEMBLE, weights, voted),
        mean_softmax=Voter(MEAN_SOFTMAX, weights, mean_predictions),
        evidence=Evidence.join(evidence),
        evidence_masked=Evidence.join(masked),
        similar=similar,
    )


@tf.function(input_signature=[tf.TensorSpec((None, None), tf.float32)])  # type: ignore[untyped-decorator]
def _log_sums(logits: tf.Tensor) -> tf.Tensor:
    """Return logsumexp(logits / temperature), (photos, classes) -> (photos, temperatures)."""
    columns = [tf.reduce_logsumexp(logits / temperature, axis=1) for temperature in TEMPERATURES]
    return tf.stack(columns, axis=1)


def _voter(member: TrainedMember, batches: Sequence[_Measured]) -> Voter:
    predictions, log_sums, true_logits = zip(*batches, strict=True)
    return Voter(
        member.name,
        str(member.record.settings["weights"]),
        Predictions.join(predictions),
        np.concatenate(log_sums),
        np.concatenate(true_logits),
    )
