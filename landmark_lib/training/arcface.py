"""The ArcFace head: logits are cosines between a photo and its classes, learned with a margin.

The layer knows no margins. Training adds them to the logits of its rows (`LogitsWithMargin`), so that a saved
model, validation and the reported loss and accuracy never have them.

Sources: Deng et al., "ArcFace: Additive Angular Margin Loss for Deep Face Recognition" (2019); Deng et al.,
"Sub-center ArcFace: Boosting Face Recognition by Large-Scale Noisy Web Faces" (2020).
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf

from landmark_lib.method.margins import margins_by_class
from landmark_lib.settings import TrainSettings
from landmark_lib.settings.train import ARCFACE, NetworkSettings

# A photo at the centre of its class, far from 81,313 others, has a score of 0.99. With 30, as elsewhere,
# few classes are recognised as well, but scores are too sure: validation loss 0.61 instead of 0.39 on the
# sample (30 landmarks, 240 photos, mean of three seeds).
SCALE = 16.0
SMALLEST = 1e-6  # of squared sines, whose roots have infinite slopes at 0

# From logits, (rows, classes), and class indices, (rows,), to the logits to learn from.
LogitsWithMargin = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]


@dataclass(frozen=True)
class ArcFaceHead:
    """The size of the head.

    Attributes:
        embedding_size: Length of the vector that a photo becomes.
        sub_centres: Centres of a class; the nearest one counts.
    """

    embedding_size: int
    sub_centres: int


@keras.saving.register_keras_serializable("landmark_lib")
class ArcFaceLogits(keras.layers.Layer):  # type: ignore[misc]
    """From features, (rows, features), to scaled cosines in -scale … scale, (rows, classes) float32.

    A dense layer makes an embedding of the features. Its cosine to the nearest centre of a class counts.
    """

    def __init__(
        self,
        classes: int,
        embedding_size: int,
        sub_centres: int,
        *,
        l2: float = 0.0,
        seed: int = 0,
        scale: float = SCALE,
        **options: Any,
    ) -> None:
        """Create the layer.

        Args:
            classes: Number of classes.
            embedding_size: Length of the embedding.
            sub_centres: Centres of a class.
            l2: Weight penalty.
            seed: Seed of the initial weights.
            scale: What the cosines are multiplied by.
            options: Those of any Keras layer.
        """
        super().__init__(**{**options, "dtype": "float32"})
        self.classes, self.embedding_size, self.sub_centres = classes, embedding_size, sub_centres
        self.l2, self.seed, self.scale = l2, seed, scale

    def build(self, shape: tuple[int | None, int]) -> None:
        """Create the weights."""
        size, penalty = self.embedding_size, keras.regularizers.L2(self.l2)
        kernel = keras.initializers.GlorotUniform(self.seed)
        self.kernel = self.add_weight((shape[-1], size), kernel, regularizer=penalty, name="kernel")
        self.bias = self.add_weight((size,), "zeros", name="bias")
        # Centres begin with a length of about 1.
        centres = keras.initializers.RandomNormal(0.0, 1 / math.sqrt(size), seed=self.seed + 1)
        of_centres = (self.classes, self.sub_centres, size)
        self.centres = self.add_weight(of_centres, centres, regularizer=penalty, name="centres")
        self.built = True

    def call(self, features: tf.Tensor) -> tf.Tensor:
        """Return the scaled cosines."""
        embeddings = keras.ops.normalize(keras.ops.matmul(features, self.kernel) + self.bias, axis=-1)
        centres = keras.ops.reshape(self.centres, (-1, self.embedding_size))
        cosines = keras.ops.matmul(embeddings, keras.ops.transpose(keras.ops.normalize(centres, axis=-1)))
        of_classes = keras.ops.reshape(cosines, (-1, self.classes, self.sub_centres))
        return self.scale * keras.ops.max(of_classes, axis=-1)

    def get_config(self) -> dict[str, Any]:
        """Return what a saved model needs to create the layer again."""
        names = ("classes", "embedding_size", "sub_centres", "l2", "seed", "scale")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


def arcface_head(network: NetworkSettings) -> ArcFaceHead | None:
    """Return the size of the head that the settings name; None if it is another head."""
    if network.head != ARCFACE:
        return None
    return ArcFaceHead(network.embedding_size, network.sub_centres)


def logits_with_margin(settings: TrainSettings, class_rows: Sequence[int]) -> LogitsWithMargin | None:
    """Return what training does to the logits of its rows; None if the head has no margin.

    Args:
        settings: The member's.
        class_rows: Training rows of each class.
    """
    if settings.network.head != ARCFACE:
        return None
    margins = tf.constant(margins_by_class(class_rows, settings.network.margin))

    def harder(logits: tf.Tensor, classes: tf.Tensor) -> tf.Tensor:
        return add_margin(logits, classes, tf.gather(margins, classes))

    return harder


def add_margin(logits: tf.Tensor, classes: tf.Tensor, margins: tf.Tensor, scale: float = SCALE) -> tf.Tensor:
    """Return logits as if each row's angle to its own class were larger by a margin.

    Args:
        logits: Scaled cosines, (rows, classes).
        classes: Class index of each row, (rows,).
        margins: Margin of each row in radians, (rows,), from 0 to pi.
        scale: What the cosines were multiplied by.
    """
    own = tf.one_hot(classes, logits.shape[-1], dtype=logits.dtype)
    cosines = tf.reduce_sum(own * logits, axis=-1) / scale
    sines = tf.sqrt(tf.maximum(1 - cosines**2, SMALLEST))
    turned = cosines * tf.cos(margins) - sines * tf.sin(margins)
    # The cosine of an angle beyond pi rises again; a line continues it downwards instead.
    behind = cosines < -tf.cos(margins)
    turned = tf.where(behind, cosines + tf.cos(margins) - 1, turned)
    return logits + own * (scale * (turned - cosines))[:, tf.newaxis]
