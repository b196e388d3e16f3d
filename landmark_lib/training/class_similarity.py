"""The similarity to each class's training photos as a layer: a second classifier beside the dense one.

It is what `method.similarity` measures of one class, for all classes. Nothing of it is learned by gradients:
it is computed from the features of all training photos when training ends.
"""

from typing import Any

import keras
import tensorflow as tf

from landmark_lib.method.similarity import FeatureStatistics

SIMILARITY = "similarity"
SCALE = 20.0  # of cosines; from 10 to 40, accuracy hardly differs
# Factor of the logits of the dense layer beside them. It has learned its rows by heart and is surer than it
# is right: with 1, accuracy is a little lower and photos without a landmark rank far worse; with 0, photos of
# other landmarks do.
DENSE_FACTOR = 0.1
EARLIER_DIRECTIONS = 256  # of models that do not say how many they have


@keras.saving.register_keras_serializable("landmark_lib")
class ClassSimilarity(keras.layers.Layer):  # type: ignore[misc]
    """From features, (rows, features), to scaled cosines in -scale … scale, (rows, classes) float32.

    They are 0 until `set_statistics` is called.

    Source of the classifier: Hayes & Kanan, "Lifelong Machine Learning with Deep Streaming Linear
    Discriminant Analysis" (2020); here cosines as in `method.similarity`.
    """

    def __init__(
        self, classes: int, scale: float = SCALE, directions: int = EARLIER_DIRECTIONS, **options: Any
    ) -> None:
        """Create the layer.

        Args:
            classes: Number of classes.
            scale: What the cosines are multiplied by.
            directions: Directions of the statistics, at most; no more than half as many as features.
            options: Those of any Keras layer.
        """
        super().__init__(**{**options, "dtype": "float32"})
        self.classes, self.scale, self.directions_at_most = classes, scale, directions

    def build(self, shape: tuple[int | None, int]) -> None:
        """Create the statistics, all 0."""
        features = shape[-1]
        directions = min(self.directions_at_most, features // 2)
        shapes = {
            "centre": (features,),
            "directions": (features, directions),
            "shrinkage": (directions,),
            "class_means": (self.classes, features),
        }
        for name, of_weight in shapes.items():
            weight = self.add_weight(shape=of_weight, initializer="zeros", trainable=False, name=name)
            setattr(self, name, weight)

    def call(self, features: tf.Tensor) -> tf.Tensor:
        """Return the scaled cosines."""
        centred = features - self.centre
        shrunk = (centred @ self.directions) * self.shrinkage
        whitened = centred + shrunk @ keras.ops.transpose(self.directions)
        unit = keras.ops.normalize(whitened, axis=-1)
        return self.scale * (unit @ keras.ops.transpose(self.class_means))

    def set_statistics(self, statistics: FeatureStatistics) -> None:
        """Set what the similarities are computed from."""
        whitening = statistics.whitening
        self.set_weights([whitening.centre, whitening.directions, whitening.shrinkage, statistics.classes])

    def get_config(self) -> dict[str, Any]:
        """Return what a saved model needs to create the layer again."""
        own = {"classes": self.classes, "scale": self.scale, "directions": self.directions_at_most}
        return {**super().get_config(), **own}
