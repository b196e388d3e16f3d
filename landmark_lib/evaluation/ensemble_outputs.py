"""What all members and their vote predict for the held-out photos."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from landmark_lib.evaluation.evidence import Evidence, evidence_of, statistics_of, without_true_class
from landmark_lib.evaluation.measure import Voter
from landmark_lib.evaluation.networks import TrainedMember, most_likely, run_networks
from landmark_lib.evaluation_results import ENSEMBLE, MEAN_SOFTMAX, TOP_K
from landmark_lib.hold_out import HoldOut
from landmark_lib.method.calibration import TEMPERATURES
from landmark_lib.method.vote import ensemble_predictions
from landmark_lib.predictions import Predictions
from landmark_lib.progress import progress
from landmark_lib.training.member_data import slices_of_rank
from landmark_lib.training.reading import Group, Shards, read_slices


@dataclass(frozen=True)
class EnsembleOutputs:
    """What all voters predict for the held-out photos, in their order.

    Attributes:
        members: Each member.
        ensemble: The members' vote.
        mean_softmax: The mean of the members' softmax.
        evidence: Evidence for the vote; None without feature statistics.
        evidence_masked: The same with the true class of each photo masked.
    """

    members: list[Voter]
    ensemble: Voter
    mean_softmax: Voter
    evidence: Evidence | None
    evidence_masked: Evidence | None


def predict_hold_out(
    members: Sequence[TrainedMember], hold_out: HoldOut, validation: Shards, batch_size: int
) -> EnsembleOutputs:
    """Run all members on all held-out photos, and let them vote.

    Only what is measured is kept of the logits: for 15,000 classes and 120,000 photos, all of them would take
    7 GB per member.

    Raises:
        LandmarkError: An image does not decode, or a shard is broken.
    """
    predictions: list[list[Predictions]] = [[] for _ in members]
    log_sums: list[list[NDArray[np.float64]]] = [[] for _ in members]  # (photos, temperatures) per batch
    true_logits: list[list[NDArray[np.float64]]] = [[] for _ in members]  # (photos,) per batch
    mean_softmax: list[Predictions] = []
    evidence: list[Evidence] = []
    masked: list[Evidence] = []
    statistics = statistics_of(members)
    done = 0

    def read() -> Iterator[Group]:
        return read_slices(validation, slices_of_rank(validation, rank=0, ranks=1), ("image_id", "image"))

    with progress("evaluate", len(hold_out.truth), "photos") as display:
        for image_ids, outputs in run_networks(members, read, batch_size):
            truth = hold_out.truth[done : done + len(image_ids)]
            for member, own in enumerate(outputs):
                predictions[member].append(most_likely(own.logits, TOP_K))
                log_sums[member].append(_log_sums(own.logits).numpy().astype(np.float64))
                of_truth = tf.gather(own.logits, truth, batch_dims=1)
                true_logits[member].append(of_truth.numpy().astype(np.float64))
            mean = tf.add_n([tf.nn.softmax(own.logits) for own in outputs]) / len(outputs)
            mean_softmax.append(most_likely(tf.math.log(mean), TOP_K))
            if statistics:
                evidence.append(evidence_of(outputs, statistics))
                masked.append(evidence_of(without_true_class(outputs, truth), statistics))
            done += len(image_ids)
            display.update(len(image_ids))
    weights = [str(member.record.settings["weights"]) for member in members]
    joined = [Predictions.join(parts) for parts in predictions]
    voters = [
        Voter(member.name, of_member, own, np.concatenate(sums), np.concatenate(logits))
        for member, of_member, own, sums, logits in zip(
            members, weights, joined, log_sums, true_logits, strict=True
        )
    ]
    all_weights = ", ".join(dict.fromkeys(weights))
    mean_predictions = Predictions.join(mean_softmax)
    # A mean of softmax may round to just above 1.
    mean_predictions = Predictions(mean_predictions.classes, np.minimum(mean_predictions.scores, 1.0))
    return EnsembleOutputs(
        members=voters,
        ensemble=Voter(ENSEMBLE, all_weights, ensemble_predictions(joined)[0]),
        mean_softmax=Voter(MEAN_SOFTMAX, all_weights, mean_predictions),
        evidence=Evidence.join(evidence),
        evidence_masked=Evidence.join(masked),
    )


@tf.function(input_signature=[tf.TensorSpec((None, None), tf.float32)])  # type: ignore[untyped-decorator]
def _log_sums(logits: tf.Tensor) -> tf.Tensor:
    """Return logsumexp(logits / temperature), (photos, classes) -> (photos, temperatures)."""
    columns = [tf.reduce_logsumexp(logits / temperature, axis=1) for temperature in TEMPERATURES]
    return tf.stack(columns, axis=1)
