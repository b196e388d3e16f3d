"""Features averaged over views of a photo: itself and its mirror image, or both enlarged as well.

The part of a network up to its pooled features runs once for each view, and its head once on their mean. So
logits, similarities and similar photos all follow from the same features.
"""

from collections.abc import Callable, Mapping, Sequence

import keras
import tensorflow as tf

from landmark_lib.errors import UserError
from landmark_lib.evaluation.shared_layers import Together, in_one_pass, run_together
from landmark_lib.settings.views import FLIP, PLAIN, SCALES, Views
from landmark_lib.training.model import BACKBONE

# By how much photos are enlarged; 10 / 7 makes 320 of 224 pixels.
ENLARGEMENTS = {FLIP: (1.0,), SCALES: (1.0, 10 / 7)}

Images = Mapping[int, tf.Tensor]  # by side length, (photos, side, side, 3) uint8


def run_on_views(networks: Sequence[keras.Model], views: Views) -> Together:
    """Return the function that runs networks as `run_together` does, on views of the photos.

    Layers that networks share run once for each view. Views run one after another, so they need the memory of
    one.

    Raises:
        UserError: A network does not take images of another size.
    """
    if views == PLAIN:
        return run_together(networks)
    scales = [_features_of(networks, enlargement) for enlargement in ENLARGEMENTS[views]]
    heads = [keras.Model(network.get_layer(BACKBONE).output, [network.output]) for network in networks]
    specs = {number: tf.TensorSpec(head.input_shape, tf.float32) for number, head in enumerate(heads)}
    logits_of = in_one_pass(heads, range(len(heads)), specs)

    def run(images: Images) -> list[list[tf.Tensor]]:
        mirrored = {side: tf.image.flip_left_right(of_side) for side, of_side in images.items()}
        # Both views of a scale are added first, so that a mirrored photo has the same features to the bit.
        sums = [
            [tf.add(*both) for both in zip(features_of(images), features_of(mirrored), strict=True)]
            for features_of in scales
        ]
        features = [tf.add_n(of_scales) / (2 * len(scales)) for of_scales in zip(*sums, strict=True)]
        logits = logits_of(dict(enumerate(features)))
        return [[of_head, mean] for (of_head,), mean in zip(logits, features, strict=True)]

    return run


def _features_of(
    networks: Sequence[keras.Model], enlargement: float
) -> Callable[[Images], Sequence[tf.Tensor]]:
    """Return the function from photos to each network's features of the enlarged photos.

    Convolutions take images of any size: networks are run as they are, with the weights that they have.
    """
    sides = [int(network.input_shape[1]) for network in networks]
    enlarged = {side: round(enlargement * side) for side in sides}
    models = [keras.Model(network.input, [network.get_layer(BACKBONE).output]) for network in networks]
    specs = {side: tf.TensorSpec((None, larger, larger, 3), tf.uint8) for side, larger in enlarged.items()}
    features_of = in_one_pass(models, sides, specs)

    def run(images: Images) -> list[tf.Tensor]:
        resized = {side: _resize(of_side, enlarged[side]) for side, of_side in images.items()}
        return [features for (features,) in features_of(resized)]

    _check_sizes(models, run)
    return run


def _check_sizes(models: Sequence[keras.Model], run: Callable[[Images], Sequence[tf.Tensor]]) -> None:
    """Check that models take the images that a function enlarges for them.

    Raises:
        UserError: One does not, or returns other features of them.
    """
    sides = {int(model.input_shape[1]) for model in models}
    black = {side: tf.zeros((1, side, side, 3), tf.uint8) for side in sides}
    try:
        for model, features in zip(models, run(black), strict=True):
            features.shape.assert_is_compatible_with(model.outputs[0].shape)
    except (ValueError, tf.errors.InvalidArgumentError) as error:
        (first, *_) = str(error).splitlines()
        raise UserError(
            f"--views: expected {PLAIN} or {FLIP} for a network that takes images of one size, received"
            f" {SCALES} ({first})"
        ) from None


def _resize(images: tf.Tensor, side: int) -> tf.Tensor:
    if images.shape[1] == side:
        return images
    return tf.cast(tf.round(tf.image.resize(images, (side, side), "bilinear")), tf.uint8)
