"""How the last map of a backbone becomes one vector of features."""

from typing import Any

import keras
import tensorflow as tf

SMALLEST = 1e-6  # of the values whose powers are taken


@keras.saving.register_keras_serializable("landmark_lib")
class GeneralisedMean(keras.layers.Layer):  # type: ignore[misc]
    """The generalised mean of each channel over all places: between their mean and their maximum.

    Values below 0 count as 0. The power is fixed, so that features of a frozen backbone never change.

    Source: Radenovic et al., "Fine-tuning CNN Image Retrieval with No Human Annotation" (2019), section 3.2.
    """

    def __init__(self, power: float = 3.0, **options: Any) -> None:
        """Create the layer.

        Args:
            power: 1 is the mean; the larger it is, the more the largest values count.
            options: Those of any Keras layer.
        """
        super().__init__(**options)
        self.power = power

    def call(self, maps: tf.Tensor) -> tf.Tensor:
        """Return features, (rows, channels), of maps, (rows, height, width, channels)."""
        # Powers exceed the range of 16 bits.
        values = keras.ops.maximum(keras.ops.cast(maps, "float32"), SMALLEST)
        means = keras.ops.mean(values**self.power, axis=(1, 2)) ** (1 / self.power)
        return keras.ops.cast(means, self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        """Return what a saved model needs to create the layer again."""
        return {**super().get_config(), "power": self.power}


def with_generalised_mean(backbone: keras.Model) -> keras.Model:
    """Return a backbone, whose output is (rows, height, width, channels), with that output pooled."""
    features = GeneralisedMean(name="gem_pool")(backbone.output)
    return keras.Model(backbone.input, features, name=backbone.name)
