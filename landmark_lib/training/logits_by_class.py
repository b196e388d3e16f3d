"""The dense layer of a network with many classes: its kernel has a row for each class.

The columns of an ordinary kernel lie apart in memory. Rows can be read and changed alone, which a training
step that looks at a sample of the classes does (`sampled_head`).
"""

import math
from typing import Any

import keras
import numpy as np
import tensorflow as tf

CLASSES_AT_A_TIME = 4096


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
        """Create the weights, from the range of those of `keras.layers.Dense` (Glorot & Bengio, 2010)."""
        features = input_shape[-1]
        self.kernel = self.add_weight((self.classes, features), "zeros", name="kernel")
        self.bias = self.add_weight((self.classes,), "zeros", name="bias")
        limit = math.sqrt(6 / (self.classes + features))
        # In parts: drawn at once, they would take their memory three times.
        for start in range(0, self.classes, CLASSES_AT_A_TIME):
            classes = tf.range(start, min(start + CLASSES_AT_A_TIME, self.classes))
            shape = (len(classes), features)
            drawn = tf.random.stateless_uniform(shape, (self.seed, start), -limit, limit)
            self.kernel.value.scatter_update(tf.IndexedSlices(drawn, classes))
        self.built = True

    def call(self, features: tf.Tensor) -> tf.Tensor:
        """Return the logits of all classes."""
        return tf.matmul(features, self.kernel.value, transpose_b=True) + self.bias.value

    def compute_output_shape(self, input_shape: tuple[int | None, int]) -> tuple[int | None, int]:
        """Return the shape of the logits."""
        return (*input_shape[:-1], self.classes)

    def save_own_variables(self, store: Any) -> None:
        """Write the weights as Keras does, which would first copy them twice in memory."""
        group = getattr(store, "group", store)  # the HDF5 group that it writes into
        for number, variable in enumerate((self.kernel, self.bias)):
            group[str(number)] = np.asarray(variable.value.read_value())

    def get_config(self) -> dict[str, Any]:
        """Return what a saved model needs to create the layer again."""
        return {**super().get_config(), "classes": self.classes, "l2": self.l2, "seed": self.seed}
