"""A backbone cut in two: the trunk, which is frozen, and the tail, which holds all trained layers.

Both share their layers with the backbone, so that training the tail trains the backbone.
"""

from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf

from landmark_lib.method.layer_graph import last_cut


@dataclass(frozen=True)
class Trunk:
    """The frozen part of a backbone.

    Attributes:
        layer: Name of the layer whose outputs it returns.
        model: From preprocessed images to these outputs.
        tail: From these outputs to pooled features; None if the trunk is the whole backbone.
    """

    layer: str
    model: keras.Model
    tail: keras.Model | None

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the output of a row."""
        return tuple(self.model.output.shape[1:])

    @property
    def stored_as(self) -> np.dtype[np.generic]:
        """Type in which outputs are stored: pooled features in 32 bits, and all others in 16.

        Mixed precision computes in 16 bits, which loses nothing; 32 are rounded to 11 significant bits.
        """
        if self.tail is None:
            return np.dtype(np.float32)
        computed = self.model.output.dtype
        return np.dtype(tf.as_dtype("float16" if computed == "float32" else computed).as_numpy_dtype)


def cut_trunk(backbone: keras.Model) -> Trunk:
    """Cut a backbone at the last single output that all its trained layers depend on."""
    layers = backbone.operations
    trained = {position for position, layer in enumerate(layers) if _is_trained(layer)}
    layer = layers[last_cut(layer_graph(backbone), trained)]
    if layer.output is backbone.output:
        return Trunk(layer.name, backbone, None)
    return Trunk(
        layer.name, keras.Model(backbone.input, layer.output), keras.Model(layer.output, backbone.output)
    )


def layer_graph(network: keras.Model) -> list[list[int]]:
    """Return a network's layers, the input first, as positions of the layers whose outputs each takes."""
    positions = {id(layer.output): position for position, layer in enumerate(network.operations)}
    return [[positions[id(tensor)] for tensor in _taken(layer)] for layer in network.operations]


def _taken(layer: keras.Operation) -> list[keras.KerasTensor]:
    return [] if isinstance(layer, keras.layers.InputLayer) else keras.tree.flatten(layer.input)


def _is_trained(layer: keras.Operation) -> bool:
    return isinstance(layer, keras.layers.Layer) and bool(layer.trainable_variables)
