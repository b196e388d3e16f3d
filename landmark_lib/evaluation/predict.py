"""What the members and their vote answer to photos: unit by unit, shared among the ranks."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import tensorflow as tf
from numpy.typing import NDArray

from landmark_lib.errors import UserError
from landmark_lib.evaluation.evidence import evidence_of, sketches_of
from landmark_lib.evaluation.networks import Member, ask, load_members
from landmark_lib.evaluation.photos import Photos
from landmark_lib.evaluation.predictions import (
    REJECTED_SCHEMA,
    PredictionFiles,
    Summary,
    answers_schema,
)
from landmark_lib.evaluation.rejection_file import REJECTION, read_rejection
from landmark_lib.method.likeness import Sketch
from landmark_lib.method.rejection import Rejection
from landmark_lib.method.vote import rank_labels, vote
from landmark_lib.progress import progress
from landmark_lib.settings import PredictSettings
from landmark_lib.storage import Place
from landmark_lib.training import horovod_step
from landmark_lib.training.horovod_step import Ranks

PREDICTIONS = "predictions"  # folder in the models' directory


@dataclass(frozen=True)
class Voters:
    """Who answers.

    Attributes:
        members: All of them.
        rejection: How to tell photos without a landmark; None: it was not learned.
        sketches: Of each member's features, for the rejection.
    """

    members: Sequence[Member]
    rejection: Rejection | None
    sketches: Sequence[Sketch]


@dataclass(frozen=True)
class Likely:
    """The most likely labels of some photos, most likely first.

    Attributes:
        labels: Class indices, (photos, k) int64.
        confidences: Their softmax, (photos, k) float64.
    """

    labels: NDArray[np.int64]
    confidences: NDArray[np.float64]


def predict(settings: PredictSettings, photos: Photos, ranks: Ranks) -> tuple[PredictionFiles, Summary]:
    """Answer all photos, from where an interrupted run has come to; every rank takes its share of the units.

    Args:
        settings: Which models, and where the answers go.
        photos: What to answer.
        ranks: This rank's place.

    Returns:
        The files and what they hold.

    Raises:
        UserError: No trained members, a rejection learned for others, or a directory with other
            predictions.
        LandmarkError: A model cannot be loaded, an image of the data set does not decode, a file cannot be
            written.
    """
    voters = _load_voters(settings.models)
    files = PredictionFiles(
        Place(settings.output) if settings.output else Place(settings.models) / PREDICTIONS,
        _identity(settings, photos, voters),
        len(photos.sizes),
    )
    missing = horovod_step.from_rank_0(ranks, files.begin)
    mine = missing[ranks.rank :: ranks.size]
    horovod_step.together(ranks, lambda: _answer_units(settings, photos, voters, files, mine, ranks))
    names = [member.name for member in voters.members]
    summary = horovod_step.from_rank_0(ranks, lambda: files.finish(sum(photos.sizes), names))
    return files, summary


def most_likely(logits: tf.Tensor, count: int) -> Likely:
    """Give the classes of the largest softmax, largest first, equal ones by class index.

    Args:
        logits: (photos, classes) float32.
        count: Labels wanted; of fewer classes, all.
    """
    found = tf.math.top_k(tf.nn.softmax(logits), min(count, logits.shape[1]))
    return Likely(found.indices.numpy().astype(np.int64), found.values.numpy().astype(np.float64))


def join_likely(parts: Sequence[Likely]) -> Likely:
    """Put the answers to photos one behind another."""
    return Likely(
        np.concatenate([part.labels for part in parts]),
        np.concatenate([part.confidences for part in parts]),
    )


def _load_voters(models: str) -> Voters:
    members = load_members(models)
    rejection, sketches = read_rejection(models, members), sketches_of(members)
    if rejection and not sketches:
        raise UserError(f"--models: a member in {models} has lost its sketch.npz, which {REJECTION} needs")
    return Voters(members, rejection, sketches or [])


def _identity(settings: PredictSettings, photos: Photos, voters: Voters) -> dict[str, Any]:
    return {
        "photos": photos.identity,
        "models": {member.name: member.sha256 for member in voters.members},
        "rejection": asdict(voters.rejection) if voters.rejection else None,
        "top": settings.top_k,
        "batch size": settings.batch_size,
    }


def _answer_units(
    settings: PredictSettings,
    photos: Photos,
    voters: Voters,
    files: PredictionFiles,
    units: Sequence[int],
    ranks: Ranks,
) -> None:
    total = sum(photos.sizes[unit] for unit in units)
    with progress("predict", total, "photos", speaks=ranks.speaks and total > 0) as display:
        for unit in units:
            files.write(unit, *_answer(settings, photos, voters, unit))
            display.update(photos.sizes[unit])


def _answer(
    settings: PredictSettings, photos: Photos, voters: Voters, unit: int
) -> tuple[pa.Table, pa.Table]:
    """Give the answers to the photos of a unit, and those that give no photo."""
    rejected: list[dict[str, str]] = []

    def reject(image_id: str, reason: str, detail: str) -> None:
        rejected.append({"image_id": image_id, "reason": reason, "detail": detail})

    image_ids: list[str] = []
    said: list[list[Likely]] = [[] for _ in voters.members]
    chances: list[NDArray[np.float64]] = []
    for batch_ids, answers in ask(voters.members, lambda: photos.read(unit, reject), settings.batch_size):
        image_ids += batch_ids.tolist()
        for parts, answer in zip(said, answers, strict=True):
            parts.append(most_likely(answer.logits, settings.top_k))
        if voters.rejection:
            chances.append(voters.rejection.score(evidence_of(answers, voters.sketches).pieces))
    table = _table(voters, image_ids, [join_likely(parts) for parts in said if parts], chances)
    return table, pa.Table.from_pylist(rejected, REJECTED_SCHEMA)


def _table(
    voters: Voters, image_ids: list[str], said: Sequence[Likely], chances: Sequence[NDArray[np.float64]]
) -> pa.Table:
    members, rejection = voters.members, voters.rejection
    schema = answers_schema([member.name for member in members], rejecting=rejection is not None)
    if not image_ids:
        return schema.empty_table()
    landmark_ids = np.array(members[0].record.landmark_ids, object)
    labels = np.stack([likely.labels for likely in said])  # (members, photos, k)
    confidences = np.stack([likely.confidences for likely in said])
    votes = vote(labels[:, :, 0], confidences[:, :, 0])
    columns: list[Any] = [image_ids]
    for likely in said:
        columns += [landmark_ids[likely.labels].tolist(), likely.confidences.tolist()]
    ranked = rank_labels(labels, confidences)
    columns += [landmark_ids[ranked].tolist(), votes.scores, votes.votes]
    if rejection is not None:
        chance = np.concatenate(chances)
        columns += [chance, chance < rejection.threshold]
    arrays = [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema)
