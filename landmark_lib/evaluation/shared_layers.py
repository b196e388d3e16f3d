"""The networks of several members in one pass: layers that are equal and have equal inputs run once.

Members that were trained from the same weights differ in their last layers only. Which layers are equal is
found from what a network's file holds: their settings and their weights, and those of all layers before them.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from landmark_lib.training.model import BACKBONE, WithFixedStatistics

# Settings of a layer that do not change what it returns.
LEARNING = ("name", "trainable")
LEARNING_SUFFIXES = ("_initializer", "_regularizer", "_constraint")

# From inputs by name to the outputs of each model, float32. For networks, inputs are images by side length,
# (photos, side, side, 3) uint8, and outputs are logits and features.
Together = Callable[[Mapping[int, tf.Tensor]], list[list[tf.Tensor]]]


def run_together(networks: Sequence[keras.Model]) -> Together:
    """Return the function that runs networks, as `load_trained` returns them, on the same photos."""
    sides = [int(network.input_shape[1]) for network in networks]
    outputs = [
        keras.Model(network.input, [network.output, network.get_layer(BACKBONE).output])
        for network in networks
    ]
    specs = {side: tf.TensorSpec((None, side, side, 3), tf.uint8) for side in sides}
    return in_one_pass(outputs, sides, specs)


def in_one_pass(
    models: Sequence[keras.Model], taken: Sequence[int], specs: Mapping[int, tf.TensorSpec]
) -> Together:
    """Return the function that runs models in one pass.

    Args:
        models: Of one input and a list of outputs.
        taken: Name of the input that each model takes.
        specs: Shapes and types of the inputs, by name.
    """
    fingerprints = {id(layer): digest for model in models for layer, digest in _fingerprints(model)}

    # Without autograph, what a layer raises is not wrapped in a listing of its code.
    @tf.function(input_signature=[specs], autograph=False)  # type: ignore[untyped-decorator]
    def run(inputs: Mapping[int, tf.Tensor]) -> list[list[tf.Tensor]]:
        shared = _SharedLayers(fingerprints)
        return [
            [tf.cast(output, tf.float32) for output in shared.run(model, inputs[name])]
            for model, name in zip(models, taken, strict=True)
        ]

    return run  # type: ignore[no-any-return]


class _SharedLayers:
    """What was computed in a pass, by the layer and its inputs."""

    def __init__(self, fingerprints: Mapping[int, str]) -> None:
        """Begin with the fingerprint of each layer, by its id."""
        self._fingerprints = fingerprints
        self._known: dict[str, Any] = {}
        self._keys: dict[int, str] = {}  # of tensors, by their id

    def run(self, network: keras.Model, inputs: tf.Tensor) -> Any:
        """Return the outputs of a network."""
        (expected,) = network.inputs
        self._keys.setdefault(id(inputs), repr(inputs))
        typed = self._once(f"cast to {expected.dtype}", lambda given: tf.cast(given, expected.dtype), inputs)
        return network._run_through_graph([typed], lambda layer: layer, self._call)  # noqa: SLF001 - as the network itself runs

    def _call(self, layer: keras.Operation, *inputs: Any, **more: Any) -> Any:
        if isinstance(layer, WithFixedStatistics):
            return self.run(layer.layer, *inputs)
        return self._once(self._fingerprints[id(layer)], layer, *inputs, **more)

    def _once(self, name: str, function: Callable[..., Any], *inputs: Any, **more: Any) -> Any:
        """Return what a function returns for inputs, or returned for the same."""
        given = [self._keys.get(id(each)) or repr(each) for each in keras.tree.flatten((inputs, more))]
        key = hashlib.sha256("\n".join([name, *given]).encode()).hexdigest()
        if key not in self._known:
            self._known[key] = function(*inputs, **more)
            for number, output in enumerate(keras.tree.flatten(self._known[key])):
                # Layers such as dropout return their input, whose key stays.
                self._keys.setdefault(id(output), f"{key} {number}")
        return self._known[key]


def _fingerprints(network: keras.Model) -> list[tuple[keras.Operation, str]]:
    """Return all layers of a network, with checksums of what decides their outputs."""
    found = []
    for layer in network.operations:
        if isinstance(layer, WithFixedStatistics):
            found += _fingerprints(layer.layer)
            continue
        settings = keras.saving.serialize_keras_object(layer)
        config = {name: value for name, value in settings["config"].items() if not _is_for_learning(name)}
        described = [settings["module"], settings["class_name"], config]
        digest = hashlib.sha256(json.dumps(described, sort_keys=True).encode())
        for weight in layer.weights if isinstance(layer, keras.layers.Layer) else ():
            digest.update(np.ascontiguousarray(weight.value.numpy()).tobytes())
        found.append((layer, digest.hexdigest()))
    return found


def _is_for_learning(setting: str) -> bool:
    return setting in LEARNING or setting.endswith(LEARNING_SUFFIXES)
