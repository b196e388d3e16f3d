"""Features averaged over views of a photo, from which everything else that is predicted follows."""

import json
from collections import Counter

import keras
import numpy as np
import pyarrow as pa
import pytest
import small_network
import tensorflow as tf
from small_ensemble import MEMBERS, SIDE

from landmark_lib import dataset
from landmark_lib.errors import UserError
from landmark_lib.evaluation.evaluate import evaluate
from landmark_lib.evaluation.networks import load_members
from landmark_lib.evaluation.photos import find_photos
from landmark_lib.evaluation.predict import predict
from landmark_lib.evaluation.prediction_files import ANSWERS, IDENTITY, columns_of
from landmark_lib.evaluation.table import describe_evaluation
from landmark_lib.evaluation.views import run_on_views
from landmark_lib.hold_out import read_hold_out
from landmark_lib.method.similarity import FeatureSums, feature_statistics
from landmark_lib.report.evaluation_sections import evaluation_lead
from landmark_lib.settings import EvaluateSettings, PredictSettings
from landmark_lib.training.backbone import load_backbone
from landmark_lib.training.class_similarity import DENSE_FACTOR, SIMILARITY
from landmark_lib.training.head import LOGITS, HeadOptions
from landmark_lib.training.model import (
    BACKBONE,
    build_model,
    features_of_backbone,
    with_similarity,
)

MODE, CLASSES = "tf", 3
LARGER = 46  # 32 x 10/7


@pytest.fixture(scope="module")
def backbone():
    small_network.register()
    return load_backbone(small_network.NAME, "random", SIDE, seed=0)


def network_on(backbone, seed=0):
    """Return a network with both classifiers, as training leaves it."""
    model = build_model(backbone, MODE, HeadOptions(CLASSES, dropout=0.5, l2=0.0, seed=seed))
    width = model.get_layer(BACKBONE).output.shape[1]
    sums = FeatureSums.zeros(CLASSES, width)
    sums.add(np.random.default_rng(seed).random((30, width)).astype(np.float32), np.arange(30) % CLASSES)
    return with_similarity(model, feature_statistics(sums))


def images(side=SIDE):
    return tf.constant(np.random.default_rng(1).integers(0, 256, (5, side, side, 3)).astype(np.uint8))


def mirrored(batch):
    return batch[:, :, ::-1]


def enlarged(batch):
    return tf.cast(tf.round(tf.image.resize(batch, (LARGER, LARGER))), tf.uint8)


def test_features_are_the_mean_over_the_views_and_logits_follow_from_it(backbone):
    larger = load_backbone(small_network.NAME, "random", LARGER, seed=1)
    larger.set_weights(backbone.get_weights())
    of_plain, of_larger = (features_of_backbone(each, MODE) for each in (backbone, larger))
    photos, network = images(), network_on(backbone)
    flips = [of_plain(photos), of_plain(mirrored(photos))]
    scales = [*flips, of_larger(enlarged(photos)), of_larger(enlarged(mirrored(photos)))]
    for views, of_views in (("plain", flips[:1]), ("flip", flips), ("scales", scales)):
        expected = np.mean(of_views, axis=0)
        ((logits, features),) = run_on_views([network], views)({SIDE: photos})
        np.testing.assert_allclose(features, expected, rtol=1e-5)
        dense, similarity = network.get_layer(LOGITS)(expected), network.get_layer(SIMILARITY)(expected)
        by_hand = DENSE_FACTOR * dense + similarity
        np.testing.assert_allclose(logits, by_hand, rtol=1e-3, atol=1e-4)


def test_plain_outputs_are_those_of_the_network_itself(backbone):
    network = network_on(backbone)
    itself = tf.function(keras.Model(network.input, [network.output, network.get_layer(BACKBONE).output]))
    for found, expected in zip(
        run_on_views([network], "plain")({SIDE: images()})[0], itself(images(), training=False), strict=True
    ):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16"])
def test_a_photo_and_its_mirror_image_have_the_same_outputs(precision):
    keras.config.set_dtype_policy(precision)
    try:
        network = network_on(load_backbone(small_network.NAME, "random", SIDE, seed=0))
    finally:
        keras.config.set_dtype_policy("float32")
    for views in ("flip", "scales"):
        run = run_on_views([network], views)
        (of_photos,), (of_mirrored,) = run({SIDE: images()}), run({SIDE: mirrored(images())})
        for one, other in zip(of_photos, of_mirrored, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-6)


@pytest.fixture(scope="module")
def counted():
    """Return a backbone that counts its runs, and the count."""
    runs = tf.Variable(0)

    class Counting(keras.layers.Layer):
        def call(self, inputs):
            runs.assign_add(1)
            return inputs

    pixels = keras.Input((SIDE, SIDE, 3))
    pooled = keras.layers.GlobalAveragePooling2D()(Counting()(pixels))
    return keras.Model(pixels, pooled, name="counting"), runs


