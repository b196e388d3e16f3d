"""A head that looks at a sample of the classes: on two ranks as on one, resumed as undisturbed."""

from textwrap import dedent

import keras
import numpy as np
import pytest
import small_network
from job_runs import run_here
from numpy.testing import assert_array_equal

from landmark_lib.storage import Place
from landmark_lib.training.logits_by_class import LogitsByClass
from landmark_lib.training.model import load_trained

PRELUDE = """
import keras, numpy as np, tensorflow as tf
from landmark_lib.training import horovod_step as h
from landmark_lib.training.head import HeadOptions
from landmark_lib.training.learning import AllClasses
from landmark_lib.training.model import build_tail
from landmark_lib.training.sampled_head import SampledHead, StepOptions
from landmark_lib.training.step import training_step

ranks = h.start_ranks()
assert ranks.size == 2
CLASSES, FEATURES, BATCH = 37, 16, 6
chance = np.random.default_rng(0)
rows = tf.constant(chance.normal(size=(6, 2 * BATCH, FEATURES)), tf.float32)
classes = tf.constant(chance.integers(0, CLASSES, (6, 2 * BATCH)), tf.int32)
weights = chance.uniform(0.5, 2, CLASSES).astype(np.float32)
mine = slice(BATCH * ranks.rank, BATCH * (ranks.rank + 1))

def network(by_class, tail=None):
    return build_tail(tail, keras.Input((FEATURES,)), HeadOptions(CLASSES, 0.0, 1e-2, 0, by_class=by_class))

def sampled(model, optimizer, share, fp16=False):
    seed = lambda epoch, step, rank: 100 * epoch + 10 * step + rank
    return SampledHead(model, optimizer, StepOptions(share, BATCH, seed, weights, fp16, True), ranks)

def take(learning, steps):
    return [learning.step(rows[n, mine], classes[n, mine], asked_to_stop=False) for n in steps]
"""
OPTIONS = [
    *(*small_network.OPTIONS, "--batch-size", "1", "--learning-rate", "0.001"),
    *("--trainable-layers", "1", "--member", "0", "--deterministic"),
]


@pytest.fixture
def on_two_ranks(ranks):
    """Return a function that runs a program on both ranks and returns what each printed."""
    return lambda body: ranks.execute(PRELUDE + dedent(body))


@pytest.mark.parametrize(
    "optimizer",
    [
        "keras.optimizers.SGD(0.1, momentum=0.9)",
        "keras.optimizers.Adam(0.01)",
        "keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.1))",
    ],
)
@pytest.mark.parametrize("trained_tail", [False, True])
def test_a_sample_of_all_classes_learns_what_a_dense_layer_learns(on_two_ranks, optimizer, trained_tail):
    on_two_ranks(f"""
        def tail():
            inputs = keras.Input((FEATURES,))
            kernel = keras.initializers.GlorotUniform(3)
            dense = keras.layers.Dense(8, "tanh", kernel_initializer=kernel)
            return keras.Model(inputs, dense(inputs)) if {trained_tail} else None

        dense, by_class = network(False, tail()), network(True, tail())
        kernels = [model.get_layer("logits").kernel for model in (dense, by_class)]
        kernels[1].assign(tf.transpose(kernels[0]))
        first, second = {optimizer}, {optimizer}
        first.build(dense.trainable_variables)
        usual = AllClasses(training_step(dense, first, class_weights=weights), first)
        results = []
        for model, learning in ((dense, usual), (by_class, sampled(by_class, second, 1.0))):
            results.append(take(learning, range(6)))
            learning.settle()
            h.check_equal_weights([*model.weights, *learning.variables], "after six steps")
        np.testing.assert_allclose(kernels[1].numpy().T, kernels[0].numpy(), rtol=1e-3, atol=1e-5)
        for one, other in zip(dense.trainable_variables[:-2], by_class.trainable_variables[:-2]):
            np.testing.assert_allclose(other.numpy(), one.numpy(), rtol=1e-3, atol=1e-5)
        for one, other in zip(*results):
            np.testing.assert_allclose(other.sums, one.sums, rtol=1e-3)
        """)


