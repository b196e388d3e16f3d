"""Any network of keras.applications can be built on: its pixels, its layers left free, its penalties."""

import sys

import keras
import numpy as np
import pytest

from landmark_lib.errors import UserError
from landmark_lib.training.backbone import free_last_layers, load_backbone, preprocessing_mode
from landmark_lib.training.head import HeadOptions
from landmark_lib.training.model import ImageNetPreprocessing, build_model

NETWORKS = {
    "ResNet50": "caffe",
    "VGG16": "caffe",
    "MobileNetV2": "tf",
    "Xception": "tf",
    "DenseNet121": "torch",
    "EfficientNetB0": "none",
    "ConvNeXtTiny": "none",
}


@pytest.fixture
def mobile():
    return load_backbone("MobileNet", "random", 32, seed=0)


@pytest.mark.parametrize(("network", "mode"), NETWORKS.items())
def test_pixels_equal_those_of_the_networks_own_preprocessing(network, mode):
    assert preprocessing_mode(network) == mode
    images = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 3)).astype(np.uint8)
    module = sys.modules[getattr(keras.applications, network).__module__]
    expected = module.preprocess_input(images.astype(np.float32))
    np.testing.assert_allclose(ImageNetPreprocessing(mode)(images), expected, atol=1e-4)


def test_unknown_network_is_a_user_error():
    with pytest.raises(UserError, match=r"--backbone: expected one of .*ResNet50.*, received ResNet5"):
        load_backbone("ResNet5", "random", 32, seed=0)


def test_batchnorm_is_trained_with_the_convolution_before_it(mobile):
    assert free_last_layers(mobile, 2) == ["conv_dw_13", "conv_dw_13_bn", "conv_pw_13", "conv_pw_13_bn"]


def test_all_trains_every_layer(mobile):
    assert free_last_layers(mobile, "all") == [layer.name for layer in mobile.layers]
    assert free_last_layers(mobile, 0) == []


def test_only_trained_convolutions_have_a_penalty(mobile):
    free_last_layers(mobile, 1, l2=0.5)
    model = build_model(mobile, "tf", HeadOptions(classes=3, dropout=0.0, l2=0.25, seed=0))
    kernels = {0.5: mobile.get_layer("conv_pw_13").kernel, 0.25: model.get_layer("logits").kernel}
    expected = sorted(l2 * float((kernel.numpy() ** 2).sum()) for l2, kernel in kernels.items())
    np.testing.assert_allclose(sorted(float(loss) for loss in model.losses), expected, rtol=1e-5)
