"""What each member says about the photos of the hold-out."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from landmark_lib.progress import progress
from landmark_lib.training.member_data import hold_out_slices
from landmark_lib.training.model import load_trained
from landmark_lib.training.model_directory import BEST
from landmark_lib.training.reading import Shards
from landmark_lib.training.stream import ordered_batches

MOST_LABELS = 5


@dataclass(frozen=True)
class Predictions:
    """The most likely labels of each photo, most likely first.

    Attributes:
        image_ids: Which photos, (photos,).
        truth: Their true class indices, (photos,) int64.
        labels: Class indices, (photos, k) int64.
        confidences: Softmax of these labels, (photos, k) float64.
    """

    image_ids: list[str]
    truth: NDArray[np.int64]
    labels: NDArray[np.int64]
    confidences: NDArray[np.float64]


def predict_hold_out(directory: Path, validation: Shards, batch_size: int) -> Predictions:
    """Ask the best model of a member about all validation rows.

    Args:
        directory: The member's directory.
        validation: Shards of the hold-out.
        batch_size: Photos predicted at once.

    Raises:
        LandmarkError: The model cannot be loaded.
    """
    network = load_trained(directory / BEST)
    signature = [tf.TensorSpec(network.input_shape, tf.uint8)]
    softmax = tf.function(lambda images: tf.nn.softmax(network(images, training=False)), signature)
    slices = hold_out_slices(validation, rank=0, ranks=1)
    photos = sum(part.stop - part.start for part in slices)
    batches = ordered_batches(validation, slices, network.input_shape[1], batch_size)
    parts: list[Predictions] = []
    with progress(directory.name, photos, "photos") as display:
        for image_ids, images, truth in batches:
            parts.append(_predictions(image_ids.numpy(), truth.numpy(), softmax(images).numpy()))
            display.update(len(truth))
    return _joined(parts)


def _predictions(
    image_ids: NDArray[np.object_], truth: NDArray[np.int32], probabilities: NDArray[np.float32]
) -> Predictions:
    """Keep the most likely labels of a batch; `probabilities` is (photos, classes)."""
    labels = most_likely(probabilities, MOST_LABELS)
    return Predictions(
        [image_id.decode() for image_id in image_ids],
        truth.astype(np.int64),
        labels,
        np.take_along_axis(probabilities, labels, axis=1).astype(np.float64),
    )


def most_likely(probabilities: NDArray[np.floating[Any]], count: int) -> NDArray[np.int64]:
    """Give the classes of the largest probabilities, largest first, equal ones by class index.

    Args:
        probabilities: (photos, classes).
        count: Labels wanted; of fewer classes, all.

    Returns:
        Class indices, (photos, min(count, classes)).
    """
    order = np.argsort(-probabilities, axis=1, kind="stable")
    return order[:, :count].astype(np.int64)


def _joined(parts: Sequence[Predictions]) -> Predictions:
    return Predictions(
        [name for part in parts for name in part.image_ids],
        np.concatenate([part.truth for part in parts]),
        np.concatenate([part.labels for part in parts]),
        np.concatenate([part.confidences for part in parts]),
    )
