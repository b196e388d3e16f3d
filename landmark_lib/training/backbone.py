"""The network that a model is built on: any of keras.applications, with some of its layers left free."""

import inspect
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import keras
import numpy as np
import tensorflow as tf

from landmark_lib.draws import keyed_draw
from landmark_lib.errors import LandmarkError, UserError
from landmark_lib.settings.train import ALL
from landmark_lib.storage import Place
from landmark_lib.training.weights_file import check_weights

# What ~/.keras/keras.json says is said to other programs.
keras.config.set_floatx("float32")
keras.config.set_epsilon(1e-7)
keras.config.set_image_data_format("channels_last")

IMAGENET = "imagenet"
RANDOM = "random"
CONVOLUTIONS = (keras.layers.Conv2D, keras.layers.DepthwiseConv2D, keras.layers.SeparableConv2D)
# How weights of keras.applications expect their pixels: BGR less ImageNet's means (ResNet50), from -1 to 1,
# RGB less means and divided by deviations, or as they are.
MODES = ("caffe", "tf", "torch")
UNCHANGED = "none"
# Keras decides by the name how to read a file: HDF5 that is called .keras would be taken for an archive.
HDF5 = (".h5", ".hdf5")
# Networks whose ImageNet weights Keras downloads without a checksum.
UNCHECKED = {"MobileNet", "MobileNetV2"}


def load_backbone(name: str, weights: str, image_size: int, seed: int) -> keras.Model:
    """Make a network without its top, global average pooling included.

    Args:
        name: Of keras.applications: "ResNet50", "MobileNetV2", …
        weights: "imagenet" (downloaded once by Keras), "random", or the address of a Keras .h5 file.
        image_size: Side of the input, in pixels.
        seed: Seed of random weights.

    Raises:
        UserError: No such network, no such file, one with other weights, or no checksum of a download.
        LandmarkError: The weights cannot be downloaded.
    """
    make = _maker(name)
    if weights == RANDOM:
        keras.utils.set_random_seed(keyed_draw(seed, "random weights") % 2**32)
    elif weights == IMAGENET and name in UNCHECKED:
        raise UserError(
            f"--weights: what is downloaded for {name} cannot be checked, as Keras knows no checksum of it;"
            " give a file that you trust, or another --backbone"
        )
    shape = (image_size, image_size, 3)
    try:
        with _weights_file(weights) as source:
            return make(include_top=False, weights=source, pooling="avg", input_shape=shape)
    except UserError:
        raise
    except Exception as error:  # noqa: BLE001 - Keras raises a bare Exception when a download fails
        message = " ".join(str(error).split()) or type(error).__name__
        if weights == IMAGENET:
            raise LandmarkError(
                f"the ImageNet weights could not be downloaded ({message});"
                " give a file or 'random' to --weights"
            ) from None
        if weights == RANDOM:
            raise UserError(f"--backbone: {name} cannot be made for {image_size} pixels: {message}") from None
        raise UserError(f"--weights: {weights} does not fit {name}: {message}") from None


def preprocessing_mode(name: str) -> str:
    """Tell how a network of keras.applications expects its pixels, one of `MODES` or "none"."""
    # Each network's module has a function for it; what that does to one pixel tells which it is.
    pixel = np.array([[[[10.0, 100.0, 200.0]]]], np.float32)
    expected = np.asarray(sys.modules[_maker(name).__module__].preprocess_input(pixel.copy()))
    for mode in MODES:
        if np.allclose(keras.applications.imagenet_utils.preprocess_input(pixel.copy(), mode=mode), expected):
            return mode
    return UNCHANGED


def normalise_random_weights(backbone: keras.Model, preprocessed: tf.Tensor) -> None:
    """Set the moving statistics of a backbone with random weights to those of some images, once.

    Training never changes the statistics, and random weights bring none: without this, each residual block
    would enlarge the features until no dense layer can learn from them.

    Args:
        backbone: With random weights.
        preprocessed: Images as the backbone takes them, (rows, side, side, 3); some hundred of them.
    """
    layers = [layer for layer in backbone.layers if isinstance(layer, keras.layers.BatchNormalization)]
    momentum = [layer.momentum for layer in layers]
    for layer in layers:
        layer.momentum = 0.0  # the statistics become those of this batch
    # As a graph, which lets go of a layer's output when the next has it: run eagerly, a network keeps all.
    tf.function(backbone)(preprocessed, training=True)
    for layer, before in zip(layers, momentum, strict=True):
        layer.momentum = before


def free_last_layers(backbone: keras.Model, count: int | str, l2: float = 0.0) -> list[str]:
    """Freeze the backbone but for its last `count` convolutional layers, counted from the output.

    A freed layer takes the scale and offset of its BatchNorm along.

    Args:
        backbone: The network.
        count: Layers to leave free, or "all", which frees what is no convolution too.
        l2: Weight penalty on the kernels of the freed convolutions.

    Returns:
        Names of the layers left free.

    Raises:
        UserError: More layers than the backbone has.
    """
    convolutions = [layer for layer in backbone.layers if isinstance(layer, CONVOLUTIONS)]
    wanted = len(convolutions) if count == ALL else int(count)
    if wanted > len(convolutions):
        raise UserError(f"--trainable-layers: expected 0 to {len(convolutions)} layers, received {count}")
    freed = convolutions[len(convolutions) - wanted :]
    outputs = {id(layer.output) for layer in freed}
    for layer in backbone.layers:
        normalises_freed = isinstance(layer, keras.layers.BatchNormalization) and id(layer.input) in outputs
        layer.trainable = count == ALL or layer in freed or normalises_freed
        if l2 and layer in freed:
            _penalise(layer, l2)
    return [layer.name for layer in backbone.layers if layer.trainable]


@contextmanager
def _weights_file(weights: str) -> Iterator[str | None]:
    """Yield what keras.applications takes for weights: a word, a checked file of this machine, or None."""
    if weights in {IMAGENET, RANDOM}:
        yield IMAGENET if weights == IMAGENET else None
        return
    with ExitStack() as opened:
        try:
            path = opened.enter_context(Place(weights).local_file())
            check_weights(path)
        except (FileNotFoundError, IsADirectoryError):
            raise UserError(
                f"--weights: expected 'imagenet', 'random' or a file, received {weights}"
            ) from None
        except UserError:
            raise
        except (OSError, ValueError) as error:
            raise UserError(f"--weights: {weights} cannot be read: {error}") from None
        if not path.name.endswith(HDF5):
            raise UserError(
                f"--weights: expected a file whose name ends in {' or '.join(HDF5)}, received {weights}"
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


def _penalise(layer: keras.layers.Layer, l2: float) -> None:
    """Put a weight penalty on a layer's kernels."""
    for name in ("kernel", "depthwise_kernel", "pointwise_kernel"):
        kernel = getattr(layer, name, None)
        if kernel is not None:
            kernel.regularizer = keras.regularizers.L2(l2)
