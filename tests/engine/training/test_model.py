"""The network is the paper's: what shall be free is free, and nothing else changes."""

import json
import zipfile
from contextlib import contextmanager

import keras
import numpy as np
import pytest
import small_network
import tensorflow as tf

from landmark_lib.errors import LandmarkError, UserError
from landmark_lib.storage import Place
from landmark_lib.training.backbone import (
    free_last_layers,
    load_backbone,
    normalise_random_weights,
)
from landmark_lib.training.head import HeadOptions
from landmark_lib.training.model import ImageNetPreprocessing, build_model, load_trained
from landmark_lib.training.step import training_step

SIDE = 32


@pytest.fixture(scope="module")
def backbone():
    return load_backbone("ResNet50", "random", SIDE, seed=1)


def some_images(rows=4):
    return tf.constant(np.random.default_rng(0).integers(0, 256, (rows, SIDE, SIDE, 3)).astype(np.uint8))


def convolutions(names):
    return [name for name in names if name.endswith("_conv")]


def test_preprocessing_is_that_of_the_weights():
    images = some_images()
    expected = keras.applications.resnet50.preprocess_input(images.numpy().astype(np.float32))
    np.testing.assert_allclose(ImageNetPreprocessing("caffe")(images), expected, atol=1e-4)


@pytest.mark.parametrize("count", [0, 1, 3, 10, 53])
def test_requested_convolutions_are_trained_with_their_batchnorm(backbone, count):
    freed = free_last_layers(backbone, count)
    assert len(convolutions(freed)) == count
    assert len(freed) == 2 * count


def test_trained_layers_are_those_nearest_to_the_output(backbone):
    assert convolutions(free_last_layers(backbone, 3)) == [f"conv5_block3_{n}_conv" for n in (1, 2, 3)]


def test_too_many_trained_layers_are_refused(backbone):
    with pytest.raises(UserError, match="0 to 53"):
        free_last_layers(backbone, 54)


@pytest.fixture
def without_graph():
    """Run TensorFlow's functions step by step: a graph takes long to trace and its steps are few."""
    tf.config.run_functions_eagerly(run_eagerly=True)
    yield
    tf.config.run_functions_eagerly(run_eagerly=False)


def check_what_training_changes(backbone, count):
    free_last_layers(backbone, count)
    model = build_model(backbone, "caffe", HeadOptions(classes=3, dropout=0.5, l2=1e-4, seed=0))
    before = {weight.path: weight.numpy() for weight in model.weights}
    optimizer = keras.optimizers.SGD(1e-3, momentum=0.9)
    step = training_step(model, optimizer)
    for _ in range(2):
        step(some_images(), tf.constant([0, 1, 2, 0]), asked_to_stop=False)

    changed = {weight.path for weight in model.weights if (weight.numpy() != before[weight.path]).any()}
    free = {weight.path for weight in model.trainable_variables}
    assert {path for path in before if "moving_" in path} & (changed | free) == set()
    # A bias before a BatchNorm with fixed statistics learns too; weights of dead units may stand still.
    assert changed <= free
    assert len(changed) > 0.9 * len(free)


def test_three_trained_layers_change_and_no_moving_statistics(backbone):
    check_what_training_changes(backbone, 3)


@pytest.mark.parametrize("count", [0, 53])
def test_no_and_all_trained_layers_change_and_no_moving_statistics(backbone, count, without_graph):
    check_what_training_changes(backbone, count)


def test_dropout_acts_only_in_training(backbone):
    model = build_model(backbone, "caffe", HeadOptions(classes=3, dropout=0.5, l2=0.0, seed=0))
    images = some_images()
    np.testing.assert_array_equal(model(images, training=False), model(images, training=False))
    assert (model(images, training=True).numpy() != model(images, training=False).numpy()).any()


def test_l2_is_a_penalty_on_the_dense_layer_only(backbone):
    model = build_model(backbone, "caffe", HeadOptions(classes=3, dropout=0.0, l2=0.5, seed=0))
    kernel = model.get_layer("logits").kernel.numpy()
    assert len(model.losses) == 1
    np.testing.assert_allclose(model.losses[0], 0.5 * (kernel**2).sum(), rtol=1e-5)


def test_random_weights_are_normalised_to_features_of_moderate_size():
    backbone = load_backbone("ResNet50", "random", SIDE, seed=1)
    images = some_images(64)
    wild = np.abs(backbone(ImageNetPreprocessing("caffe")(images), training=False)).max()
    normalise_random_weights(backbone, ImageNetPreprocessing("caffe")(images))
    tame = np.abs(backbone(ImageNetPreprocessing("caffe")(images), training=False)).max()
    assert tame < 20 < wild


