"""How good predictions are (step 9 of the method)."""

import math
from collections.abc import Collection, Mapping
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

# Classes or labels, but the same in predictions and truths: 1 and "1" would never match.
Label = TypeVar("Label", int, str)


def top_k_accuracy(ranked: NDArray[np.integer[Any]], truth: NDArray[np.integer[Any]], k: int) -> float:
    """Return the share of photos whose true class is among the first k predicted ones.

    >>> top_k_accuracy(np.array([[1, 2], [3, 4]]), np.array([2, 3]), k=1)
    0.5

    Args:
        ranked: Predicted classes of each photo, best first, (photos, k_max).
        truth: True class of each photo, (photos,).
        k: In 1 … k_max.

    Raises:
        ValueError: No photos, other shapes, or a k out of range.
    """
    if ranked.ndim != 2 or truth.shape != ranked.shape[:1] or truth.size == 0:
        raise ValueError(
            f"expected (photos, k_max) and (photos,), not empty; received {ranked.shape} and {truth.shape}"
        )
    if not 1 <= k <= ranked.shape[1]:
        raise ValueError(f"expected k in 1 to {ranked.shape[1]}, received {k}")
    # (photos,) becomes (photos, 1) to compare it with each of the k classes.
    return float((ranked[:, :k] == truth[:, np.newaxis]).any(axis=1).mean())


def mean_class_accuracy(classes: NDArray[np.integer[Any]], truth: NDArray[np.integer[Any]]) -> float:
    """Return the mean per-class accuracy over the classes that occur in `truth`.

    Args:
        classes: Predicted class of each photo, (photos,).
        truth: True class of each photo, (photos,).

    Raises:
        ValueError: No photos or other shapes.
    """
    _check_pairs(classes, truth)
    _, class_of_photo, photos = np.unique(truth, return_inverse=True, return_counts=True)
    right = np.bincount(class_of_photo, weights=classes == truth)
    return float((right / photos).mean())


def macro_precision(classes: NDArray[np.integer[Any]], truth: NDArray[np.integer[Any]]) -> float:
    """Return the mean per-class precision.

    The classes are those that occur in the truth or in the predictions; one that was never predicted counts
    as 0, as with scikit-learn's `average="macro", zero_division=0`.

    Args:
        classes: Predicted class of each photo, (photos,).
        truth: True class of each photo, (photos,).

    Raises:
        ValueError: No photos or other shapes.
    """
    right, predicted, _ = _photos_by_class(classes, truth)
    return float((right / np.maximum(predicted, 1)).mean())


def macro_recall(classes: NDArray[np.integer[Any]], truth: NDArray[np.integer[Any]]) -> float:
    """Return the mean per-class recall over the classes of `macro_precision`.

    A class that no photo shows counts as 0; this is the only difference from `mean_class_accuracy`.
    Arguments and errors are the same.
    """
    right, _, true = _photos_by_class(classes, truth)
    return float((right / np.maximum(true, 1)).mean())


def per_class_accuracy(
    classes: NDArray[np.integer[Any]], truth: NDArray[np.integer[Any]], class_count: int
) -> NDArray[np.float64]:
    """Return the accuracy of each class, (class_count,); NaN for a class without photos.

    Args:
        classes: Predicted class index of each photo, (photos,).
        truth: True class index of each photo, in 0 … class_count - 1, (photos,).
        class_count: Number of classes.

    Raises:
        ValueError: No photos or other shapes.
    """
    _check_pairs(classes, truth)
    photos = np.bincount(truth, minlength=class_count).astype(np.float64)
    right = np.bincount(truth, classes == truth, class_count)
    return np.divide(right, photos, out=np.full(class_count, np.nan), where=photos > 0)


def tenths_by_label_count(label_counts: NDArray[np.integer[Any]]) -> list[NDArray[np.int64]]:
    """Split the classes into ten parts by label count, rarest first, equal counts by class index.

    Args:
        label_counts: Images of each class, (classes,).

    Returns:
        Class indices of each part; sizes differ by at most one. Fewer than ten classes have one part each.
    """
    rarest_first = np.argsort(label_counts, kind="stable").astype(np.int64)
    return [part for part in np.array_split(rarest_first, 10) if part.size]