def test_a_sample_changes_its_classes_alone_and_resumes_to_the_same_bits(on_two_ranks):
    on_two_ranks("""
        def start():
            keras.backend.clear_session()
            model = network(True)
            learning = sampled(model, keras.optimizers.Adam(0.01), 0.1)
            learning.begin(0, 0)
            return model, learning

        model, learning = start()
        kernel = model.get_layer("logits").kernel
        before = kernel.numpy()
        take(learning, [0])
        learning.settle()
        changed = (kernel.numpy() != before).any(axis=1)
        present = np.isin(np.arange(CLASSES), classes[0])
        assert changed[present].all()
        assert changed.sum() == 2 * (2 * BATCH + 2)  # on each rank as many as the rows of both, and a tenth

        take(learning, [1, 2])
        learning.settle()
        kept = [variable.numpy() for variable in (*model.weights, *learning.variables)]
        take(learning, [3, 4, 5])
        learning.settle()
        expected = [variable.numpy() for variable in (*model.weights, *learning.variables)]

        model, learning = start()
        for variable, values in zip((*model.weights, *learning.variables), kept, strict=True):
            variable.assign(values)
        learning.begin(0, 3)
        take(learning, [3, 4, 5])
        learning.settle()
        for variable, values in zip((*model.weights, *learning.variables), expected, strict=True):
            np.testing.assert_array_equal(variable.numpy(), values)
        """)


def test_a_loss_that_is_not_finite_on_one_rank_is_so_on_all_and_all_ranks_learn_of_a_stop(on_two_ranks):
    printed = on_two_ranks("""
        learning = sampled(network(True), keras.optimizers.SGD(0.1), 0.5)
        bad = rows[0, mine] * (float("nan") if ranks.rank else 1.0)
        result = learning.step(bad, classes[0, mine], asked_to_stop=ranks.rank == 1)
        print(float(result.loss), float(result.stop), float(result.allreduce_seconds) > 0)
        """)
    assert printed == ["nan 0.5 True\n"] * 2


def test_steps_that_overflow_on_one_rank_are_skipped_on_all(on_two_ranks):
    on_two_ranks("""
        model, optimizer = network(True), keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.1))
        learning = sampled(model, optimizer, 1.0)
        before, scale = model.get_layer("logits").kernel.numpy(), optimizer.dynamic_scale.numpy()
        classes_of_rank_1 = tf.fill([BATCH], CLASSES - 1)  # so that rank 0's classes have tiny gradients
        optimizer.dynamic_scale.assign(3e38)
        learning.step(rows[0, mine] * 30, classes_of_rank_1, asked_to_stop=False)
        learning.settle()
        np.testing.assert_array_equal(model.get_layer("logits").kernel.numpy(), before)
        h.check_equal_weights([*model.weights, *learning.variables], "after a skipped step")
        assert optimizer.dynamic_scale.numpy() < 3e38
        """)


def test_rows_of_a_large_variable_are_sent_in_parts(on_two_ranks):
    on_two_ranks("""
        h.MAX_NUMBERS = 10
        variable = keras.Variable(np.full((9, 4), ranks.rank), dtype="float32")
        small = keras.Variable(np.full(3, ranks.rank), dtype="float32")
        h.send_rows(variable, range(5, 9), 1)
        np.testing.assert_array_equal(variable.numpy()[5:], np.ones((4, 4)))
        np.testing.assert_array_equal(variable.numpy()[:5], np.full((5, 4), ranks.rank))
        h.broadcast_weights([variable, small])
        np.testing.assert_array_equal(variable.numpy(), np.repeat([[0.0], [1.0]], [5, 4], 0) * np.ones(4))
        np.testing.assert_array_equal(small.numpy(), np.zeros(3))

        values = np.arange(12, dtype=np.float32).reshape(6, 2) + ranks.rank
        h.add_over_ranks(values)
        np.testing.assert_array_equal(values, 2 * np.arange(12).reshape(6, 2) + 1)
        """)


def test_layer_by_class_begins_with_the_spread_of_a_dense_layer_and_is_saved_whole(tmp_path):
    features = keras.Input((64,))
    model = keras.Model(features, LogitsByClass(500, l2=0.1, seed=3, name="logits")(features))
    dense = keras.layers.Dense(500)
    dense.build((None, 64))
    assert model.get_layer("logits").kernel.numpy().std() == pytest.approx(
        dense.kernel.numpy().std(), rel=0.02
    )
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    rows = np.random.default_rng(0).normal(size=(3, 64)).astype(np.float32)
    assert_array_equal(loaded(rows), model(rows))
    assert loaded.get_layer("logits").l2 == 0.1


def test_training_with_a_sample_resumes_and_its_model_returns_all_logits(small_dataset, tmp_path):
    def trained(name, *epochs):
        for count in epochs:
            options = ["--epochs", count, "--class-sample", "0.5", *OPTIONS]
            done = run_here("train", "--dataset", small_dataset, "--models", tmp_path / name, *options)
            assert done.returncode == 0, done.stderr
        return load_trained(Place(str(tmp_path / name / "member-0" / "last.keras")))

    whole, resumed = trained("whole", "2"), trained("resumed", "1", "2")
    for one, other in zip(whole.get_weights(), resumed.get_weights(), strict=True):
        assert_array_equal(other, one)
    assert isinstance(whole.get_layer("logits"), LogitsByClass)
    assert whole(np.zeros((2, 32, 32, 3), np.uint8)).shape == (2, 3)
