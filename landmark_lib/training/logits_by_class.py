"""The dense layer of a network with many classes: its kernel has a row for each class.

The columns of an ordinary kernel lie apart in memory. Rows can be read and changed alone, which a training
step that looks at a sample of the classes does (`sampled_head`).
"""

from typing import Any

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable("landmark_lib")
class LogitsByClass(keras.layers.Layer):  # type: ignore[misc]
    """From features, (rows, features), to logits, (rows, classes) float32."""

    def __init__(self, classes: int, l2: float = 0.0, seed: int = 0, **options: Any) -> None:
        """Create the layer.

        Args:
            classes: Number of classes.
            l2: Weight penalty on the classes of a step, which the training step adds.
            seed: Seed of the initial weights.
            options: Those of any Keras layer.
        """
        super().__init__(**{**options, "dtype": "float32"})
        self.classes, self.l2, self.seed = classes, l2, seed

    def build(self, input_shape: tuple[int | None, int]) -> None:
        """Create the weights, drawn like those of `keras.layers.Dense`."""
        features = input_shape[-1]
        self.kernel = self.add_weight(
            (self.classes, features), keras.initializers.GlorotUniform(self.seed), name="kernel"
        )
        self.bias = self.add_weight((self.classes,), "zeros", name="bias")
        self.built = True

    def call(self, features: tf.Tensor) -> tf.Tensor:
        """Return the logits of all classes."""
        return tf.matmul(features, self.kernel.value, transpose_b=True) + self.bias.value

    def compute_output_shape(self, input_shape: tuple[int | None, int]) -> tuple[int | None, int]:
        """Return the shape of the logits."""
        return (*input_shape[:-1], self.classes)

    def get_config(self) -> dict[str, Any]:
        """Return what a saved model needs to create the layer again."""
        return {**super().get_config(), "classes": self.classes, "l2": self.l2, "seed": self.seed}