@pytest.mark.parametrize(("views", "passes"), [("plain", 1), ("flip", 2), ("scales", 4)])
def test_members_share_one_pass_for_each_view(counted, views, passes):
    backbone, runs = counted
    run = run_on_views([network_on(backbone, seed) for seed in range(3)], views)
    before = runs.numpy()
    outputs = run({SIDE: images()})
    assert runs.numpy() - before == passes
    assert len({logits.numpy().tobytes() for logits, _ in outputs}) == 3


def test_members_of_other_sizes_have_views_of_their_own_size(backbone):
    larger = load_backbone(small_network.NAME, "random", 64, seed=0)
    networks = [network_on(backbone), network_on(larger)]
    together = run_on_views(networks, "scales")({SIDE: images(), 64: images(64)})
    for network, side, outputs in zip(networks, (SIDE, 64), together, strict=True):
        (alone,) = run_on_views([network], "scales")({side: images(side)})
        for found, expected in zip(outputs, alone, strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("last", [[], [keras.layers.Dense(4)], [keras.layers.Reshape((SIDE**2 * 3,))]])
def test_a_network_of_one_size_is_refused_in_one_line_where_it_is_enlarged(last):
    pixels = keras.Input((SIDE, SIDE, 3))
    features = keras.layers.Flatten()(pixels)
    for layer in last:
        features = layer(features)
    network = build_model(
        keras.Model(pixels, features), MODE, HeadOptions(CLASSES, dropout=0.5, l2=0.0, seed=0)
    )
    assert len(run_on_views([network], "flip")({SIDE: images()})) == 1
    with pytest.raises(UserError, match=r"^--views: expected plain or flip for a network .+scales \(.+\)$"):
        run_on_views([network], "scales")


def evaluate_settings(models, output, **others):
    return EvaluateSettings(models=str(models), output=str(output), batch_size=4, **others)


def rows_of(files):
    return pa.concat_tables(files.read(ANSWERS)).to_pylist()


@pytest.mark.parametrize("views", ["flip", "scales"])
def test_predict_and_evaluate_agree_and_record_the_views(views, photo_dataset, models, tmp_path, one_rank):
    settings = PredictSettings(models=str(models), output=str(tmp_path / "out"), views=views)
    files, _ = predict(settings, find_photos(settings, photo_dataset), one_rank)
    assert json.loads((tmp_path / "out" / IDENTITY).read_text())["views"] == views
    evaluation, place = evaluate(
        evaluate_settings(models, tmp_path / "evaluation.json", views=views), photo_dataset
    )
    assert json.loads(place.read_bytes())["views"] == views
    text = describe_evaluation(evaluation, dataset.read_classes(photo_dataset))
    assert f"(--views {views})" in text
    assert f"(--views {views})" in evaluation_lead(evaluation)

    hold_out = read_hold_out(photo_dataset, dataset.read_manifest(photo_dataset))
    truth = dict(zip(hold_out.image_ids, hold_out.truth.tolist(), strict=True))
    columns = [*(columns_of(name)[0] for name in MEMBERS), "ensemble_labels"]
    for column, voter in zip(columns, evaluation.voters, strict=False):
        predicted = Counter(
            (truth[row["image_id"]], int(row[column][0].removeprefix("landmark "))) for row in rows_of(files)
        )
        assert {(true, first): photos for true, first, photos in voter.confusion} == predicted


def test_predictions_begun_with_other_views_are_not_resumed(photo_dataset, models, tmp_path, one_rank):
    settings = PredictSettings(models=str(models), output=str(tmp_path))
    photos = find_photos(settings, photo_dataset)
    files, _ = predict(settings, photos, one_rank)
    other = PredictSettings(models=str(models), output=str(tmp_path), views="flip")
    with pytest.raises(UserError, match="holds predictions with other views; name another directory"):
        predict(other, photos, one_rank)

    recorded = json.loads((tmp_path / IDENTITY).read_text())
    del recorded["views"]  # as an earlier release wrote it
    (tmp_path / IDENTITY).write_text(json.dumps(recorded))
    assert rows_of(predict(settings, photos, one_rank)[0]) == rows_of(files)
    with pytest.raises(UserError, match="holds predictions with other views"):
        predict(other, photos, one_rank)


def test_members_are_loaded_with_their_views(models):
    members = load_members(str(models), "flip")
    plain = load_members(str(models))
    assert (members.views, plain.views) == ("flip", "plain")
    both = tf.concat([images(), mirrored(images())], axis=0)
    for of_views, of_both in zip(members.outputs({SIDE: images()}), plain.outputs({SIDE: both}), strict=True):
        straight, flipped = np.split(of_both.features, 2)
        np.testing.assert_allclose(of_views.features, (straight + flipped) / 2, rtol=1e-5)
