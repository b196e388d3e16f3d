"""The ArcFace head: logits are scaled cosines, its margin acts in training alone, and its members serve."""

import json
from dataclasses import replace
from textwrap import dedent

import keras
import numpy as np
import pyarrow.parquet as pq
import pytest
import small_network
import tensorflow as tf
from job_runs import run_here
from report_datasets import ids_of, write_dataset

from landmark_lib.dataset import read_manifest
from landmark_lib.method.class_sample import MANY
from landmark_lib.method.margins import margins_by_class
from landmark_lib.settings import TrainSettings, from_flat
from landmark_lib.settings.train import ARCFACE
from landmark_lib.storage import Place
from landmark_lib.training.arcface import SCALE, ArcFaceHead, ArcFaceLogits, add_margin, logits_with_margin
from landmark_lib.training.head import HeadOptions
from landmark_lib.training.member_data import read_member_data
from landmark_lib.training.model import build_model, build_tail, load_trained, with_head_of
from landmark_lib.training.step import training_step, validation_step

FEATURES, CLASSES, CENTRES, ROWS = 16, 5, 3, 40
HEAD = ArcFaceHead(8, CENTRES)
MARGINS = np.array([0.5, 0.3, 0.2, 0.1, 0.05], np.float32)
OPTIONS = [
    *(*small_network.OPTIONS, "--member", "0", "--trainable-layers", "1", "--learning-rate", "0.01"),
    *("--head", "arcface", "--embedding-size", "24", "--sub-centres", "2", "--deterministic"),
]


@pytest.fixture
def chance():
    return np.random.default_rng(0)


def cosines_of(layer, features):
    """Return the cosines to the nearest centres of all classes, by numpy."""
    embeddings = features.astype(np.float64) @ layer.kernel.numpy() + layer.bias.numpy()
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
    centres = layer.centres.numpy() / np.linalg.norm(layer.centres.numpy(), axis=-1, keepdims=True)
    return np.einsum("rd,ckd->rck", embeddings, centres).max(axis=-1)


def losses_of(logits, classes):
    return np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(len(classes)), classes]


def turned(cosines, classes, margins):
    """Return cosines whose angle to the own class is larger by a margin, by the definition."""
    rows, result = np.arange(len(classes)), cosines.copy()
    result[rows, classes] = np.cos(np.arccos(cosines[rows, classes]) + margins[classes])
    return result


def rows_of(chance, count=ROWS):
    return chance.normal(size=(count, FEATURES)).astype(np.float32), np.arange(count) % CLASSES


def tail(l2=0.0):
    return build_tail(None, keras.Input((FEATURES,)), HeadOptions(CLASSES, 0.0, l2, seed=0, arcface=HEAD))


def with_margins(logits, classes):
    return add_margin(logits, classes, tf.gather(MARGINS, classes))


