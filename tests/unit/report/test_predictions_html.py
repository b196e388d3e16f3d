"""The page of predictions shows each photo with its labels and the training photos similar to it."""

from dataclasses import replace

import pytest
from page_outline import outline
from report_datasets import HOSTILE, SCRIPT, ids_of, write_dataset

from landmark_lib.dataset import VALIDATION, read_table
from landmark_lib.report.example_photos import read_training_photos
from landmark_lib.report.predictions_page import PredictedPhoto, predictions_page
from landmark_lib.report.similar_photos import SimilarPhoto, read_similar


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A data set whose classes are drawn by all members, by some, or copied."""
    root = str(tmp_path_factory.mktemp("predictions") / "dataset")
    return root, write_dataset(root, {"big": ids_of("big", 20), "small": ids_of("small", 3)})


def training_rows(root, manifest):
    """Return the JPEG of each untransformed training photo by id."""
    return {
        row["image_id"]: row["image"]
        for record in manifest.files
        if record.path.startswith("train/")
        for row in read_table(root, record.path).to_pylist()
        if row["recipe"] == "plain"
    }


def test_training_photos_are_found_in_whichever_set_holds_them(written):
    expected = training_rows(*written)
    assert read_training_photos(*written, expected) == expected
    assert read_training_photos(*written, ["small-0", "unheard of"]).keys() <= {"small-0"}


def test_held_out_photos_are_no_training_photos(written):
    root, manifest = written
    held_out = [
        image_id
        for record in manifest.shards_in(VALIDATION)
        for image_id in read_table(root, record.path, ["image_id"])["image_id"].to_pylist()
    ]
    assert read_training_photos(root, manifest, held_out) == {}


@pytest.fixture(scope="module")
def photo(written):
    name, jpeg = next(iter(training_rows(*written).items()))
    similar = read_similar(*written, {"mine": [(name, "big", 0.875), ("gone", "small", 0.5)]})["mine"]
    assert similar == [SimilarPhoto(name, "big", 0.875, jpeg), SimilarPhoto("gone", "small", 0.5, None)]
    return PredictedPhoto("mine", jpeg, ["big", "small"], 0.9, 2, 0.7, no_landmark=False, similar=similar)


def test_labels_scores_and_similar_photos_are_shown(photo):
    page = outline(predictions_page([photo], 4, 3, "data/models", 1))
    section = page.section("photos")
    assert "The first 1 of 4 photos." in section
    assert "2 of 3 members; likely a landmark, chance to be right 0.700" in section
    assert "big 0.900 small" in section
    assert f"big {photo.similar[0].image_id} 0.875 not in the data set small gone 0.500" in section
    assert len(page.all("img")) == 2


def test_photos_without_a_landmark_and_without_neighbours_say_so(photo):
    alone = replace(photo, no_landmark=True, similar=[])
    section = outline(predictions_page([alone], 1, 1, "models", 0)).section("photos")
    assert "All photos." in section
    assert "2 of 1 member; likely no landmark" in section
    unlearned = replace(photo, chance=None)
    assert "likely" not in outline(predictions_page([unlearned], 1, 3, "models", 0)).section("photos")


def test_names_are_text_and_never_markup(photo):
    similar = [SimilarPhoto(SCRIPT, HOSTILE[1], 0.5, photo.jpeg)]
    page = outline(
        predictions_page([replace(photo, image_id=SCRIPT, labels=HOSTILE, similar=similar)], 1, 3, SCRIPT, 0)
    )
    assert page.all("script") == []
    assert SCRIPT in page.section("photos")
