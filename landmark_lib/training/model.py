"""The network: ResNet50 without its top, pooled, dropout, one dense layer (step 7 of the method)."""

from pathlib import Path

import keras
import tensorflow as tf

from landmark_lib.draws import keyed_draw
from landmark_lib.errors import LandmarkError, UserError

IMAGENET = "imagenet"
RANDOM = "random"
# Means of ImageNet's blue, green and red, which the weights were trained with.
BGR_MEANS = (103.939, 116.779, 123.68)
CONVOLUTION = "_conv"
NORMALISATION = "_bn"


@keras.saving.register_keras_serializable("landmark_lib")
class CaffePreprocessing(keras.layers.Layer):  # type: ignore[misc]
    """RGB of 0 … 255, (…, 3) of any type, to what ResNet50's weights expect: BGR less ImageNet's means."""

    def call(self, images: tf.Tensor) -> tf.Tensor:
        """Preprocess a batch of images; the result has the layer's compute type."""
        blue_first = keras.ops.flip(keras.ops.cast(images, self.compute_dtype), axis=-1)
        return blue_first - keras.ops.convert_to_tensor(BGR_MEANS, self.compute_dtype)


@keras.saving.register_keras_serializable("landmark_lib")
class WithFixedStatistics(keras.layers.Wrapper):  # type: ignore[misc]
    """A backbone whose BatchNorm uses its moving statistics and never changes them, freed or not.

    To call the backbone with training=False is not enough: under Keras 3 an outer functional model called
    with training=True passes that on to every layer that takes the argument, over what was written. This
    layer does not take it.
    """

    def call(self, images: tf.Tensor) -> tf.Tensor:
        """Give the pooled features, (rows, features), of preprocessed images."""
        return self.layer(images, training=False)


def load_backbone(weights: str, image_size: int, seed: int) -> keras.Model:
    """Make ResNet50 without its top, global average pooling included.

    Args:
        weights: "imagenet" (downloaded once by Keras), "random", or the path of a Keras .h5 file.
        image_size: Side of the input, in pixels.
        seed: Seed of random weights.

    Raises:
        UserError: No such file, or one with other weights.
        LandmarkError: The weights cannot be downloaded.
    """
    if weights == RANDOM:
        keras.utils.set_random_seed(keyed_draw(seed, "random weights") % 2**32)
    elif weights != IMAGENET and not Path(weights).is_file():
        raise UserError(f"--weights: expected 'imagenet', 'random' or a file, received {weights}")
    source = None if weights == RANDOM else weights
    try:
        return keras.applications.ResNet50(
            include_top=False, weights=source, pooling="avg", input_shape=(image_size, image_size, 3)
        )
    except Exception as error:  # noqa: BLE001 - Keras raises a bare Exception when a download fails
        first_line = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        if weights == IMAGENET:
            raise LandmarkError(
                f"the ImageNet weights could not be downloaded ({first_line});"
                " give a file or 'random' to --weights"
            ) from None
        raise UserError(f"--weights: {weights} holds no weights of ResNet50: {first_line}") from None


def normalise_random_weights(backbone: keras.Model, images: tf.Tensor) -> None:
    """Set the moving statistics of a backbone with random weights to those of some images, once.

    Training never changes the statistics, and random weights bring none: without this, each residual block
    would enlarge the features until no dense layer can learn from them.

    Args:
        backbone: With random weights.
        images: RGB images, (rows, side, side, 3) uint8; some hundred of them.
    """
    layers = [layer for layer in backbone.layers if isinstance(layer, keras.layers.BatchNormalization)]
    momentum = [layer.momentum for layer in layers]
    for layer in layers:
        layer.momentum = 0.0  # the statistics become those of this batch
    backbone(CaffePreprocessing()(images), training=True)
    for layer, before in zip(layers, momentum, strict=True):
        layer.momentum = before


def build_model(backbone: keras.Model, classes: int, dropout: float, l2: float, seed: int) -> keras.Model:
    """Put the head on a backbone.

    The result takes images (rows, side, side, 3) uint8 and gives logits (rows, classes) float32.

    Args:
        backbone: As `load_backbone` makes it.
        classes: Number of classes.
        dropout: Share of the pooled features dropped in training.
        l2: Weight penalty on the dense layer.
        seed: Seed of the dense layer's first weights and of the dropout.
    """
    images = keras.Input(backbone.input_shape[1:], dtype="uint8", name="images")
    preprocessed = CaffePreprocessing(name="preprocessing")(images)
    features = WithFixedStatistics(backbone, name="backbone")(preprocessed)
    kept = keras.layers.Dropout(dropout, seed=keyed_draw(seed, "dropout") % 2**31, name="dropout")(features)
    logits = keras.layers.Dense(
        classes,
        kernel_initializer=keras.initializers.GlorotUniform(keyed_draw(seed, "dense layer") % 2**31),
        kernel_regularizer=keras.regularizers.L2(l2),
        dtype="float32",
        name="logits",
    )(kept)
    return keras.Model(images, logits, name="landmark_model")


def load_trained(path: Path) -> keras.Model:
    """Load a model that training wrote.

    Raises:
        LandmarkError: No such file, or not a model.
    """
    try:
        return keras.models.load_model(path, compile=False)
    except (OSError, ValueError) as error:
        raise LandmarkError(f"{path} cannot be loaded: {str(error).splitlines()[0]}") from None


def free_last_layers(backbone: keras.Model, count: int) -> list[str]:
    """Freeze the backbone but for its last `count` convolutional layers, counted from the output.

    A freed layer takes the scale and offset of its BatchNorm along.

    Returns:
        Names of the layers left free.

    Raises:
        UserError: More layers than the backbone has.
    """
    convolutions = [layer.name for layer in backbone.layers if isinstance(layer, keras.layers.Conv2D)]
    if count > len(convolutions):
        raise UserError(f"--trainable-layers: expected 0 to {len(convolutions)} layers, received {count}")
    freed = convolutions[len(convolutions) - count :]
    free = {*freed, *(name.removesuffix(CONVOLUTION) + NORMALISATION for name in freed)}
    for layer in backbone.layers:
        layer.trainable = layer.name in free
    return [layer.name for layer in backbone.layers if layer.trainable]
