"""The network: a backbone without its top, pooled, dropout, and a head (step 7 of the method)."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from landmark_lib.errors import LandmarkError
from landmark_lib.method.similarity import FeatureStatistics
from landmark_lib.storage import Place
from landmark_lib.training.backbone import UNCHANGED
from landmark_lib.training.class_similarity import DENSE_FACTOR, SIMILARITY, ClassSimilarity
from landmark_lib.training.head import LOGITS, HeadOptions, add_head, share_head
from landmark_lib.training.model_parts import unpack_model

BACKBONE = "backbone"
BYTES_OF_SEEDS = 1_000  # at most; the layers' random generators have some that are not saved
# What Keras raises for a file that this project did not write: it builds what the file describes unchecked.
RAISED_BY_KERAS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    tf.errors.OpError,
)


@keras.saving.register_keras_serializable("landmark_lib")
class ImageNetPreprocessing(keras.layers.Layer):  # type: ignore[misc]
    """RGB of 0 … 255, (…, 3) of any type, to what a backbone's weights expect."""

    def __init__(self, mode: str, **options: Any) -> None:
        """Create the layer.

        Args:
            mode: As `backbone.preprocessing_mode` returns it.
            options: Those of any Keras layer.
        """
        super().__init__(**options)
        self.mode = mode

    def call(self, images: tf.Tensor) -> tf.Tensor:
        """Preprocess a batch of images; the result has the layer's compute type."""
        pixels = keras.ops.cast(images, self.compute_dtype)
        if self.mode == UNCHANGED:
            return pixels
        return keras.applications.imagenet_utils.preprocess_input(
            pixels, data_format="channels_last", mode=self.mode
        )

    def get_config(self) -> dict[str, Any]:
        """Return what a saved model needs to create the layer again."""
        return {**super().get_config(), "mode": self.mode}


@keras.saving.register_keras_serializable("landmark_lib")
class WithFixedStatistics(keras.layers.Wrapper):  # type: ignore[misc]
    """A backbone whose BatchNorm uses its moving statistics and never changes them, trained or not.

    Calling the backbone with training=False is not enough: under Keras 3 an outer functional model called
    with training=True overrides the argument of every layer that takes it. This layer does not take it.
    """

    def call(self, images: tf.Tensor) -> tf.Tensor:
        """Return the pooled features, (rows, features), of preprocessed images."""
        return self.layer(images, training=False)

    def compute_output_spec(self, images: keras.KerasTensor) -> keras.KerasTensor:
        """Return shape and type of the features, without which Keras would trace the backbone once more."""
        features = self.layer.output
        return keras.KerasTensor((images.shape[0], *features.shape[1:]), features.dtype)


def build_model(backbone: keras.Model, mode: str, head: HeadOptions) -> keras.Model:
    """Return a network from images (rows, side, side, 3) uint8 to logits (rows, classes) float32.

    Args:
        backbone: As `load_backbone` returns it.
        mode: How it expects its pixels, as `preprocessing_mode` returns it.
        head: What its head is built from.
    """
    images, features = _backbone_ends(backbone, mode)
    return keras.Model(images, add_head(features, head), name="landmark_model")


def build_tail(tail: keras.Model | None, features: keras.KerasTensor, head: HeadOptions) -> keras.Model:
    """Return the part of a network that is trained on features: to logits (rows, classes) float32.

    Args:
        tail: From these features to pooled ones, as `trunk.cut_trunk` returns it; None if they are pooled.
        features: The features, as an input.
        head: What its head is built from.
    """
    pooled = features if tail is None else WithFixedStatistics(tail, name=BACKBONE)(features)
    return keras.Model(features, add_head(pooled, head))


def with_head_of(trained: keras.Model, backbone: keras.Model, mode: str) -> keras.Model:
    """Return the network from images to logits that shares its head with one trained on features."""
    images, features = _backbone_ends(backbone, mode)
    return keras.Model(images, share_head(trained, features), name="landmark_model")


def with_similarity(model: keras.Model, statistics: FeatureStatistics) -> keras.Model:
    """Return a trained network whose logits include the similarity to each class's training photos.

    Args:
        model: The network, with or without such similarities, which are replaced.
        statistics: Of the features of the training photos.
    """
    features, logits = model.get_layer(BACKBONE).output, model.get_layer(LOGITS).output
    directions = statistics.whitening.directions.shape[1]
    layer = ClassSimilarity(logits.shape[-1], directions=directions, name=SIMILARITY)
    weighted = keras.layers.Rescaling(DENSE_FACTOR, dtype="float32", name="weighted")(logits)
    both = keras.layers.Add(dtype="float32", name="sum")([weighted, layer(features)])
    layer.set_statistics(statistics)
    return keras.Model(model.input, both, name=model.name)


