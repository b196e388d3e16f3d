"""The trained networks of all members, run together: each photo is decoded once for all of them."""

from collections.abc import Iterable, Iterator, Mapping

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from landmark_lib.errors import UserError
from landmark_lib.evaluation.views import run_on_views
from landmark_lib.method.recipes import Framing
from landmark_lib.predictions import Outputs, Predictions
from landmark_lib.settings.views import PLAIN, Views
from landmark_lib.storage import Place
from landmark_lib.training.member_record import finished_members, read_member, warn_about_missing
from landmark_lib.training.model import load_trained
from landmark_lib.training.model_directory import BEST, read_whitening
from landmark_lib.training.neighbours import read_index
from landmark_lib.training.stream import Read, photo_batches


class TrainedMember:
    """The best network of one member.

    Attributes:
        name: "member-0", "member-1", …
        record: The content of its member.json.
        directory: Its directory.
        side: Side of the images it takes, in pixels.
        index: Of its training photos; None if it was trained before there was one.
        network: From images, (photos, side, side, 3) uint8, to logits.
    """

    def __init__(self, directory: Place) -> None:
        """Load the network.

        Raises:
            LandmarkError: The model or its index cannot be read.
        """
        self.name = directory.name
        self.record = read_member(directory)
        self.directory = directory
        self.network = load_trained(directory / BEST)
        self.side = int(self.network.input_shape[1])
        self.index = read_index(directory, read_whitening(directory))

    @property
    def sha256(self) -> str:
        """Checksum of the model's file."""
        return (self.directory / BEST).digest()


class Members(list[TrainedMember]):
    """Members whose networks run together.

    Attributes:
        views: The views of each photo over which their features are averaged.
    """

    def __init__(self, members: Iterable[TrainedMember], views: Views = PLAIN) -> None:
        """Find the layers that they share, which run once for each view.

        Raises:
            UserError: A network cannot take these views.
        """
        super().__init__(members)
        self.views = views
        self._run = run_on_views([member.network for member in self], views)

    @property
    def framing(self) -> Framing:
        """What they see of a photo."""
        return self[0].record.framing

    @property
    def sides(self) -> list[int]:
        """Sides of the images that they take, in pixels, each once."""
        return sorted({member.side for member in self})

    def outputs(self, images: Mapping[int, tf.Tensor]) -> list[Outputs]:
        """Return each member's outputs for some photos, from their images by side; arrays are taken too."""
        tensors = {side: tf.convert_to_tensor(batch) for side, batch in images.items()}
        return [Outputs(*outputs) for outputs in self._run(tensors)]


def load_members(models: str, views: Views = PLAIN) -> Members:
    """Load all members of an ensemble.

    Raises:
        UserError: No member is trained, a training has not ended, the members know different classes, or one
            cannot take these views.
        LandmarkError: A model cannot be loaded.
    """
    directories = finished_members(models)
    warn_about_missing(directories)
    members = Members((TrainedMember(directory) for directory in directories), views)
    first = members[0]
    for member in members:
        if member.record.landmark_ids != first.record.landmark_ids:
            raise UserError(
                f"--models: {first.name} and {member.name} in {models} know different classes, so they cannot"
                " vote together"
            )
        if member.record.framing != first.record.framing:
            raise UserError(
                f"--models: {first.name} and {member.name} in {models} were trained on data sets of different"
                f" framing, {first.record.framing} and {member.record.framing}, so they cannot vote together"
            )
    return members


def run_networks(
    members: Members, read: Read, batch_size: int
) -> Iterator[tuple[NDArray[np.object_], list[Outputs]]]:
    """Run the networks of all members on photos.

    Args:
        members: The members.
        read: Reads image ids and JPEGs of the members' framing, (rows,) each, in order.
        batch_size: Photos per batch.

    Yields:
        Image ids, (photos,) str, and each member's outputs for these photos.

    Raises:
        LandmarkError: An image does not decode, or what `read` raises.
    """
    for image_ids, images in photo_batches(read, members.sides, batch_size):
        ids = np.array([image_id.decode() for image_id in image_ids.numpy()], object)
        yield ids, members.outputs(dict(zip(members.sides, images, strict=True)))


def most_likely(logits: tf.Tensor, k: int) -> Predictions:
    """Return the k classes of the largest softmax, largest first, equal ones by class index.

    Args:
        logits: (photos, classes) float32.
        k: Number of classes; all, if there are fewer.
    """
    found = tf.math.top_k(tf.nn.softmax(logits), min(k, logits.shape[1]))
    return Predictions(found.indices.numpy().astype(np.int64), found.values.numpy().astype(np.float64))
