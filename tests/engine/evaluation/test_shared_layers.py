"""Layers that members share run once, and every member's outputs are those of its own network."""

import keras
import numpy as np
import pytest
import small_network
import tensorflow as tf

from landmark_lib.evaluation.shared_layers import run_together
from landmark_lib.training.backbone import free_last_layers, load_backbone, preprocessing_mode
from landmark_lib.training.head import HeadOptions
from landmark_lib.training.model import BACKBONE, build_model

CLASSES = 3


def trained(name, count, seed, side=32):
    """Return a network as training leaves it: from the same weights, its last layers changed."""
    small_network.register()
    backbone = load_backbone(name, "random", side, seed=0)
    free_last_layers(backbone, count, l2=1e-5)
    model = build_model(backbone, preprocessing_mode(name), HeadOptions(CLASSES, 0.5, 1e-4, seed))
    random = np.random.default_rng(seed)
    for variable in model.trainable_variables:
        change = random.normal(size=variable.shape) * 0.01
        variable.assign(variable.value.numpy() + change.astype(np.float32))
    return model


def images(side=32):
    return tf.constant(np.random.default_rng(0).integers(0, 256, (5, side, side, 3)).astype(np.uint8))


def convolutions(networks):
    """Return how many convolutions a pass of networks has."""
    side_images = {network.input_shape[1]: images(network.input_shape[1]) for network in networks}
    graph = run_together(networks).get_concrete_function(side_images).graph
    return sum(node.type in ("Conv2D", "DepthwiseConv2dNative") for node in graph.get_operations())


@pytest.fixture(scope="module")
def resnets():
    return [trained("ResNet50", count, seed) for seed, count in enumerate((0, 3, 12, 0))]


def test_layers_before_the_trained_ones_run_once(resnets):
    frozen, *_, other = resnets
    assert convolutions([frozen, other]) == 53
    assert convolutions(resnets) == 53 + 3 + 12


def test_members_of_equal_settings_and_other_weights_share_nothing():
    networks = [trained(small_network.NAME, "all", seed) for seed in (1, 2)]
    assert convolutions(networks) == 2 * convolutions(networks[:1]) == 2 * 4


def test_members_of_other_networks_or_sizes_run_beside_each_other(resnets):
    others = [trained(small_network.NAME, 3, 1), trained(small_network.NAME, 3, 1, side=64)]
    assert convolutions([resnets[0], *others]) == 53 + 4 + 4


@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16"])
def test_outputs_are_those_of_each_network_alone(precision, resnets):
    keras.config.set_dtype_policy(precision)
    try:
        networks = [trained("MobileNetV3Small", count, count) for count in (0, 1, 7)]
    finally:
        keras.config.set_dtype_policy("float32")
    networks += resnets[1:3] if precision == "float32" else []
    for network, (logits, features) in zip(networks, run_together(networks)({32: images()}), strict=True):
        both = keras.Model(network.input, [network.output, network.get_layer(BACKBONE).output])
        expected = tf.function(both)(images(), training=False)
        for found, alone in zip((logits, features), expected, strict=True):
            np.testing.assert_array_equal(found, tf.cast(alone, tf.float32))
