"""The network that a model is built on: any of keras.applications, with some of its layers trained."""

import inspect
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import keras
import numpy as np
import tensorflow as tf

from landmark_lib.draws import keyed_draw
from landmark_lib.errors import LandmarkError, UserError
from landmark_lib.settings.train import ALL, AVERAGE, RANDOM, SAMPLE_BACKBONE, SAMPLE_WEIGHTS, Pooling
from landmark_lib.storage import Place
from landmark_lib.training.pooling import pool
from landmark_lib.training.weights_file import check_weights, sample_weights

# ~/.keras/keras.json is for other programs.
keras.config.set_floatx("float32")
keras.config.set_epsilon(1e-7)
keras.config.set_image_data_format("channels_last")

IMAGENET = "imagenet"
CONVOLUTIONS = (keras.layers.Conv2D, keras.layers.DepthwiseConv2D, keras.layers.SeparableConv2D)
KERNELS = ("kernel", "depthwise_kernel", "pointwise_kernel")
# How weights of keras.applications expect their pixels: BGR minus ImageNet's means (ResNet50), from -1 to 1,
# RGB minus means and divided by standard deviations, or unchanged.
MODES = ("caffe", "tf", "torch")
UNCHANGED = "none"
# Keras chooses by the name how to read a file: HDF5 with the name .keras would be read as an archive.
HDF5 = (".h5", ".hdf5")
# Networks whose ImageNet weights Keras downloads without a checksum.
UNCHECKED = {"MobileNet", "MobileNetV2"}


def load_backbone(
    name: str, weights: str, image_size: int, seed: int, pooling: Pooling = AVERAGE
) -> keras.Model:
    """Return a network without its top, pooling included.

    Args:
        name: Its name in keras.applications: "ResNet50", "MobileNetV2", …
        weights: "imagenet" (downloaded once by Keras), "random", "sample" (shipped with landmark_sample), or
            the address of a Keras .h5 file.
        image_size: Side length of the input, in pixels.
        seed: Seed of random weights.
        pooling: How maps become features.

    Raises:
        UserError: An unknown network, no such file, a file with other weights, or a download without a
            checksum.
        LandmarkError: The weights cannot be downloaded.
    """
    make = _maker(name)
    if weights == RANDOM:
        keras.utils.set_random_seed(keyed_draw(seed, "random weights") % 2**32)
    elif weights == IMAGENET and name in UNCHECKED:
        raise UserError(
            f"--weights: Keras has no checksum for the download of {name}; pass a file that you trust, or"
            " choose another --backbone"
        )
    shape = (image_size, image_size, 3)
    try:
        with _weights_file(weights) as source:
            kept = AVERAGE if pooling == AVERAGE else None
            backbone = make(include_top=False, weights=source, pooling=kept, input_shape=shape)
            return backbone if kept else pool(backbone, pooling)
    except UserError:
        raise
    except Exception as error:  # noqa: BLE001 - Keras raises a bare Exception when a download fails
        message = " ".join(str(error).split()) or type(error).__name__
        if weights == IMAGENET:
            raise LandmarkError(
                f"the ImageNet weights could not be downloaded ({message}); pass a file, 'random', or"
                f" with --backbone {SAMPLE_BACKBONE} 'sample' to --weights"
            ) from None
        if weights == RANDOM:
            raise UserError(f"--backbone: {name} does not take {image_size} pixels: {message}") from None
        raise UserError(f"--weights: {weights} does not fit {name}: {message}") from None


def preprocessing_mode(name: str) -> str:
    """Return how a network of keras.applications expects its pixels, one of `MODES` or "none"."""
    # The module of each network has a function for it; its effect on one pixel shows the mode.
    pixel = np.array([[[[10.0, 100.0, 200.0]]]], np.float32)
    expected = np.asarray(sys.modules[_maker(name).__module__].preprocess_input(pixel.copy()))
    for mode in MODES:
        if np.allclose(keras.applications.imagenet_utils.preprocess_input(pixel.copy(), mode=mode), expected):
            return mode
    return UNCHANGED


def normalise_random_weights(backbone: keras.Model, preprocessed: tf.Tensor) -> None:
    """Set the moving statistics of a backbone with random weights to those of some images, once.

    Training never changes the statistics, and random weights have none: without this, each residual block
    would enlarge the features until no dense layer can learn from them.

    Args:
        backbone: A network with random weights.
        preprocessed: Preprocessed images, (rows, side, side, 3); about a hundred.
    """
    layers = [layer for layer in backbone.layers if isinstance(layer, keras.layers.BatchNormalization)]
    momentum = [layer.momentum for layer in layers]
    for layer in layers:
        layer.momentum = 0.0  # the statistics become those of this batch
    # A graph frees a layer's output when the next layer has it; eager execution keeps them all.
    tf.function(backbone)(preprocessed, training=True)
    for layer, before in zip(layers, momentum, strict=True):
        layer.momentum = before


def free_last_layers(backbone: keras.Model, count: int | str, l2: float = 0.0) -> list[str]:
    """Freeze the backbone except its last `count` convolutional layers, counted from the output.

    The scale and offset of a layer's BatchNorm are trained with it.

    Args:
        backbone: The network.
        count: Layers to train, or "all", which includes those that are not convolutions.
        l2: Weight penalty on the kernels of the trained convolutions.

    Returns:
        Names of the trained layers.

    Raises:
        UserError: More layers than the backbone has.
    """
    convolutions = [layer for layer in backbone.layers if isinstance(layer, CONVOLUTIONS)]
    wanted = len(convolutions) if count == ALL else int(count)
    if wanted > len(convolutions):
        raise UserError(f"--trainable-layers: expected 0 to {len(convolutions)} layers, received {count}")
    trained = convolutions[len(convolutions) - wanted :]
    outputs = {id(layer.output) for layer in trained}
    for layer in backbone.layers:
        normalises_trained = isinstance(layer, keras.layers.BatchNormalization) and id(layer.input) in outputs
        layer.trainable = count == ALL or layer in trained or normalises_trained
        if l2 and layer in trained:
            for name in KERNELS:
                if (kernel := getattr(layer, name, None)) is not None:
                    kernel.regularizer = keras.regularizers.L2(l2)
    return [layer.name for layer in backbone.layers if layer.trainable]


@contextmanager
def _weights_file(weights: str) -> Iterator[str | None]:
    """Yield the `weights` of keras.applications: a word, a checked file on this machine, or None."""
    if weights in {IMAGENET, RANDOM}:
        yield IMAGENET if weights == IMAGENET else None
        return
    with ExitStack() as opened:
        try:
            if weights == SAMPLE_WEIGHTS:
                path = opened.enter_context(sample_weights())
            else:
                path = opened.enter_context(Place(weights).local_file())
            check_weights(path)
        except (FileNotFoundError, IsADirectoryError):
            raise UserError(
                f"--weights: expected 'imagenet', 'random', 'sample' or a file, received {weights}"
            ) from None
        except UserError:
            raise
        except (OSError, ValueError) as error:
            raise UserError(f"--weights: {weights} cannot be read: {error}") from None
        if not path.name.endswith(HDF5):
            raise UserError(
                f"--weights: expected a file name that ends in {' or '.join(HDF5)}, received {weights}"
            )
        yield str(path)


def _maker(name: str) -> Callable[..., keras.Model]:
    makers = {
        known: make
        for known, make in vars(keras.applications).items()
        if inspect.isfunction(make) and "include_top" in inspect.signature(make).parameters
    }
    if name not in makers:
        raise UserError(f"--backbone: expected one of {', '.join(sorted(makers))}, received {name}")
    return makers[name]
