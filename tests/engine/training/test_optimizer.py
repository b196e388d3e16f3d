"""The head learns first; afterwards the backbone takes smaller steps than the head."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from job_runs import run_here
from small_network import OPTIONS

from landmark_lib.settings import TrainSettings, from_flat
from landmark_lib.storage import Place
from landmark_lib.training.head import LOGITS
from landmark_lib.training.model import BACKBONE, load_trained
from landmark_lib.training.model_directory import LAST
from landmark_lib.training.optimizer import member_optimizer

GRADIENTS = (np.array([0.5, -2.0], np.float32), np.array([1.0, 0.25], np.float32))


def changes_of_two(kind, factor, precision="float32"):
    """Return how one step changes a variable of the backbone and one of the head."""
    settings = from_flat(TrainSettings, {"optimizer": kind, "precision": precision, "learning_rate": 0.1})
    variables = [keras.Variable(np.zeros(2, np.float32)) for _ in GRADIENTS]
    optimizer = member_optimizer(settings, variables[:1], tf.Variable(factor))
    optimizer.build(variables)
    gradients = [optimizer.scale_loss(tf.constant(gradient)) for gradient in GRADIENTS]
    tf.function(lambda: optimizer.apply(gradients, variables))()
    return [variable.numpy() for variable in variables]


@pytest.mark.parametrize("kind", ["sgd", "adam"])
@pytest.mark.parametrize("precision", ["float32", "mixed_float16"])
def test_steps_of_the_backbone_are_a_fraction_of_those_of_the_head(kind, precision):
    backbone, head = changes_of_two(kind, 1.0, precision)
    slower, same = changes_of_two(kind, 0.1, precision)
    np.testing.assert_allclose(slower, 0.1 * backbone, rtol=1e-6)
    np.testing.assert_array_equal(same, head)
    assert np.all(head != 0)


@pytest.mark.parametrize("kind", ["sgd", "adam"])
def test_with_a_factor_of_one_it_is_the_optimizer_of_keras(kind):
    settings = TrainSettings()
    plain = {
        "sgd": keras.optimizers.SGD(0.1, momentum=settings.learning.momentum),
        "adam": keras.optimizers.Adam(0.1),
    }[kind]
    variables = [keras.Variable(np.zeros(2, np.float32)) for _ in GRADIENTS]
    plain.apply([tf.constant(gradient) for gradient in GRADIENTS], variables)
    for ours, of_keras in zip(changes_of_two(kind, 1.0), variables, strict=True):
        np.testing.assert_array_equal(ours, of_keras.numpy())


def trained_backbone(root, models, *options):
    """Train a small network, and return the weights of its backbone and those of its head."""
    arguments = ("--dataset", root, "--models", models, "--member", "0", *OPTIONS, "--trainable-layers", "2")
    done = run_here("train", *arguments, "--learning-rate", "0.001", *options)
    assert done.returncode == 0, done.stderr
    model = load_trained(Place(str(models / "member-0")) / LAST)
    return [model.get_layer(name).get_weights() for name in (BACKBONE, LOGITS)]


def test_backbone_stays_as_it_is_until_the_head_has_had_its_epochs(small_dataset, tmp_path):
    both = tmp_path / "both"
    first, head = trained_backbone(small_dataset, both, "--head-epochs", "2", "--epochs", "1")
    second, later = trained_backbone(small_dataset, both, "--head-epochs", "2", "--epochs", "2")
    third, _ = trained_backbone(small_dataset, both, "--head-epochs", "2", "--epochs", "3")
    for before, after in zip(first, second, strict=True):
        np.testing.assert_array_equal(before, after)
    assert not np.array_equal(head[0], later[0])
    assert any(not np.array_equal(before, after) for before, after in zip(second, third, strict=True))