def without_similarity(model: keras.Model) -> keras.Model:
    """Return the part of a trained network that was trained."""
    return keras.Model(model.input, model.get_layer(LOGITS).output, name=model.name)


def _backbone_ends(backbone: keras.Model, mode: str) -> tuple[keras.KerasTensor, keras.KerasTensor]:
    images = keras.Input(backbone.input_shape[1:], dtype="uint8", name="images")
    preprocessed = ImageNetPreprocessing(mode, name="preprocessing")(images)
    return images, WithFixedStatistics(backbone, name=BACKBONE)(preprocessed)


def trained_weights_of_backbone(model: keras.Model) -> list[keras.Variable]:
    """Return the trained weights of a network before its head; none if it is a head alone."""
    return [
        weight for layer in model.layers if layer.name == BACKBONE for weight in layer.trainable_variables
    ]


def features_of(model: keras.Model) -> Callable[[tf.Tensor], tf.Tensor]:
    """Return the function from a trained network's inputs to its features, (rows, features) float32."""
    return _extractor(model.input, model.get_layer(BACKBONE).output)


def features_of_backbone(backbone: keras.Model, mode: str) -> Callable[[tf.Tensor], tf.Tensor]:
    """Return the function from images, uint8, to what a backbone or a part of it returns, float32."""
    return _extractor(*_backbone_ends(backbone, mode))


def _extractor(inputs: keras.KerasTensor, features: keras.KerasTensor) -> Callable[[tf.Tensor], tf.Tensor]:
    inner = keras.Model(inputs, features)
    # The last batch is smaller than the others; one trace serves all.
    signature = [tf.TensorSpec(inner.input_shape, inputs.dtype)]

    @tf.function(input_signature=signature)  # type: ignore[untyped-decorator]
    def extract(rows: tf.Tensor) -> tf.Tensor:
        return tf.cast(inner(rows, training=False), tf.float32)

    return extract  # type: ignore[no-any-return]


def load_trained(place: Place) -> keras.Model:
    """Load a model that training wrote. Model files reach Keras in no other way.

    Raises:
        LandmarkError: No such file, not a model, one with unexpected layers, or one that claims to hold more
            than it does.
    """
    try:
        with (
            place.local_file() as path,
            path.open("rb") as file,
            tempfile.TemporaryDirectory() as folder,
        ):
            size = unpack_model(file, Path(folder))
            with _variables_of_at_most(size):
                model = keras.models.load_model(folder, compile=False)
        _check_ends(model)
    except RAISED_BY_KERAS as error:
        lines = [line for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
        raise LandmarkError(f"{place} cannot be loaded: {lines[0]}") from None
    return model


@contextmanager
def _variables_of_at_most(size: int) -> Iterator[None]:
    """Refuse variables with more bytes than a file has weights, before they take memory; begin with zeros."""
    shapes = tf.Graph()  # computes shapes without values
    left = size + BYTES_OF_SEEDS

    def make(next_creator: Callable[..., tf.Variable], **options: Any) -> tf.Variable:
        nonlocal left
        with shapes.as_default():
            value = tf.convert_to_tensor(options["initial_value"]())
        left -= value.shape.num_elements() * value.dtype.size
        if left < 0:
            raise ValueError(f"its layers claim more than the {size} bytes of its weights")
        if value.dtype.is_floating:  # the weights of the file follow; random ones would take time
            options["initial_value"] = tf.zeros(value.shape, value.dtype)
        return next_creator(**options)

    with tf.variable_creator_scope(make):
        yield


def _check_ends(model: keras.Model) -> None:
    """Check that a model maps square images to features and logits."""
    images, logits = model.input_shape, model.output_shape
    if not (isinstance(images, tuple) and len(images) == 4 and images == (None, images[1], images[1], 3)):
        raise ValueError(f"expected a model of images (rows, side, side, 3), found {images}")
    if not isinstance(logits, tuple) or len(logits) != 2:
        raise ValueError(f"expected a model that returns (rows, classes), found {logits}")
    model.get_layer(BACKBONE)
