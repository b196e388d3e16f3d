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


def macro_precision(labels: NDArray[np.integer[Any]], truth: NDArray[np.integer[Any]]) -> float:
    """Give the mean over labels of the share of their answers that are right.

    The labels are those that occur in the truth or among the answers; one that was never answered counts
    as 0, as with scikit-learn's `average="macro", zero_division=0`.

    Args:
        labels: Predicted label of each photo, (photos,).
        truth: True label of each photo, (photos,).

    Raises:
        ValueError: No photos or other shapes.
    """
    right, answered, _ = _photos_by_label(labels, truth)
    return float((right / np.maximum(answered, 1)).mean())


def macro_recall(labels: NDArray[np.integer[Any]], truth: NDArray[np.integer[Any]]) -> float:
    """Give the mean over labels of the share of their photos that are answered right.

    The labels are those of `macro_precision`; one that no photo shows counts as 0, which is all that sets
    this apart from `mean_class_accuracy`. Takes and refuses the same.
    """
    right, _, true = _photos_by_label(labels, truth)
    return float((right / np.maximum(true, 1)).mean())


def per_class_accuracy(
    labels: NDArray[np.integer[Any]], truth: NDArray[np.integer[Any]], classes: int
) -> NDArray[np.float64]:
    """Give the accuracy within each class.

    Args:
        labels: Predicted class index of each photo, (photos,).
        truth: True class index of each photo, in 0 … classes - 1, (photos,).
        classes: How many there are.

    Returns:
        Accuracies, NaN of a class without photos, (classes,).

    Raises:
        ValueError: No photos or other shapes.
    """
    _check_pairs(labels, truth)
    photos = np.bincount(truth, minlength=classes).astype(np.float64)
    right = np.bincount(truth, labels == truth, classes)
    return np.divide(right, photos, out=np.full(classes, np.nan), where=photos > 0)


def tenths_by_label_count(label_counts: NDArray[np.integer[Any]]) -> list[NDArray[np.int64]]:
    """Cut the classes into ten parts, the rarest first, equal counts by class index.

    Args:
        label_counts: Images of each class, (classes,).

    Returns:
        Class indices of each part, whose sizes differ by one at most; of fewer than ten classes, one a part.
    """
    rarest_first = np.argsort(label_counts, kind="stable").astype(np.int64)
    return [part for part in np.array_split(rarest_first, 10) if part.size]


def disagreement(labels: NDArray[np.integer[Any]]) -> NDArray[np.float64]:
    """Give the share of photos on which each two members answer differently.

    Args:
        labels: Each member's label of each photo, (members, photos).

    Returns:
        Shares, symmetric, 0 on the diagonal, (members, members).

    Raises:
        ValueError: No photos or another shape.
    """
    if labels.ndim != 2 or labels.shape[1] == 0:
        raise ValueError(f"expected (members, photos) of some photos, received {labels.shape}")
    return np.array([(labels != own).mean(axis=1) for own in labels])


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


def _photos_by_label(
    labels: NDArray[np.integer[Any]], truth: NDArray[np.integer[Any]]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Count the photos of each label that occurs: answered right, answered so, truly so; each (labels,)."""
    _check_pairs(labels, truth)
    occurring, numbers = np.unique(np.concatenate((labels, truth)), return_inverse=True)
    answered, true = numbers[: len(labels)], numbers[len(labels) :]
    right, said, shown = (
        np.bincount(some, minlength=len(occurring)) for some in (true[answered == true], answered, true)
    )
    return right, said, shown


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
