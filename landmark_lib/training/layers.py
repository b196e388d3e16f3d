"""The layers of a network as a graph, for `method.layer_graph`."""

import keras


def layer_graph(network: keras.Model) -> list[list[int]]:
    """Return a network's layers, the input first, as positions of the layers whose outputs each takes."""
    positions = {id(layer.output): position for position, layer in enumerate(network.operations)}
    return [[positions[id(tensor)] for tensor in _taken(layer)] for layer in network.operations]


def _taken(layer: keras.Operation) -> list[keras.KerasTensor]:
    return [] if isinstance(layer, keras.layers.InputLayer) else keras.tree.flatten(layer.input)
