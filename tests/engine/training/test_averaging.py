"""Validation measures, and models hold, the average of the weights over the ends of epochs."""

import keras
import numpy as np
import pytest
from job_runs import run_here
from small_network import OPTIONS

from landmark_lib.storage import Place
from landmark_lib.training.averaging import AveragedWeights
from landmark_lib.training.history import read_history
from landmark_lib.training.model import load_trained
from landmark_lib.training.model_directory import LAST


def trained(root, models, epochs, *options):
    """Train a small network; return its last weights and its history."""
    arguments = ("--dataset", root, "--models", models, "--member", "0", *OPTIONS, "--deterministic")
    recipe = ("--trainable-layers", "2", "--learning-rate", "0.001", "--epochs", str(epochs))
    done = run_here("train", *arguments, *recipe, *options)
    assert done.returncode == 0, done.stderr
    directory = Place(str(models / "member-0"))
    return load_trained(directory / LAST).get_weights(), read_history(directory)


@pytest.fixture(scope="module")
def averaged(small_dataset, tmp_path_factory):
    return trained(small_dataset, tmp_path_factory.mktemp("averaged"), 2)


@pytest.fixture(scope="module")
def single(small_dataset, tmp_path_factory):
    """The results of one and of two epochs without averaging."""
    models = tmp_path_factory.mktemp("single")
    return [trained(small_dataset, models, epochs, "--weight-averaging", "none") for epochs in (1, 2)]


def test_a_model_holds_the_average_of_its_epochs(averaged, single):
    weights, _ = averaged
    (first, _), (second, _) = single
    for average, one, two in zip(weights, first, second, strict=True):
        np.testing.assert_allclose(average, 0.25 * one + 0.75 * two, rtol=1e-4, atol=1e-6)


def test_training_itself_is_that_without_averaging(averaged, single):
    _, history = averaged
    _, (_, of_single) = single
    assert [result.training_loss for result in history] == [result.training_loss for result in of_single]
    # The first epoch is its own average.
    assert history[0].validation_loss == of_single[0].validation_loss
    assert history[1].validation_loss != of_single[1].validation_loss


def test_a_resumed_training_has_the_same_average(averaged, small_dataset, tmp_path):
    trained(small_dataset, tmp_path, 1)
    weights, _ = trained(small_dataset, tmp_path, 2)
    for resumed, whole in zip(weights, averaged[0], strict=True):
        np.testing.assert_array_equal(resumed, whole)


def test_averages_are_in_place_for_a_while_and_leave_no_trace():
    weight = keras.Variable(np.array([1.0, 2.0], np.float32))
    average = AveragedWeights([weight])
    average.add(0)
    weight.assign([3.0, 7.0])
    average.add(1)
    with average.in_place():
        np.testing.assert_allclose(weight.numpy(), [2.5, 5.75])
    np.testing.assert_array_equal(weight.numpy(), [3.0, 7.0])
