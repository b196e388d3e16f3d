"""A backbone cut in two: the trunk, which is frozen, and the tail, which holds all trained layers.

Both share their layers with the backbone, so that training the tail trains the backbone.
"""

from dataclasses import dataclass
from itertools import pairwise

import keras
import numpy as np
import tensorflow as tf

from landmark_lib.method.layer_graph import last_cut
from landmark_lib.training.layers import layer_graph
from landmark_lib.training.pooling import earlier_means, join_stages, last_stage


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
    """Cut a backbone at the last single output that all its trained layers depend on.

    Features of several stages come from several outputs. Those of frozen stages are then kept beside it.
    """
    cut = _last_frozen(backbone)
    if cut.output is backbone.output:
        return Trunk(cut.name, backbone, None)
    deepest = _last_frozen(last_stage(backbone))
    if deepest is not cut and not _is_trained(keras.Model(backbone.input, earlier_means(backbone))):
        return _cut_beside_stages(backbone, deepest)
    return Trunk(cut.name, keras.Model(backbone.input, cut.output), keras.Model(cut.output, backbone.output))


def _cut_beside_stages(backbone: keras.Model, cut: keras.Operation) -> Trunk:
    """Cut a backbone with several stages, of which only the last one is trained.

    A row of the trunk's outputs is that of the cut, flat, followed by the means of the earlier stages.
    """
    kind, means = cut.output.dtype, earlier_means(backbone)
    flat = keras.layers.Flatten(dtype=kind)(cut.output)
    row = keras.layers.Concatenate(dtype=kind)([flat, *means])
    *ends, _ = np.cumsum([flat.shape[1], *(mean.shape[1] for mean in means)]).tolist()
    given = keras.Input(row.shape[1:], dtype=kind)
    last = keras.Model(cut.output, last_stage(backbone).output)
    map_of_cut = keras.layers.Reshape(cut.output.shape[1:], dtype=kind)(given[:, : ends[0]])
    kept = [given[:, start:stop] for start, stop in pairwise([*ends, row.shape[1]])]
    return Trunk(
        cut.name,
        keras.Model(backbone.input, row),
        keras.Model(given, join_stages(backbone, last(map_of_cut), kept)),
    )


def _last_frozen(network: keras.Model) -> keras.Operation:
    """Return the last layer whose output is all that trained layers and the network's output need."""
    layers = network.operations
    trained = {position for position, layer in enumerate(layers) if _is_trained(layer)}
    return layers[last_cut(layer_graph(network), trained)]


def _is_trained(layer: keras.Operation) -> bool:
    return isinstance(layer, keras.layers.Layer) and bool(layer.trainable_variables)
