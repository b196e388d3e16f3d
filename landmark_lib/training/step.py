"""One step of training and one of validation, as TensorFlow functions."""

from collections.abc import Callable

import keras
import tensorflow as tf

from landmark_lib.training.horovod_step import averaged

# Takes images and class indices of a batch; gives [summed loss, right answers, images], (3,) float64.
Step = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]


def training_step(model: keras.Model, optimizer: keras.optimizers.Optimizer) -> Step:
    """Make the step that learns from a batch, with the gradients averaged over the ranks."""

    @tf.function  # type: ignore[untyped-decorator]
    def step(images: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            logits = model(images, training=True)
            losses = _cross_entropy(labels, logits)
            loss = tf.reduce_mean(losses) + tf.add_n([tf.constant(0.0), *model.losses])
        weights = model.trainable_variables
        gradients = tape.gradient(loss, [variable.value for variable in weights])
        optimizer.apply(averaged(gradients), weights)
        return _sums(labels, logits, losses)

    return step  # type: ignore[no-any-return]


def validation_step(model: keras.Model) -> Step:
    """Make the step that only measures a batch, of any number of rows."""
    # The last batch is smaller than the others; one trace serves all.
    signature = [tf.TensorSpec(model.input_shape, tf.uint8), tf.TensorSpec((None,), tf.int32)]

    @tf.function(input_signature=signature)  # type: ignore[untyped-decorator]
    def step(images: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        logits = model(images, training=False)
        return _sums(labels, logits, _cross_entropy(labels, logits))

    return step  # type: ignore[no-any-return]


def _cross_entropy(labels: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    return tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)


def _sums(labels: tf.Tensor, logits: tf.Tensor, losses: tf.Tensor) -> tf.Tensor:
    right = tf.equal(tf.argmax(logits, axis=-1, output_type=labels.dtype), labels)
    sums = (tf.reduce_sum(losses), tf.math.count_nonzero(right), tf.size(labels))
    return tf.stack([tf.cast(value, tf.float64) for value in sums])
