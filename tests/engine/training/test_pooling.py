"""Maps become features as defined, whatever the network."""

import keras
import numpy as np
import pytest
import small_network
import tensorflow as tf

from landmark_lib.training.backbone import load_backbone
from landmark_lib.training.pooling import GeneralisedMean, last_maps


@pytest.fixture(scope="module")
def random():
    return np.random.default_rng(0)


def test_generalised_mean_is_that_of_the_values_above_zero(random):
    maps = random.normal(size=(5, 3, 4, 6)).astype(np.float32)
    expected = (np.maximum(maps, 0).astype(np.float64) ** 3).mean(axis=(1, 2)) ** (1 / 3)
    np.testing.assert_allclose(GeneralisedMean()(maps), expected, rtol=1e-4)


def test_generalised_mean_of_16_bit_maps_is_finite():
    maps = tf.fill((1, 2, 2, 1), tf.constant(60_000, tf.float16))
    np.testing.assert_allclose(GeneralisedMean(dtype="float16")(maps), [[60_000]], rtol=1e-3)


@pytest.mark.parametrize(
    ("pooling", "policy"), [("gem2", "float32"), ("gem2", "mixed_float16"), ("avg2", "float32")]
)
def test_stages_are_the_means_of_two_maps_each_of_length_1(random, pooling, policy):
    small_network.register()
    keras.config.set_dtype_policy(policy)
    try:
        backbone = load_backbone(small_network.NAME, "random", 32, seed=0, pooling=pooling)
    finally:
        keras.config.set_dtype_policy("float32")
    maps = keras.Model(backbone.input, [backbone.get_layer(name).output for name in ("3_relu", "2_relu")])
    images = random.random((5, 32, 32, 3)).astype(np.float32)
    mean = GeneralisedMean() if pooling == "gem2" else keras.layers.GlobalAveragePooling2D()
    means = [mean(tf.cast(each, tf.float32)) for each in maps(images)]
    expected = np.concatenate([each / np.linalg.norm(each, axis=1, keepdims=True) for each in means], axis=1)
    assert expected.shape == (5, 32 + 16)
    features = backbone(images)
    assert features.dtype == tf.float32
    np.testing.assert_allclose(features, expected, atol=1e-5 if policy == "float32" else 1e-2)


@pytest.mark.parametrize(
    ("name", "maps"),
    [
        ("ResNet50", [(2, 2, 2048), (4, 4, 1024)]),
        # Branches of one pixel, as those of squeeze and excitation, are no maps; padding is part of one.
        ("MobileNetV3Small", [(2, 2, 576), (7, 7, 288)]),
        ("DenseNet121", [(2, 2, 1024), (4, 4, 512)]),
    ],
)
def test_the_last_map_of_a_resolution_is_all_that_later_layers_take(name, maps):
    make = getattr(keras.applications, name)
    backbone = make(include_top=False, weights=None, input_shape=(64, 64, 3))
    found = last_maps(backbone, 2)
    assert [tuple(each.shape[1:]) for each in found] == maps
    later = keras.Model(found[1], found[0])  # which fails if they took anything else
    assert later.count_params() < backbone.count_params()


def test_where_later_layers_take_more_it_is_that_of_the_last_layer():
    backbone = keras.applications.NASNetMobile(include_top=False, weights=None, input_shape=(64, 64, 3))
    last, before = last_maps(backbone, 2)
    assert (last.shape[1], before.shape[1]) == (2, 4)
