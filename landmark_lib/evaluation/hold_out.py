"""What all members and their votes answer to the photos of the hold-out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from landmark_lib import dataset
from landmark_lib.evaluation.evidence import Evidence, evidence_of, join_evidence, sketches_of, unknown_to_all
from landmark_lib.evaluation.measure import Answers, HoldOut
from landmark_lib.evaluation.networks import Member, ask
from landmark_lib.evaluation.predict import Likely, join_likely, most_likely
from landmark_lib.evaluation_results import ENSEMBLE, MEAN_SOFTMAX
from landmark_lib.method.calibration import TEMPERATURES
from landmark_lib.method.vote import rank_labels, vote
from landmark_lib.progress import progress
from landmark_lib.training.member_data import slices_of_rank
from landmark_lib.training.reading import Group, Shards, read_slices

MOST_LABELS = 5


@dataclass(frozen=True)
class Votes:
    """Answers of all voters, the photos in one order.

    Attributes:
        members: Of each.
        ensemble: Of their vote.
        mean_softmax: Of the mean of their softmax.
        known: What speaks for the ensemble's answers; None without sketches.
        unknown: The same as if the landmark of each photo were not among the classes.
    """

    members: list[Answers]
    ensemble: Answers
    mean_softmax: Answers
    known: Evidence | None
    unknown: Evidence | None


@dataclass
class _Said:
    """What one member said so far, a part a batch."""

    likely: list[Likely] = field(default_factory=list)
    log_sums: list[NDArray[np.float64]] = field(default_factory=list)  # (photos, temperatures)
    true_logits: list[NDArray[np.float64]] = field(default_factory=list)  # (photos,)


def read_hold_out(root: str, fingerprint: str, validation: Shards) -> HoldOut:
    """Read which photos are held out and what they show, no pixels."""
    columns = ["image_id", "class_index"]
    tables = [dataset.read_table(root, record.path, columns) for record in validation.records]
    classes = dataset.read_classes(root)
    return HoldOut(
        dataset=root,
        fingerprint=fingerprint,
        image_ids=[image_id for table in tables for image_id in table["image_id"].to_pylist()],
        truth=np.concatenate([table["class_index"].to_numpy() for table in tables]).astype(np.int64),
        label_counts=np.array([row.label_count for row in classes], np.int64),
    )


def ask_about(members: Sequence[Member], hold_out: HoldOut, validation: Shards, batch_size: int) -> Votes:
    """Ask all members about all photos of the hold-out, and let them vote.

    Of the logits only what is measured is kept: at 15,000 classes and 120,000 photos, all of them would take
    7 GB a member.

    Raises:
        LandmarkError: An image does not decode, or a shard is broken.
    """
    said = [_Said() for _ in members]
    mean_softmax: list[Likely] = []
    sketches = sketches_of(members)
    known: list[Evidence] = []
    unknown: list[Evidence] = []
    done = 0

    def read() -> Iterator[Group]:
        return read_slices(validation, slices_of_rank(validation, rank=0, ranks=1), ("image_id", "image"))

    with progress("evaluate", len(hold_out.truth), "photos") as display:
        for image_ids, answers in ask(members, read, batch_size):
            truth = hold_out.truth[done : done + len(image_ids)]
            for answer, parts in zip(answers, said, strict=True):
                _note(answer.logits, truth, parts)
            mean = tf.add_n([tf.nn.softmax(answer.logits) for answer in answers]) / len(answers)
            mean_softmax.append(most_likely(tf.math.log(mean), MOST_LABELS))
            if sketches:
                known.append(evidence_of(answers, sketches))
                unknown.append(evidence_of(unknown_to_all(answers, truth), sketches))
            done += len(image_ids)
            display.update(len(image_ids))
    return _votes(members, said, join_likely(mean_softmax), join_evidence(known), join_evidence(unknown))


def _note(logits: tf.Tensor, truth: NDArray[np.int64], said: _Said) -> None:
    said.likely.append(most_likely(logits, MOST_LABELS))
    said.log_sums.append(_log_sums(logits).numpy().astype(np.float64))
    said.true_logits.append(tf.gather(logits, truth, batch_dims=1).numpy().astype(np.float64))


@tf.function(input_signature=[tf.TensorSpec((None, None), tf.float32)])  # type: ignore[untyped-decorator]
def _log_sums(logits: tf.Tensor) -> tf.Tensor:
    """Give logsumexp(logits / temperature), (photos, classes) -> (photos, temperatures)."""
    columns = [tf.reduce_logsumexp(logits / temperature, axis=1) for temperature in TEMPERATURES]
    return tf.stack(columns, axis=1)


def _votes(
    members: Sequence[Member],
    said: Sequence[_Said],
    mean_softmax: Likely,
    known: Evidence | None,
    unknown: Evidence | None,
) -> Votes:
    likely = [join_likely(parts.likely) for parts in said]
    # of all members together: (members, photos, k)
    labels = np.stack([one.labels for one in likely])
    confidences = np.stack([one.confidences for one in likely])
    voted = vote(labels[:, :, 0], confidences[:, :, 0])
    weights = [str(member.record.settings["weights"]) for member in members]
    kinds = ", ".join(dict.fromkeys(weights))
    return Votes(
        members=[
            Answers(
                member.name,
                kind,
                one.labels,
                one.confidences[:, 0],
                log_sums=np.concatenate(parts.log_sums),
                true_logits=np.concatenate(parts.true_logits),
            )
            for member, kind, one, parts in zip(members, weights, likely, said, strict=True)
        ],
        ensemble=Answers(ENSEMBLE, kinds, rank_labels(labels, confidences), voted.scores),
        mean_softmax=Answers(
            MEAN_SOFTMAX, kinds, mean_softmax.labels, np.minimum(mean_softmax.confidences[:, 0], 1.0)
        ),
        known=known,
        unknown=unknown,
    )