def test_logits_are_scaled_cosines_to_the_nearest_centre(chance):
    features, _ = rows_of(chance)
    layer = ArcFaceLogits(CLASSES, 8, CENTRES, seed=1)
    logits = layer(features).numpy()
    np.testing.assert_allclose(logits, SCALE * cosines_of(layer, features), rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(layer(7 * features).numpy(), logits, rtol=1e-4, atol=1e-4)  # no bias yet


def test_the_margin_is_added_to_the_angle_of_the_own_class_alone(chance):
    classes = np.arange(ROWS) % CLASSES
    cosines = chance.uniform(-0.8, 0.99, (ROWS, CLASSES))
    found = with_margins(tf.constant(SCALE * cosines, tf.float32), tf.constant(classes)).numpy()
    np.testing.assert_allclose(found, SCALE * turned(cosines, classes, MARGINS), rtol=1e-4, atol=1e-3)


def test_the_further_a_photo_is_from_its_class_the_smaller_its_logit_also_beyond_half_a_turn():
    cosines = np.linspace(1, -1, 2_001, dtype=np.float32)
    for margin in (0.0, 0.3, 1.5):
        logits = tf.constant(SCALE * cosines)[:, tf.newaxis]
        own, margins = tf.zeros(2_001, tf.int32), tf.fill([2_001], margin)
        with tf.GradientTape() as tape:
            tape.watch(logits)
            found = add_margin(logits, own, margins)
        steps = np.diff(found.numpy()[:, 0])
        assert (steps <= 1e-4).all()
        assert (steps > -SCALE * 0.1).all()  # without a jump
        assert np.isfinite(tape.gradient(found, logits).numpy()).all()


def test_a_step_learns_from_the_margin_and_reports_what_the_model_returns(chance):
    features, classes = rows_of(chance)
    weights = chance.uniform(0.5, 2, CLASSES).astype(np.float32)
    model = tail(l2=0.01)
    layer = model.get_layer("logits")
    cosines = cosines_of(layer, features)
    penalty = 0.01 * sum(np.square(weight.numpy()).sum() for weight in (layer.kernel, layer.centres))
    step = training_step(
        model, keras.optimizers.SGD(0.0), class_weights=weights, with_margin=with_margins, timed=False
    )
    inputs = tf.constant(features), tf.constant(classes, tf.int32)
    result = step(*inputs, asked_to_stop=False)
    harder = losses_of(SCALE * turned(cosines, classes, MARGINS), classes)
    assert float(result.loss) == pytest.approx(np.mean(harder * weights[classes]) + penalty, rel=1e-3)
    reported = losses_of(SCALE * cosines, classes)
    assert (harder > reported).all()
    right = (cosines.argmax(axis=1) == classes).sum()
    np.testing.assert_allclose(result.sums, [reported.sum(), right, ROWS], rtol=1e-3)
    np.testing.assert_allclose(validation_step(model)(*inputs), [reported.sum(), right, ROWS], rtol=1e-3)


def test_margins_are_those_of_the_class_sizes_and_only_this_head_has_them():
    rows = [1, 40, 9_000, 7, 300]
    harder = logits_with_margin(from_flat(TrainSettings, {"head": ARCFACE, "margin": 0.4}), rows)
    classes, logits = tf.range(CLASSES), tf.zeros((CLASSES, CLASSES))
    expected = -SCALE * np.sin(margins_by_class(rows, 0.4))
    np.testing.assert_allclose(tf.linalg.diag_part(harder(logits, classes)), expected, rtol=1e-4)
    assert logits_with_margin(TrainSettings(), rows) is None


def test_it_learns(chance):
    centres = chance.normal(size=(CLASSES, FEATURES))

    def drawn(count):
        classes = chance.integers(0, CLASSES, count)
        features = centres[classes] + chance.normal(size=(count, FEATURES)) * 0.7
        return tf.constant(features, tf.float32), tf.constant(classes, tf.int32)

    model, held_out = tail(), drawn(400)
    step = training_step(
        model, keras.optimizers.SGD(0.01, momentum=0.9), with_margin=with_margins, timed=False
    )
    for _ in range(60):
        step(*drawn(32), asked_to_stop=False)
    _, right, count = validation_step(model)(*held_out).numpy()
    assert right / count > 0.9


@pytest.mark.parametrize("precision", ["float32", "mixed_float16"])
def test_a_saved_model_returns_the_same_float32_logits(chance, tmp_path, precision):
    keras.config.set_dtype_policy(precision)
    try:
        network = small_network.make(input_shape=(32, 32, 3))
        trained = build_tail(None, keras.Input((32,)), HeadOptions(CLASSES, 0.5, 1e-4, seed=0, arcface=HEAD))
        model = with_head_of(trained, network, "tf")
    finally:
        keras.config.set_dtype_policy("float32")
    images = chance.integers(0, 256, (6, 32, 32, 3)).astype(np.uint8)
    logits = model(images, training=False)
    assert logits.dtype == tf.float32
    model.save(tmp_path / "model.keras")
    again = load_trained(Place(str(tmp_path / "model.keras")))
    np.testing.assert_array_equal(again(images, training=False), logits)
    assert again.get_layer("logits").get_config() == model.get_layer("logits").get_config()


@pytest.mark.filterwarnings("ignore::UserWarning")  # TFLite's next home
def test_the_exported_pixels_are_answered_as_by_the_member(chance, tmp_path):
    model = build_model(
        small_network.make(input_shape=(32, 32, 3)),
        "tf",
        HeadOptions(CLASSES, 0.5, 0.0, seed=0, arcface=HEAD),
    )
    images = chance.integers(0, 256, (1, 32, 32, 3)).astype(np.uint8)
    model.export(tmp_path / "pixels", verbose=False)
    service = tf.saved_model.load(str(tmp_path / "pixels"))  # whose variables live as long as it does
    served = service.serve(images)
    np.testing.assert_allclose(served, model(images, training=False), rtol=1e-4, atol=1e-4)
    interpreter = tf.lite.Interpreter(
        model_content=tf.lite.TFLiteConverter.from_saved_model(str(tmp_path / "pixels")).convert()
    )
    interpreter.resize_tensor_input(0, images.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], images)
    interpreter.invoke()
    on_a_phone = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
    np.testing.assert_allclose(on_a_phone, served, rtol=1e-3, atol=1e-3)


def test_with_many_classes_a_step_looks_at_all(small_dataset):
    data = read_member_data(small_dataset, read_manifest(small_dataset), 0)
    many = replace(data, landmark_ids=["a"] * (MANY + 1))
    shares = [many.class_share(from_flat(TrainSettings, {"head": head})) for head in (ARCFACE, "softmax")]
    assert shares == [1, 0.2]


