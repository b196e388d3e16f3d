"""The examples of docs/serving.md run as they stand, and what they make answers as the member does."""

import re
import warnings
from contextlib import chdir
from dataclasses import replace

import numpy as np
import pytest
import small_network
import tensorflow as tf
from commands import REPOSITORY
from job_runs import execute
from PIL import Image
from small_ensemble import finished_member

from landmark_lib.images.jpeg import decode_jpeg
from landmark_lib.storage import Place
from landmark_lib.training.backbone import load_backbone
from landmark_lib.training.head import HeadOptions
from landmark_lib.training.member_record import write_member
from landmark_lib.training.model import build_model
from landmark_lib.training.model_directory import BEST, save_model
from landmark_lib.training.stream import decode
from landmark_sample.label_counts import labels_without_pixels
from landmark_sample.odd_photos import odd_photos
from landmark_sample.write import SampleSettings

PAGE = (REPOSITORY / "docs" / "serving.md").read_text("utf-8")
EXAMPLES = dict(re.findall(r"^### (.+?)\n.*?^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL))
SIDE = 224  # as in the shards: the pixels are not resized


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with a member and a photo, in which the first example has run."""
    folder = tmp_path_factory.mktemp("serving")
    directory = folder / "data/demo/models/member-0"
    photo = folder / "data/demo/photos/1/a.jpg"
    photo.parent.mkdir(parents=True)
    small_network.register()
    backbone = load_backbone(small_network.NAME, "random", SIDE, seed=0)
    network = build_model(backbone, "tf", HeadOptions(4, dropout=0.5, l2=0.0, seed=0))
    save_model(network, Place(str(directory)) / BEST)
    write_member(Place(str(directory)), replace(finished_member(""), landmark_ids=["a", "b", "c", "d"]))
    pixels = np.random.default_rng(0).integers(0, 256, (6, 9, 3)).astype(np.uint8)
    Image.fromarray(pixels).resize((600, 400)).save(photo, quality=95)
    run(folder, "Preparing")
    jpeg = (folder / "prepared.jpg").read_bytes()
    logits = network(decode(jpeg, SIDE)[tf.newaxis], training=False).numpy()
    return folder, jpeg, logits


def run(folder, example):
    with chdir(folder), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        printed = execute(EXAMPLES[example])
    return printed.splitlines()[-1] if printed else ""


def test_the_first_photo_of_the_demo_is_a_normal_one():
    rendering = dict(
        re.findall(r"--(labels|photos) (\d+)", (REPOSITORY / "scripts/demo.py").read_text("utf-8"))
    )
    demo = SampleSettings(labels=int(rendering["labels"]), photos=int(rendering["photos"]))
    rows = labels_without_pixels(demo.labels, demo.photos, demo.seed)
    _, first = min((label, image_id) for image_id, label in rows)
    assert first not in odd_photos(demo.labels, demo.photos, demo.seed)


def test_the_graph_decodes_to_pillows_pixels_within_a_grey_level(place):
    _, jpeg, _ = place
    expected = np.asarray(decode_jpeg(jpeg)).astype(int)
    assert np.abs(decode(jpeg, SIDE).numpy().astype(int) - expected).max() <= 1


def test_the_saved_model_takes_jpegs_and_answers_as_the_member_does(place):
    folder, jpeg, logits = place
    told = run(folder, "SavedModel")
    assert re.fullmatch(rf"SavedModel: \d+ MB, \d+ ms a photo, class {logits[0].argmax()}", told)
    serve = tf.saved_model.load(str(folder / "saved_model")).signatures["serving_default"]
    np.testing.assert_allclose(serve(jpegs=tf.constant([jpeg]))["logits"], logits, rtol=1e-4, atol=1e-5)


def test_the_small_model_answers_as_the_member_does_as_far_as_8_bits_go(place):
    folder, _, logits = place
    told = run(folder, "TFLite")
    assert re.fullmatch(rf"TFLite: \d+ MB, \d+ ms a photo, class {logits[0].argmax()}", told)


def test_the_ensemble_answers_about_an_array_of_pixels(place):
    folder, _, logits = place
    label = "abcd"[logits[0].argmax()]
    assert run(folder, "Ensemble").startswith(f"Ensemble: label {label}, score ")
