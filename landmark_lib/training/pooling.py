"""How maps of a backbone become one vector of features."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from landmark_lib.method.layer_graph import last_cut
from landmark_lib.settings.train import AVERAGE_2, GEM, Pooling
from landmark_lib.training.layers import layer_graph

STAGES = 2
MEAN, UNIT, JOINED = "stage_{}_mean", "stage_{}_unit", "stages"  # names of layers; the last stage is 0
PADDING = 3  # pixels, at most, that a layer adds to a side before the next halves it
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


def pool(backbone: keras.Model, pooling: Pooling) -> keras.Model:
    """Return a backbone, whose output is (rows, height, width, channels), with features (rows, channels).

    Args:
        backbone: The network without its top.
        pooling: "gem", the generalised mean of its output; or "avg2" or "gem2", the mean or generalised mean
            of the last map of each of its last `STAGES` resolutions, each scaled to length 1, one after
            another.
    """
    if pooling == GEM:
        features = GeneralisedMean(name="gem_pool")(backbone.output)
    else:
        kind = keras.layers.GlobalAveragePooling2D if pooling == AVERAGE_2 else GeneralisedMean
        maps = last_maps(backbone, STAGES)
        means = [kind(name=MEAN.format(stage))(each) for stage, each in enumerate(maps)]
        # In 32 bits: squares of means exceed the range of 16.
        units = [
            keras.layers.UnitNormalization(dtype="float32", name=UNIT.format(stage))(mean)
            for stage, mean in enumerate(means)
        ]
        features = keras.layers.Concatenate(dtype="float32", name=JOINED)(units)
    return keras.Model(backbone.input, features, name=backbone.name)


def last_stage(backbone: keras.Model) -> keras.Model:
    """Return a backbone with the features of its last stage alone; itself, if it has no others."""
    if not _has_stages(backbone):
        return backbone
    return keras.Model(backbone.input, backbone.get_layer(UNIT.format(0)).output)


def earlier_means(backbone: keras.Model) -> list[keras.KerasTensor]:
    """Return the means of all stages but the last, (rows, channels) each."""
    stages = range(1, STAGES) if _has_stages(backbone) else ()
    return [backbone.get_layer(MEAN.format(stage)).output for stage in stages]


def join_stages(
    backbone: keras.Model, last: keras.KerasTensor, means: Sequence[keras.KerasTensor]
) -> keras.KerasTensor:
    """Return a backbone's features, as its own layers make them of the features and means of its stages.

    Args:
        backbone: One with stages.
        last: The features of the last stage.
        means: Those of the others, as `earlier_means` returns them.
    """
    units = [backbone.get_layer(UNIT.format(stage))(mean) for stage, mean in enumerate(means, start=1)]
    return backbone.get_layer(JOINED)([last, *units])


def _has_stages(backbone: keras.Model) -> bool:
    return any(layer.name == JOINED for layer in backbone.layers)


def last_maps(backbone: keras.Model, count: int) -> list[keras.KerasTensor]:
    """Return the last map of each of the last resolutions of a backbone, the last one first.

    It is all that later layers take. Where they take more, as in NASNet, it is that of the last layer in the
    backbone's order.
    """
    layers, inputs = backbone.operations, layer_graph(backbone)
    position, maps = len(layers) - 1, [backbone.output]
    while len(maps) < count:
        side = maps[-1].shape[1]
        before = [
            number
            for number, layer in enumerate(layers[:position])
            if len(layer.output.shape) == 4 and side < layer.output.shape[1] <= 2 * side + PADDING
        ]
        while layers[position].output.shape[1] <= side:
            position = last_cut(inputs, {position})
        if position not in before:
            position = before[-1]
        maps.append(layers[position].output)
    return maps
