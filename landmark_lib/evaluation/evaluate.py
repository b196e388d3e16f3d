"""Members and ensemble measured on the hold-out."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from landmark_lib import dataset
from landmark_lib.errors import UserError
from landmark_lib.evaluation.predict import Predictions, predict_hold_out
from landmark_lib.method.metrics import (
    confusion,
    gap,
    landmark_free_share,
    mean_class_accuracy,
    top_k_accuracy,
)
from landmark_lib.method.vote import rank_labels, vote
from landmark_lib.settings import EvaluateSettings
from landmark_lib.training.member_data import validation_shards
from landmark_lib.training.model_directory import finished_members, read_member

ENSEMBLE = "ensemble"
RESULTS = "evaluation.json"


@dataclass(frozen=True)
class Score:
    """How good one voter is."""

    voter: str
    weights: str  # what the backbone started from
    top_1: float
    top_5: float  # of fewer classes or labels: the right one among all given
    mean_class_accuracy: float
    gap: float
    confusion: list[tuple[int, int, int]]  # true class index, predicted class index, photos


@dataclass(frozen=True)
class Evaluation:
    """All scores on one hold-out."""

    dataset: str
    dataset_fingerprint: str
    photos: int
    classes: int
    chance: float  # top-1 accuracy of a guess
    landmark_free_share: float  # of the photos; a hold-out of landmark photos only flatters GAP
    scores: list[Score]


def evaluate(settings: EvaluateSettings, root: str) -> tuple[Evaluation, Path]:
    """Measure every trained member and their vote on the hold-out, and write the result as JSON.

    Args:
        settings: Where the models are and where the result goes.
        root: Root of the data set.

    Returns:
        The evaluation and the file that holds it.

    Raises:
        UserError: Not a data set, no trained member, or one trained on another data set.
    """
    manifest = dataset.read_manifest(root)
    directories = finished_members(settings.models)
    _check_fingerprints(directories, manifest.fingerprint, root)
    validation = validation_shards(root, manifest)
    predictions = [predict_hold_out(path, validation, settings.batch_size) for path in directories]

    truths = _truths(predictions[0])
    weights = [str(read_member(path).settings["weights"]) for path in directories]
    scores = [
        _score_member(path.name, kind, said, truths)
        for path, kind, said in zip(directories, weights, predictions, strict=True)
    ]
    kinds = ", ".join(dict.fromkeys(weights))
    evaluation = Evaluation(
        dataset=root,
        dataset_fingerprint=manifest.fingerprint,
        photos=len(truths),
        classes=manifest.classes,
        chance=1 / manifest.classes,
        landmark_free_share=landmark_free_share(truths),
        scores=[*scores, _score_ensemble(kinds, predictions, truths)],
    )
    path = Path(settings.output) if settings.output else Path(settings.models) / RESULTS
    _write(evaluation, path)
    return evaluation, path


def _check_fingerprints(directories: Sequence[Path], fingerprint: str, root: str) -> None:
    for directory in directories:
        trained_on = read_member(directory).dataset_fingerprint
        if trained_on != fingerprint:
            raise UserError(
                f"--models: {directory} was trained on the data set {trained_on}, {root} is {fingerprint}"
            )


def _truths(predictions: Predictions) -> dict[str, list[int]]:
    return {name: [int(label)] for name, label in zip(predictions.image_ids, predictions.truth, strict=True)}


def _score_member(voter: str, weights: str, said: Predictions, truths: dict[str, list[int]]) -> Score:
    return _score(voter, weights, said.labels, said.confidences[:, 0], said, truths)


def _score_ensemble(weights: str, said: Sequence[Predictions], truths: dict[str, list[int]]) -> Score:
    # Of all members together: (members, photos, k).
    labels = np.stack([predictions.labels for predictions in said])
    confidences = np.stack([predictions.confidences for predictions in said])
    votes = vote(labels[:, :, 0], confidences[:, :, 0])
    return _score(ENSEMBLE, weights, rank_labels(labels, confidences), votes.scores, said[0], truths)


def _score(
    voter: str,
    weights: str,
    ranked: NDArray[np.int64],
    scores: NDArray[np.float64],
    photos: Predictions,
    truths: dict[str, list[int]],
) -> Score:
    """Measure one voter by its ranked labels, (photos, k), and the scores of the first, (photos,)."""
    first, truth = ranked[:, 0], photos.truth
    answers = {
        name: (int(label), float(score))
        for name, label, score in zip(photos.image_ids, first, scores, strict=True)
    }
    return Score(
        voter=voter,
        weights=weights,
        top_1=top_k_accuracy(ranked, truth, 1),
        top_5=top_k_accuracy(ranked, truth, ranked.shape[1]),
        mean_class_accuracy=mean_class_accuracy(first, truth),
        gap=gap(answers, truths),
        confusion=[(*pair, count) for pair, count in confusion(first, truth).items()],
    )


def _write(evaluation: Evaluation, path: Path) -> None:
    try:
        partial = path.with_name(f".{path.name}.partial")
        partial.write_text(json.dumps(asdict(evaluation), indent=1) + "\n")
        partial.replace(path)
    except OSError as error:
        raise UserError(f"--output: cannot write {path}: {error.strerror}") from None