def test_two_ranks_learn_what_one_learns_from_the_rows_of_both(ranks):
    ranks.execute(
        dedent("""
        import keras, numpy as np, tensorflow as tf
        from landmark_lib.training import horovod_step as h
        from landmark_lib.training.arcface import ArcFaceHead, add_margin
        from landmark_lib.training.head import HeadOptions
        from landmark_lib.training.model import build_tail
        from landmark_lib.training.step import training_step

        place = h.start_ranks()
        chance = np.random.default_rng(0)
        rows = tf.constant(chance.normal(size=(3, 8, 16)), tf.float32)
        classes = tf.constant(chance.integers(0, 5, (3, 8)), tf.int32)

        def start():
            head = HeadOptions(5, 0.0, 1e-3, 0, arcface=ArcFaceHead(8, 2))
            model = build_tail(None, keras.Input((16,)), head)
            margin = lambda logits, classes: add_margin(logits, classes, tf.fill(tf.shape(classes), 0.3))
            return model, training_step(model, keras.optimizers.SGD(0.1, 0.9), with_margin=margin)

        model, step = start()
        mine = slice(4 * place.rank, 4 * place.rank + 4)
        for n in range(3):
            step(rows[n, mine], classes[n, mine], asked_to_stop=False)
        h.check_equal_weights(model.weights, "after three steps")

        alone, _ = start()
        optimizer = keras.optimizers.SGD(0.1, 0.9)
        for n in range(3):
            with tf.GradientTape() as tape:
                logits = add_margin(alone(rows[n]), classes[n], tf.fill([8], 0.3))
                losses = tf.nn.sparse_softmax_cross_entropy_with_logits(classes[n], logits)
                loss = tf.reduce_mean(losses) + tf.add_n(alone.losses)
            weights = alone.trainable_variables
            optimizer.apply(tape.gradient(loss, [weight.value for weight in weights]), weights)
        for ours, theirs in zip(model.get_weights(), alone.get_weights(), strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-5)
        """)
    )


def train(root, models, *more):
    done = run_here("train", "--dataset", root, "--models", models, *OPTIONS, *more)
    assert done.returncode == 0, done.stderr
    return load_trained(Place(str(models / "member-0" / "last.keras")))


@pytest.fixture(scope="module")
def whole_dataset(tmp_path_factory):
    """Write a data set that can be trained on, evaluated and predicted; return its root."""
    root = str(tmp_path_factory.mktemp("whole"))
    labels = {f"landmark {index}": ids_of(index, 12) for index in range(3)}
    write_dataset(root, labels, hold_out=3, target=9, cutoff=9, ensemble_size=1, rows_per_group=8)
    return root


@pytest.fixture(scope="module")
def member(whole_dataset, tmp_path_factory):
    """Train a member on cached features; return its models' directory and its last model."""
    models = tmp_path_factory.mktemp("arcface")
    return models, train(whole_dataset, models, "--cache-features", "--epochs", "2")


def test_an_interrupted_training_resumes_to_the_same_weights(member, whole_dataset, tmp_path):
    _, whole = member
    train(whole_dataset, tmp_path, "--cache-features", "--epochs", "1")
    resumed = train(whole_dataset, tmp_path, "--cache-features", "--epochs", "2")
    for one, other in zip(whole.get_weights(), resumed.get_weights(), strict=True):
        np.testing.assert_array_equal(other, one)


def test_training_on_images_equals_training_on_cached_features(member, whole_dataset, tmp_path):
    _, cached = member
    images = np.random.default_rng(1).integers(0, 256, (8, 32, 32, 3)).astype(np.uint8)
    on_images = train(whole_dataset, tmp_path, "--epochs", "2")
    np.testing.assert_allclose(on_images(images), cached(images), rtol=1e-2, atol=5e-2)


def test_a_checkpoint_with_another_margin_is_refused(member, whole_dataset):
    models, _ = member
    done = run_here(
        *("train", "--dataset", whole_dataset, "--models", models, *OPTIONS, "--cache-features"),
        *("--epochs", "3", "--margin", "0.2"),
    )
    assert done.returncode == 2
    assert "--margin is 0.5 in the checkpoint, 0.2 now" in done.stderr


def test_its_members_are_evaluated_and_predict(member, whole_dataset, tmp_path):
    models, _ = member
    done = run_here("evaluate", "--dataset", whole_dataset, "--models", models)
    assert done.returncode == 0, done.stderr
    voter = json.loads((models / "evaluation.json").read_text())["voters"][0]
    assert voter["voter"] == "member-0"
    output = tmp_path / "predictions"
    done = run_here("predict", "--input", whole_dataset, "--models", models, "--output", output)
    assert done.returncode == 0, done.stderr
    assert pq.read_table(min(output.rglob("*.parquet"))).num_rows > 0
