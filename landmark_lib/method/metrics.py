"""How good the answers are (step 9 of the method)."""

import math
from collections.abc import Collection, Mapping
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

# Numbers or names, but the same in predictions and truths: 1 and "1" would never match.
Label = TypeVar("Label", int, str)


def top_k_accuracy(ranked: NDArray[np.integer[Any]], truth: NDArray[np.integer[Any]], k: int) -> float:
    """Give the share of photos whose true label is among the first k answers.

    Args:
        ranked: Labels of each photo, best first, (photos, k_max).
        truth: True label of each photo, (photos,).
        k: Answers that count, 1 … k_max.

    Raises:
        ValueError: No photos, other shapes, or a k out of range.
    """
    if ranked.ndim != 2 or truth.shape != ranked.shape[:1] or truth.size == 0:
        raise ValueError(
            "expected (photos, k_max) and (photos,) of some photos, "
            f"received {ranked.shape} and {truth.shape}"
        )
    if not 1 <= k <= ranked.shape[1]:
        raise ValueError(f"expected k in 1 to {ranked.shape[1]}, received {k}")
    # (photos,) becomes (photos, 1), to be compared with each of the k answers.
    return float((ranked[:, :k] == truth[:, np.newaxis]).any(axis=1).mean())


def mean_class_accuracy(labels: NDArray[np.integer[Any]], truth: NDArray[np.integer[Any]]) -> float:
    """Give the mean over the classes that occur in `truth` of the accuracy within the class.

    Args:
        labels: Predicted label of each photo, (photos,).
        truth: True label of each photo, (photos,).

    Raises:
        ValueError: No photos or other shapes.
    """
    _check_pairs(labels, truth)
    _, class_of_photo, photos = np.unique(truth, return_inverse=True, return_counts=True)
    right = np.bincount(class_of_photo, weights=labels == truth)
    return float((right / photos).mean())


def confusion(
    labels: NDArray[np.integer[Any]], truth: NDArray[np.integer[Any]]
) -> dict[tuple[int, int], int]:
    """Count the photos of each pair of labels that occurs.

    Args:
        labels: Predicted label of each photo, (photos,).
        truth: True label of each photo, (photos,).

    Returns:
        Photos by (true label, predicted label), sorted.

    Raises:
        ValueError: No photos or other shapes.
    """
    _check_pairs(labels, truth)
    pairs, photos = np.unique(np.stack((truth, labels), axis=1), axis=0, return_counts=True)
    return {(true, given): n for (true, given), n in zip(pairs.tolist(), photos.tolist(), strict=True)}


def gap(predictions: Mapping[str, tuple[Label, float]], truths: Mapping[str, Collection[Label]]) -> float:
    """Give the Global Average Precision, micro-AP, of at most one prediction a photo.

    All predictions are ranked by score, the larger first, equal scores by photo id. Each right one adds
    the share of right ones up to its rank; the sum is divided by the photos that show a landmark, answered
    or not. A prediction for a photo without a landmark keeps its rank as a wrong one.

    Args:
        predictions: (label, score) by photo id; a photo that is missing is unanswered.
        truths: The right labels of every photo, any of which counts; empty where it shows no landmark.

    Raises:
        ValueError: A prediction for an unknown photo, a score that is not a number, or no photo that
            shows a landmark.
    """
    with_landmark = sum(1 for right in truths.values() if right)
    if with_landmark == 0:
        raise ValueError(f"expected a photo that shows a landmark, received none in {len(truths)} photos")
    _check_predictions(predictions, truths)
    ranking = sorted(predictions, key=lambda photo: (-predictions[photo][1], photo))
    right_so_far = 0
    total = 0.0
    for rank, photo in enumerate(ranking, start=1):
        if predictions[photo][0] in truths[photo]:
            right_so_far += 1
            total += right_so_far / rank
    return total / with_landmark


def landmark_free_share(truths: Mapping[str, Collection[Label]]) -> float:
    """Give the share of photos that show no landmark, without which a GAP says little.

    Raises:
        ValueError: No photos.
    """
    if not truths:
        raise ValueError("expected the truth of at least one photo, received none")
    return sum(1 for right in truths.values() if not right) / len(truths)


def _check_pairs(labels: NDArray[np.integer[Any]], truth: NDArray[np.integer[Any]]) -> None:
    if truth.ndim != 1 or labels.shape != truth.shape or truth.size == 0:
        raise ValueError(
            f"expected twice (photos,) of some photos, received {labels.shape} and {truth.shape}"
        )


def _check_predictions(
    predictions: Mapping[str, tuple[Label, float]], truths: Mapping[str, Collection[Label]]
) -> None:
    unknown = sorted(predictions.keys() - truths.keys())
    if unknown:
        raise ValueError(
            f"expected predictions for the {len(truths)} photos of the truth, received {unknown[:10]}"
        )
    no_number = sorted(photo for photo, (_, score) in predictions.items() if math.isnan(score))
    if no_number:
        raise ValueError(f"expected scores that are numbers, received NaN for {no_number[:10]}")
