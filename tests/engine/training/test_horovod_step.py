"""Communication between two real ranks; different weights are detected."""

from textwrap import dedent

import pytest

PRELUDE = """
import keras, numpy as np, tensorflow as tf
from landmark_lib.errors import LandmarkError, RanksDifferError
from landmark_lib.training import horovod_step as h
ranks = h.start_ranks()
assert ranks.size == 2
"""


@pytest.fixture
def on_two_ranks(ranks):
    """Return a function that runs a program on both ranks and returns what each printed."""
    return lambda body: ranks.execute(PRELUDE + dedent(body))


def test_gradients_are_averaged_counts_summed_and_weights_broadcast_from_rank_0(on_two_ranks):
    on_two_ranks("""
        mine = tf.constant([1.0, 5.0]) * (ranks.rank + 1)
        first, second = tf.function(h.average_gradients)([mine, mine * 2])
        np.testing.assert_array_equal(first, [1.5, 7.5])
        np.testing.assert_array_equal(second, [3.0, 15.0])

        (halved,) = tf.function(lambda x: h.average_gradients([x], fp16=True))(mine / 7)
        off = np.abs(halved - np.array([1.5, 7.5], np.float32) / 7)
        assert (off > 0).all() and (off < 1e-3).all(), off

        big = 2.0**52 + ranks.rank
        np.testing.assert_array_equal(h.sum_over_ranks(np.array([big, 1.0])), [2.0**53 + 1 - 1 + 1, 2.0])

        weight = keras.Variable([float(ranks.rank), 7.0])
        table = keras.Variable(np.full((2, 3), ranks.rank), dtype="float32")
        steps = keras.Variable(5 + ranks.rank, dtype="int64")
        h.broadcast_weights([weight, steps, table])
        np.testing.assert_array_equal(weight.numpy(), [0.0, 7.0])
        np.testing.assert_array_equal(table.numpy(), np.zeros((2, 3)))
        assert steps.numpy() == 5
        h.check_equal_weights([weight, steps, table], "after the broadcast")
        """)


def test_weights_of_many_networks_are_broadcast_without_a_warning(on_two_ranks):
    on_two_ranks("""
        import logging
        messages = []
        handler = logging.Handler()
        handler.emit = lambda record: messages.append(record.getMessage())
        logging.getLogger("tensorflow").addHandler(handler)
        for members in range(1, 8):
            h.broadcast_weights([keras.Variable(np.ones(members)) for _ in range(members)])
        logging.getLogger("tensorflow").removeHandler(handler)
        assert messages == []
        """)


def test_ranks_train_together_whatever_networks_each_built_before(on_two_ranks):
    on_two_ranks("""
        from landmark_lib.training.step import training_step

        def network():
            inputs = keras.Input((4,))
            return keras.Model(inputs, keras.layers.Dense(3, kernel_initializer="ones")(inputs))

        for _ in range(3 * ranks.rank):
            network()
        model = network()
        h.broadcast_weights(model.weights)
        step = training_step(model, keras.optimizers.SGD(0.1))
        step(tf.ones((2, 4)) * (ranks.rank + 1), tf.constant([0, 1]), asked_to_stop=False)
        h.check_equal_weights(model.weights, "after a step")
        """)


def test_one_different_bit_on_one_rank_raises_on_every_rank(on_two_ranks):
    printed = on_two_ranks("""
        weights = [keras.Variable(np.ones(1000, "float32")), keras.Variable([1.0])]
        h.check_equal_weights(weights, "before")
        if ranks.rank == 1:
            weights[0].assign(np.nextafter(weights[0].numpy(), np.float32(2), where=np.arange(1000) == 500,
                                           out=np.ones(1000, "float32")))
        try:
            h.check_equal_weights(weights, "after step 1")
        except RanksDifferError as error:
            assert str(error) == "ranks [1] have different weights from rank 0 after step 1", error
            print("alarm")
        """)
    assert printed == ["alarm\n"] * 2


def test_steps_on_two_ranks_equal_those_of_plain_keras_on_all_rows(on_two_ranks):
    on_two_ranks("""
        import small_network
        from landmark_lib.training.head import HeadOptions
        from landmark_lib.training.model import build_model
        from landmark_lib.training.step import training_step

        keras.utils.set_random_seed(0)
        backbone = small_network.make(input_shape=(32, 32, 3))
        backbone.trainable = False
        images = tf.constant(np.random.default_rng(0).integers(0, 256, (8, 32, 32, 3)).astype(np.uint8))
        labels = tf.range(8) % 3
        model = build_model(backbone, "tf", HeadOptions(3, dropout=0.0, l2=1e-3, seed=0))
        kernel = model.get_layer("logits").kernel
        at_first = kernel.numpy()
        mine = slice(4 * ranks.rank, 4 * ranks.rank + 4)
        step = training_step(model, keras.optimizers.SGD(1e-2, momentum=0.9))
        for _ in range(3):
            step(images[mine], labels[mine], asked_to_stop=False)
        h.check_equal_weights(model.weights, "after three steps")

        # Plain Keras, all rows at once.
        alone = build_model(backbone, "tf", HeadOptions(3, dropout=0.0, l2=1e-3, seed=0))
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        alone.compile(keras.optimizers.SGD(1e-2, momentum=0.9), loss)
        alone.fit(images, labels, batch_size=8, epochs=3, verbose=0)
        assert (kernel.numpy() != at_first).any()
        expected = alone.get_layer("logits").kernel.numpy() - at_first
        np.testing.assert_allclose(kernel.numpy() - at_first, expected, rtol=1e-3, atol=1e-6)
        """)


def test_class_weights_act_like_those_of_plain_keras(on_two_ranks):
    on_two_ranks("""
        from landmark_lib.training.step import training_step

        generator = np.random.default_rng(0)
        features = tf.constant(generator.normal(size=(8, 5)).astype(np.float32))
        labels = tf.constant([0, 0, 1, 0, 0, 2, 0, 1])
        weights = np.array([0.5, 1.25, 3.0], np.float32)

        def head():
            return keras.Sequential([keras.Input((5,)), keras.layers.Dense(3, kernel_initializer="zeros")])

        model, alone = head(), head()
        mine = slice(4 * ranks.rank, 4 * ranks.rank + 4)
        step = training_step(model, keras.optimizers.SGD(0.1), class_weights=weights)
        for _ in range(3):
            result = step(features[mine], labels[mine], asked_to_stop=False)

        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        alone.compile(keras.optimizers.SGD(0.1), loss)
        for _ in range(3):
            logits = alone(features).numpy()
            alone.train_on_batch(features, labels, class_weight=dict(enumerate(weights.tolist())))
        for ours, theirs in zip(model.get_weights(), alone.get_weights(), strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-7)

        # The reported loss is not weighted.
        reported = h.sum_over_ranks(result.sums.numpy())[0] / 8
        np.testing.assert_allclose(reported, loss(labels, logits), rtol=1e-5)
        """)


def test_one_rank_downloads_first_and_both_learn_of_a_failure(on_two_ranks, tmp_path):
    printed = on_two_ranks(f"""
        import pathlib
        place = pathlib.Path({str(tmp_path / "fetched")!r})

        def fetch():
            if ranks.rank == 0:
                assert not place.exists()
                place.write_text("weights")
            return place.read_text()

        assert h.run_first_on_each_node(ranks, fetch) == "weights"

        def fail():
            raise LandmarkError("no network")

        try:
            h.run_first_on_each_node(ranks, fail)
        except LandmarkError:
            print("failed")
        """)
    assert printed == ["failed\n"] * 2
