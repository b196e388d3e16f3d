"""What a trial predicts for the held-out photos."""

import io
from collections.abc import Iterator

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from landmark_lib.errors import LandmarkError
from landmark_lib.evaluation.networks import Members, TrainedMember, run_networks
from landmark_lib.predictions import Predictions
from landmark_lib.storage import Place
from landmark_lib.training.member_data import MemberData
from landmark_lib.training.model_directory import writing_into
from landmark_lib.training.reading import Group, read_slices
from landmark_lib.zip_archive import read_arrays

# Its arrays are called labels, class indices (photos,) int64, and confidences, (photos,) float32.
FILE = "answers.npz"


def first_predictions(logits: NDArray[np.float32]) -> Predictions:
    """Return the most likely class of each photo, from (photos, classes)."""
    softmax = tf.nn.softmax(logits).numpy()
    scores = np.minimum(softmax.max(axis=1, keepdims=True), np.float32(1))
    return Predictions(softmax.argmax(axis=1)[:, np.newaxis], scores)


def predict_hold_out(directory: Place, data: MemberData, batch_size: int) -> Predictions:
    """Return what the best model in a member's directory predicts, in the order of the hold-out.

    Raises:
        LandmarkError: The model cannot be loaded, an image does not decode, or a shard is broken.
    """

    def read() -> Iterator[Group]:
        return read_slices(data.validation, data.hold_out(rank=0, ranks=1), ("image_id", "image"))

    batches = run_networks(Members([TrainedMember(directory)]), read, batch_size)
    return Predictions.join([first_predictions(outputs.logits.numpy()) for _, (outputs,) in batches])


def write_predictions(folder: Place, predictions: Predictions) -> None:
    """Write the predictions of a trial's best epoch.

    Raises:
        LandmarkError: They cannot be written.
    """
    content = io.BytesIO()
    np.savez(content, labels=predictions.first, confidences=predictions.first_scores)
    with writing_into(folder):
        (folder / FILE).write(content.getvalue())


def read_predictions(folder: Place) -> Predictions:
    """Return the predictions of a trial's best epoch.

    Raises:
        LandmarkError: They cannot be read.
    """
    place = folder / FILE
    try:
        arrays = read_arrays(io.BytesIO(place.read_bytes()))
        # (photos,) -> (photos, 1)
        return Predictions(arrays["labels"][:, np.newaxis], arrays["confidences"][:, np.newaxis])
    except (OSError, ValueError, KeyError, IndexError) as error:
        raise LandmarkError(f"{place} cannot be read: {error}") from None
