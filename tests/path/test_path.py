"""The whole path as a user walks it: the sample, then the three jobs with their real engines."""

import json
import re
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from commands import REPOSITORY, run
from spark_runs import QUICK_JAVA

from landmark_lib import dataset
from landmark_lib.dataset import Reason
from landmark_lib.evaluation.photos import UsersPhotos
from landmark_lib.method.recipes import CENTRE
from landmark_lib.settings import PredictSettings
from landmark_sample import Oddity, SampleSettings, labels_without_pixels, odd_photos, write_sample

pytestmark = pytest.mark.takes(90)

SAMPLE = SampleSettings(labels=8, photos=120, longest_side=320)
TARGET, CUTOFF = 10, 20
REASONS = {
    Oddity.TRUNCATED: Reason.TRUNCATED,
    Oddity.EMPTY: Reason.EMPTY_FILE,
    Oddity.HTML: Reason.NOT_AN_IMAGE,
}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Run the path from another working directory, with nothing set by hand; give that directory."""
    place = tmp_path_factory.mktemp("path")
    write_sample(SAMPLE, place / "photos")
    preprocess = ["spark-submit", "--driver-java-options", QUICK_JAVA, str(REPOSITORY / "jobs/preprocess.py")]
    balance = ["--target", str(TARGET), "--cutoff", str(CUTOFF)]
    steps = [
        run(*preprocess, "--input", str(place / "photos"), "--output", str(place / "dataset"), *balance),
        run(
            *("landmark", "train", "--ranks", "2", "--dataset", str(place / "dataset")),
            *("--models", str(place / "models"), "--backbone", "MobileNet", "--weights", "random"),
            *("--learning-rate", "0.001"),
            *("--image-size", "32", "--epochs", "1", "--trainable-layers", "0", "--batch-size", "16"),
            "--cache-features",
        ),
        run(
            *("python", str(REPOSITORY / "jobs/evaluate.py"), "--dataset", str(place / "dataset")),
            *("--models", str(place / "models")),
        ),
    ]
    for done in steps:
        assert done.returncode == 0, done.stdout + done.stderr
    (place / "counts.txt").write_text(steps[0].stdout)
    (place / "scores.txt").write_text(steps[2].stdout)
    (place / "ranks.txt").write_text(steps[1].stderr)
    return place


def rows(place: Path, directory: str):
    return [
        row
        for path in sorted((place / directory).glob("*.parquet"))
        for row in pq.read_table(path).to_pylist()
    ]


def test_every_photo_is_in_the_corpus_or_rejected_with_the_right_reason(place):
    odd = odd_photos(SAMPLE.labels, SAMPLE.photos, SAMPLE.seed)
    unreadable = {image: REASONS[oddity] for image, oddity in odd.items() if not oddity.is_readable}
    assert len(unreadable) >= 3
    rejected = {Path(row["image_id"]).stem: row["reason"] for row in rows(place / "dataset", "rejected")}
    assert rejected == unreadable

    listed = labels_without_pixels(SAMPLE.labels, SAMPLE.photos, SAMPLE.seed)
    expected = {(image, landmark) for image, landmark in listed if image not in unreadable}
    corpus = rows(place / "dataset", "corpus")
    assert {(Path(row["image_id"]).stem, row["landmark_id"]) for row in corpus} == expected
    assert len(corpus) + len(rejected) == SAMPLE.photos


def test_no_held_out_image_is_trained_on(place):
    held_out = {row["image_id"] for row in rows(place / "dataset", "validation")}
    trained = {row["image_id"] for row in rows(place / "dataset", "train/*")}
    assert held_out
    assert held_out & trained == set()


def test_every_class_of_every_member_has_between_target_and_cutoff_rows(place):
    common = rows(place / "dataset", "train/common")
    for member in range(3):
        own = rows(place / "dataset", f"train/member-{member}")
        per_class = Counter(row["class_index"] for row in [*common, *own])
        assert set(per_class) == set(range(len(dataset.read_classes(str(place / "dataset")))))
        assert min(per_class.values()) == TARGET
        assert max(per_class.values()) == CUTOFF


def test_predicting_from_a_photo_gives_the_networks_the_pixels_that_preprocessing_gave(place):
    held_out = {row["image_id"]: row["image"] for row in rows(place / "dataset", "validation")}
    photos = UsersPhotos(str(place / "photos"), PredictSettings())
    units = [photos.read(unit, lambda *_: None, CENTRE) for unit in range(len(photos.sizes))]
    groups = [group for unit in units for group in unit]
    jpegs = {name: jpeg for ids, images in groups for name, jpeg in zip(ids, images, strict=True)}
    for image_id, image in held_out.items():
        assert jpegs[image_id] == image


def test_three_members_and_their_vote_are_measured_on_the_whole_hold_out(place):
    results = json.loads((place / "models/evaluation.json").read_text())
    voters = [voter["voter"] for voter in results["voters"]]
    assert voters == ["member-0", "member-1", "member-2", "ensemble", "mean softmax"]
    assert results["photos"] == len(rows(place / "dataset", "validation"))
    for voter in results["voters"]:
        assert sum(photos for _, _, photos in voter["confusion"]) == results["photos"]
        assert 0 <= voter["gap"]["value"] <= voter["top_1"]["value"] <= voter["top_5"]["value"] <= 1


def test_the_counts_and_the_scores_are_shown(place):
    counts = (place / "counts.txt").read_text()
    assert re.search(r"percentile\s+10\s+20\s+30", counts)
    assert f"{SAMPLE.photos} photos listed" in counts
    scores = (place / "scores.txt").read_text()
    assert re.search(r"chance\s+0\.\d+", scores)
    assert re.search(r"ensemble\s+0\.\d+", scores)


def test_landmark_prints_the_line_that_starts_the_ranks(place):
    line = (place / "ranks.txt").read_text().splitlines()[0]
    assert re.search(rf"horovodrun .*-np 2 .*/jobs/train\.py --dataset {place / 'dataset'} ", line)


def test_nothing_unfinished_is_left_behind(place):
    names = [path.name for path in place.rglob("*")]
    assert [name for name in names if "partial" in name or name == "in-progress.json"] == []
