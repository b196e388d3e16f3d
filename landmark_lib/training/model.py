"""The network: a backbone without its top, pooled, dropout, one dense layer (step 7 of the method)."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from landmark_lib.draws import keyed_draw
from landmark_lib.errors import LandmarkError
from landmark_lib.storage import Place
from landmark_lib.training.backbone import AS_THEY_ARE
from landmark_lib.training.model_parts import unpack_model

BACKBONE = "backbone"
DROPOUT = "dropout"
LOGITS = "logits"
BYTES_OF_SEEDS = 1_000  # at most; the layers' random generators have some that are not saved
# What comes of a file that is none of ours: Keras makes what it describes without looking at it first.
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
        """Make the layer.

        Args:
            mode: As `backbone.preprocessing_mode` gives it.
            options: Those of any Keras layer.
        """
        super().__init__(**options)
        self.mode = mode

    def call(self, images: tf.Tensor) -> tf.Tensor:
        """Preprocess a batch of images; the result has the layer's compute type."""
        pixels = keras.ops.cast(images, self.compute_dtype)
        if self.mode == AS_THEY_ARE:
            return pixels
        return keras.applications.imagenet_utils.preprocess_input(
            pixels, data_format="channels_last", mode=self.mode
        )

    def get_config(self) -> dict[str, Any]:
        """Give what a saved model needs to make the layer again."""
        return {**super().get_config(), "mode": self.mode}


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


def build_model(
    backbone: keras.Model, mode: str, classes: int, dropout: float, l2: float, seed: int
) -> keras.Model:
    """Put the head on a backbone.

    The result takes images (rows, side, side, 3) uint8 and gives logits (rows, classes) float32.

    Args:
        backbone: As `load_backbone` makes it.
        mode: How it expects its pixels, as `preprocessing_mode` tells.
        classes: Number of classes.
        dropout: Share of the pooled features dropped in training.
        l2: Weight penalty on the dense layer.
        seed: Seed of the dense layer's first weights.
    """
    images = keras.Input(backbone.input_shape[1:], dtype="uint8", name="images")
    preprocessed = ImageNetPreprocessing(mode, name="preprocessing")(images)
    features = WithFixedStatistics(backbone, name=BACKBONE)(preprocessed)
    logits = build_head(features, classes, dropout, l2, seed)
    return keras.Model(images, logits, name="landmark_model")


def build_head(features: keras.KerasTensor, classes: int, dropout: float, l2: float, seed: int) -> Any:
    """Give the logits, (rows, classes) float32, of pooled features, (rows, features)."""
    # The seed is replaced before every epoch, each rank's by another (`set_dropout`).
    kept = keras.layers.Dropout(dropout, seed=0, name=DROPOUT)(features)
    return keras.layers.Dense(
        classes,
        kernel_initializer=keras.initializers.GlorotUniform(keyed_draw(seed, "dense layer") % 2**31),
        kernel_regularizer=keras.regularizers.L2(l2),
        dtype="float32",
        name=LOGITS,
    )(kept)


def set_dropout(model: keras.Model, seed: int, step: int) -> None:
    """Decide which features are dropped from a step of an epoch on.

    Args:
        model: With a head.
        seed: Of the epoch and the rank.
        step: Steps of the epoch that are done.
    """
    generator = getattr(model.get_layer(DROPOUT), "seed_generator", None)
    if generator is not None:  # there is none if nothing is dropped
        # The state is (seed, numbers drawn); a step draws once.
        generator.state.assign([seed % 2**31, step])


def features_of(model: keras.Model) -> Callable[[tf.Tensor], tf.Tensor]:
    """Make the function from images, as the model takes them, to features, (rows, features) float32."""
    inner = keras.Model(model.input, model.get_layer(BACKBONE).output)
    # The last batch is smaller than the others; one trace serves all.
    signature = [tf.TensorSpec(model.input_shape, tf.uint8)]

    @tf.function(input_signature=signature)  # type: ignore[untyped-decorator]
    def extract(images: tf.Tensor) -> tf.Tensor:
        return tf.cast(inner(images, training=False), tf.float32)

    return extract  # type: ignore[no-any-return]


def load_trained(place: Place) -> keras.Model:
    """Load a model that training wrote. This is the only way by which a model file gets to Keras.

    Raises:
        LandmarkError: No such file, not a model, one with parts that none of ours has, or one that claims
            more than it holds.
    """
    try:
        with (
            place.local_file() as path,
            path.open("rb") as file,
            tempfile.TemporaryDirectory() as folder,
        ):
            held = unpack_model(file, Path(folder))
            with _variables_of_at_most(held):
                model = keras.models.load_model(folder, compile=False)
        _check_ends(model)
    except RAISED_BY_KERAS as error:
        told = [line for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
        raise LandmarkError(f"{place} cannot be loaded: {told[0]}") from None
    return model


@contextmanager
def _variables_of_at_most(size: int) -> Iterator[None]:
    """Refuse variables of more bytes than a file has weights, before memory is taken for them."""
    shapes = tf.Graph()  # what is computed in here has a shape and no values
    left = size + BYTES_OF_SEEDS

    def make(next_creator: Callable[..., tf.Variable], **options: Any) -> tf.Variable:
        nonlocal left
        with shapes.as_default():
            value = tf.convert_to_tensor(options["initial_value"]())
        left -= value.shape.num_elements() * value.dtype.size
        if left < 0:
            raise ValueError(f"its layers claim more than the {size} bytes of its weights")
        return next_creator(**options)

    with tf.variable_creator_scope(make):
        yield


def _check_ends(model: keras.Model) -> None:
    """Make sure that a model takes square images and gives features and logits."""
    taken, given = model.input_shape, model.output_shape
    if not (isinstance(taken, tuple) and len(taken) == 4 and taken == (None, taken[1], taken[1], 3)):
        raise ValueError(f"expected a model of images (rows, side, side, 3), found {taken}")
    if not isinstance(given, tuple) or len(given) != 2:
        raise ValueError(f"expected a model that gives (rows, classes), found {given}")
    model.get_layer(BACKBONE)
