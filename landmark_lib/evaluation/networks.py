"""The trained networks of all members, asked together: each photo is decoded once for all of them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from landmark_lib.errors import UserError
from landmark_lib.storage import Place
from landmark_lib.training.model import BACKBONE, load_trained
from landmark_lib.training.model_directory import BEST, finished_members, read_member, read_sketch
from landmark_lib.training.stream import Read, photo_batches


@dataclass(frozen=True)
class Said:
    """What a network says of some photos.

    Attributes:
        logits: (photos, classes) float32.
        features: Pooled, (photos, features) float32.
    """

    logits: tf.Tensor
    features: tf.Tensor


class Member:
    """The best network of one member.

    Attributes:
        name: "member-0" …
        record: What its directory tells about it.
        side: Of the images that it takes, in pixels.
        sketch: Of the features of its training photos; None if it was trained when there were none.
        ask: From images (photos, side, side, 3) uint8 to logits and features, as `Said` has them.
    """

    def __init__(self, directory: Place) -> None:
        """Load it.

        Raises:
            LandmarkError: The model or its sketch cannot be read.
        """
        self.name = directory.name
        self.record = read_member(directory)
        self.directory = directory
        network = load_trained(directory / BEST)
        self.side = int(network.input_shape[1])
        self.sketch = read_sketch(directory)
        both = keras.Model(network.input, [network.output, network.get_layer(BACKBONE).output])
        signature = [tf.TensorSpec(network.input_shape, tf.uint8)]
        self.ask: Callable[[tf.Tensor], list[tf.Tensor]] = tf.function(
            lambda images: [tf.cast(said, tf.float32) for said in both(images, training=False)], signature
        )

    @property
    def sha256(self) -> str:
        """Checksum of its model's file."""
        return (self.directory / BEST).digest()


def load_members(models: str) -> list[Member]:
    """Load all members of an ensemble.

    Raises:
        UserError: None is trained, one's training has not ended, or they know different classes.
        LandmarkError: A model cannot be loaded.
    """
    members = [Member(directory) for directory in finished_members(models)]
    first = members[0]
    for member in members:
        if member.record.landmark_ids != first.record.landmark_ids:
            raise UserError(
                f"--models: {first.name} and {member.name} in {models} know different classes, and cannot"
                " vote together"
            )
    return members


def ask(
    members: Sequence[Member], read: Read, batch_size: int
) -> Iterator[tuple[NDArray[np.object_], list[Said]]]:
    """Ask all members about photos.

    Args:
        members: Which.
        read: Reads image ids and JPEGs of 224 x 224 pixels, (rows,) each, in order.
        batch_size: Photos at once.

    Yields:
        Image ids (photos,) str, and what each member says of these photos.

    Raises:
        LandmarkError: An image does not decode, or what `read` raises.
    """
    sides = sorted({member.side for member in members})
    for image_ids, images in photo_batches(read, sides, batch_size):
        by_side = dict(zip(sides, images, strict=True))
        yield _decoded(image_ids), [Said(*member.ask(by_side[member.side])) for member in members]


def _decoded(image_ids: tf.Tensor) -> NDArray[np.object_]:
    return np.array([image_id.decode() for image_id in image_ids.numpy()], object)