def disagreement(classes: NDArray[np.integer[Any]]) -> NDArray[np.float64]:
    """Return the share of photos on which each two members disagree.

    Args:
        classes: Each member's class of each photo, (members, photos).

    Returns:
        Shares, symmetric with 0 on the diagonal, (members, members).

    Raises:
        ValueError: No photos or another shape.
    """
    if classes.ndim != 2 or classes.shape[1] == 0:
        raise ValueError(f"expected (members, photos) with photos, received {classes.shape}")
    return np.array([(classes != own).mean(axis=1) for own in classes])


def confusion(
    classes: NDArray[np.integer[Any]], truth: NDArray[np.integer[Any]]
) -> dict[tuple[int, int], int]:
    """Count the photos of each pair of classes that occurs.

    Args:
        classes: Predicted class of each photo, (photos,).
        truth: True class of each photo, (photos,).

    Returns:
        Photos by (true class, predicted class), sorted.

    Raises:
        ValueError: No photos or other shapes.
    """
    _check_pairs(classes, truth)
    pairs, photos = np.unique(np.stack((truth, classes), axis=1), axis=0, return_counts=True)
    return {
        (true, predicted): n for (true, predicted), n in zip(pairs.tolist(), photos.tolist(), strict=True)
    }


def gap(predictions: Mapping[str, tuple[Label, float]], truths: Mapping[str, Collection[Label]]) -> float:
    """Return the Global Average Precision (micro-AP) of at most one prediction per photo.

    All predictions are ranked by descending score, equal scores by photo id. Each right one adds the share of
    right ones up to its rank; the sum is divided by the number of photos with a landmark, predicted or not. A
    prediction for a photo without a landmark keeps its rank as a wrong one.

    >>> predictions = {"a": ("mill", 0.9), "b": ("mill", 0.8), "c": ("tower", 0.7)}
    >>> gap(predictions, {"a": ["mill"], "b": [], "c": ["tower"], "d": ["mill"]})  # (1/1 + 2/3) / 3
    0.5555555555555555

    Args:
        predictions: (label, score) by photo id; a photo may be missing.
        truths: The right labels of every photo, any of which counts; empty for a photo without a landmark.

    Raises:
        ValueError: A prediction for an unknown photo, a score that is NaN, or no photo with a landmark.
    """
    with_landmark = sum(1 for right in truths.values() if right)
    if with_landmark == 0:
        raise ValueError(f"expected a photo with a landmark, received none in {len(truths)} photos")
    unknown = sorted(predictions.keys() - truths.keys())
    if unknown:
        raise ValueError(
            f"expected predictions for the {len(truths)} photos of the truth, received {unknown[:10]}"
        )
    not_a_number = sorted(photo for photo, (_, score) in predictions.items() if math.isnan(score))
    if not_a_number:
        raise ValueError(f"expected finite scores, received NaN for {not_a_number[:10]}")
    ranking = sorted(predictions, key=lambda photo: (-predictions[photo][1], photo))
    right_so_far = 0
    total = 0.0
    for rank, photo in enumerate(ranking, start=1):
        if predictions[photo][0] in truths[photo]:
            right_so_far += 1
            total += right_so_far / rank
    return total / with_landmark


def _photos_by_class(
    classes: NDArray[np.integer[Any]], truth: NDArray[np.integer[Any]]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Count the photos of each class that occurs: predicted right, predicted, true; each (classes,)."""
    _check_pairs(classes, truth)
    occurring, numbers = np.unique(np.concatenate((classes, truth)), return_inverse=True)
    predicted, true = numbers[: len(classes)], numbers[len(classes) :]
    of_right, of_predicted, of_true = (
        np.bincount(some, minlength=len(occurring)) for some in (true[predicted == true], predicted, true)
    )
    return of_right, of_predicted, of_true


def _check_pairs(classes: NDArray[np.integer[Any]], truth: NDArray[np.integer[Any]]) -> None:
    if truth.ndim != 1 or classes.shape != truth.shape or truth.size == 0:
        raise ValueError(
            f"expected two arrays of equal shape (photos,), not empty; received {classes.shape} and"
            f" {truth.shape}"
        )