def test_random_weights_are_the_same_for_the_same_seed():
    first, again, other = (
        load_backbone("MobileNet", "random", SIDE, seed).get_weights()[0] for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_weights_come_from_a_keras_file(backbone, tmp_path):
    backbone.save_weights(tmp_path / "some.weights.h5")
    loaded = load_backbone("ResNet50", str(tmp_path / "some.weights.h5"), SIDE, seed=9)
    for mine, theirs in zip(loaded.get_weights(), backbone.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize("content", [None, b"not HDF5"])
def test_missing_or_damaged_weights_file_is_a_user_error(tmp_path, content):
    path = tmp_path / "some.weights.h5"
    if content:
        path.write_bytes(content)
    with pytest.raises(UserError, match="--weights"):
        load_backbone("ResNet50", str(path), SIDE, seed=0)


def test_saved_model_returns_the_same_logits(backbone, tmp_path):
    model = build_model(backbone, "caffe", HeadOptions(classes=3, dropout=0.5, l2=1e-4, seed=0))
    model.save(tmp_path / "model.keras")
    images, loaded = some_images(), load_trained(Place(str(tmp_path / "model.keras")))
    np.testing.assert_array_equal(loaded(images), model(images))
    assert loaded.count_params() == model.count_params()


def test_file_that_is_not_a_model_cannot_be_loaded(tmp_path):
    (tmp_path / "model.keras").write_bytes(b"nothing")
    with pytest.raises(LandmarkError, match="cannot be loaded"):
        load_trained(Place(str(tmp_path / "model.keras")))


# Beside ResNet50, of which a model is saved above.
@pytest.mark.parametrize("name", ["MobileNetV2", "EfficientNetB0", "ConvNeXtTiny", "Xception"])
def test_a_model_on_any_backbone_has_known_parts(tmp_path, name):
    side = 96
    model = build_model(
        load_backbone(name, "random", side, seed=0), "none", HeadOptions(2, 0.5, 1e-4, seed=0)
    )
    model.save(tmp_path / "model.keras")
    assert load_trained(Place(str(tmp_path / "model.keras"))).count_params() == model.count_params()


@contextmanager
def mixed_precision():
    before = keras.mixed_precision.dtype_policy()
    keras.mixed_precision.set_dtype_policy("mixed_bfloat16")
    try:
        yield
    finally:
        keras.mixed_precision.set_dtype_policy(before)


def test_a_model_of_mixed_precision_has_known_parts(tmp_path):
    with mixed_precision():
        model = build_model(
            load_backbone("MobileNet", "random", 96, seed=0), "none", HeadOptions(2, 0.5, 1e-4, seed=0)
        )
    model.save(tmp_path / "model.keras")
    assert (
        load_trained(Place(str(tmp_path / "model.keras"))).get_layer("backbone").compute_dtype == "bfloat16"
    )


@pytest.mark.parametrize(("pooling", "precision"), [("avg", "bfloat16"), ("gem2", "float32")])
def test_features_have_the_shape_and_type_that_their_model_declares(pooling, precision):
    small_network.register()
    with mixed_precision():
        backbone = load_backbone(small_network.NAME, "random", SIDE, 0, pooling)
        layer = build_model(backbone, "none", HeadOptions(2, 0.5, 1e-4, seed=0)).get_layer("backbone")
    features = layer(tf.zeros((3, SIDE, SIDE, 3)))
    assert layer.output.dtype == features.dtype.name == precision
    assert layer.output.shape == (None, features.shape[1])


def planted(path, part):
    """Write a model whose configuration names one more object."""
    config = {
        "class_name": "Functional",
        "module": "keras.src.models.functional",
        "config": {"layers": [part]},
    }
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("metadata.json", "{}")
        archive.writestr("model.weights.h5", b"")


@pytest.mark.parametrize(
    "part",
    [
        {"module": "keras.layers", "class_name": "Lambda", "config": {"function": "bytecode"}},
        {"module": "builtins", "class_name": "function", "config": "exec"},
        {"module": "os", "class_name": "system", "config": "touch planted"},
        {"module": "keras.layers", "class_name": ["Dense"]},
        {"class_name": "Dense"},
    ],
)
def test_a_model_that_names_foreign_objects_is_refused_before_any_is_imported(tmp_path, part):
    planted(tmp_path / "model.keras", part)
    with pytest.raises(LandmarkError, match="unexpected layer"):
        load_trained(Place(str(tmp_path / "model.keras")))
