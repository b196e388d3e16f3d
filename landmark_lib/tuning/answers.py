"""What a trial answers to the photos of the hold-out."""

import io
from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from landmark_lib.errors import LandmarkError
from landmark_lib.evaluation.networks import TrainedMember, run_networks
from landmark_lib.storage import Place
from landmark_lib.training.member_data import MemberData
from landmark_lib.training.reading import Group, read_slices
from landmark_lib.zip_archive import read_arrays

ANSWERS = "answers.npz"


@dataclass(frozen=True)
class TrialAnswers:
    """The answers of a trial's best epoch, the photos in the order of the hold-out.

    Attributes:
        labels: Class index of each photo, (photos,) int64.
        confidences: Its softmax, (photos,) float32.
    """

    labels: NDArray[np.int64]
    confidences: NDArray[np.float32]


def answers_of(logits: NDArray[np.float32]) -> TrialAnswers:
    """Take the most likely label of each photo, of (photos, classes)."""
    softmax = tf.nn.softmax(logits).numpy()
    return TrialAnswers(softmax.argmax(axis=1), np.minimum(softmax.max(axis=1), np.float32(1)))


def ask_member(directory: Place, data: MemberData, batch_size: int) -> TrialAnswers:
    """Ask the best model of a member's directory.

    Raises:
        LandmarkError: It cannot be loaded, an image does not decode, a shard is broken.
    """

    def read() -> Iterator[Group]:
        return read_slices(data.validation, data.hold_out(rank=0, ranks=1), ("image_id", "image"))

    batches = run_networks([TrainedMember(directory)], read, batch_size)
    parts = [answers_of(outputs.logits.numpy()) for _, (outputs,) in batches]
    return TrialAnswers(
        np.concatenate([part.labels for part in parts]), np.concatenate([part.confidences for part in parts])
    )


def write_answers(folder: Place, answers: TrialAnswers) -> None:
    """Write answers whole or not at all.

    Raises:
        LandmarkError: They cannot be written.
    """
    content = io.BytesIO()
    np.savez(content, **asdict(answers))
    try:
        (folder / ANSWERS).write(content.getvalue())
    except OSError as error:
        raise LandmarkError(f"--models: cannot write into {folder}: {error.strerror or error}") from None


def read_answers(folder: Place) -> TrialAnswers:
    """Read answers.

    Raises:
        LandmarkError: They cannot be read.
    """
    place = folder / ANSWERS
    try:
        arrays = read_arrays(place.read_bytes())
        return TrialAnswers(arrays["labels"], arrays["confidences"])
    except (OSError, ValueError, KeyError) as error:
        raise LandmarkError(f"{place} cannot be read: {error}") from None
