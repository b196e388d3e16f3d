"""Near-duplicates in the corpus are found, listed in groups and kept on one side of the split."""

import io
from collections import defaultdict
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image
from small_corpus import MadeDataset

from landmark_lib import dataset
from landmark_lib.preprocess import duplicates
from landmark_lib.preprocess.journal import Journal

LABELS, PHOTOS_PER_LABEL = 3, 6
FEW = ("--min-label-count", 2, "--target", 4, "--ensemble-size", 1, "--hold-out", 2, "--photos-per-part", 5)
SAME_BYTES = (
    "corpus/*",
    "near_duplicates/*",
    "plan/*",
    "train/*/*",
    "validation/*",
    "classes.csv",
    "dataset.json",
)


def draw_detailed(number):
    """Draw a photo with as much detail as the hashes see."""
    fields = np.random.default_rng(number).integers(0, 256, (12, 12, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(fields).resize((240, 240)).save(buffer, "JPEG")
    return buffer.getvalue()


def again(photo, quality=40):
    """Encode a photo again, smaller and without its colours."""
    buffer = io.BytesIO()
    image = Image.open(io.BytesIO(photo)).convert("L")
    image.resize((image.width // 2, image.height // 2)).save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Return a folder of 3 labels, each with 6 photos and a copy of each; one photo has another label too."""
    folder = tmp_path_factory.mktemp("photos")
    for number in range(LABELS * PHOTOS_PER_LABEL):
        label = folder / f"place {number % LABELS}"
        label.mkdir(exist_ok=True)
        photo = draw_detailed(number)
        (label / f"{number}.jpg").write_bytes(photo)
        (label / f"{number} copy.jpg").write_bytes(again(photo))
    (folder / "place 1" / "wrong.jpg").write_bytes(again(draw_detailed(0), 70))
    return folder


@pytest.fixture(scope="module")
def separated(job, photos):
    out = photos.with_name("separated")
    run = job("--input", photos, "--output", out, *FEW)
    assert run.returncode == 0, run.stderr
    return MadeDataset(out), run.stdout


@pytest.fixture(scope="module")
def kept(job, photos):
    out = photos.with_name("kept")
    run = job("--input", photos, "--output", out, *FEW, "--near-duplicates", "keep")
    assert run.returncode == 0, run.stderr
    return MadeDataset(out)


def groups_of(made):
    groups = defaultdict(set)
    for row in made.rows("near_duplicates"):
        groups[row["group"]].add(row["image_id"])
    return groups


def test_copies_are_listed_with_their_photos_and_contradictory_labels_with_their_number(separated):
    made, told = separated
    pairs = {f"place {n % LABELS}/{n} copy.jpg": {f"place {n % LABELS}/{n}.jpg"} for n in range(18)}
    expected = {copy: {copy, *photo} for copy, photo in pairs.items()}
    expected["place 0/0 copy.jpg"].add("place 1/wrong.jpg")
    assert groups_of(made) == expected
    labels = {row["group"]: row["labels"] for row in made.rows("near_duplicates")}
    assert labels == {group: 1 + (group == "place 0/0 copy.jpg") for group in expected}
    counts = {"photos": 37, "groups": 18, "contradictory_photos": 3, "contradictory_groups": 1}
    found = dict(made.manifest.near_duplicates)
    assert found.pop("replaced") > 0
    assert found == counts
    assert "37 photos in 18 groups of near-duplicates, 1 of them with contradictory labels;" in told


def test_no_group_is_on_both_sides_of_the_split_and_classes_csv_counts_what_is_left(separated, kept):
    for made, spans in ((separated[0], False), (kept, True)):
        held_out = {row["image_id"] for row in made.rows("validation")}
        sides = [{image_id in held_out for image_id in group} for group in groups_of(separated[0]).values()]
        assert any(len(side) > 1 for side in sides) == spans
        assert len(held_out) == 2 * LABELS
        assert [row.training_images for row in made.classes] == [10, 11, 10]


def test_without_looking_for_them_a_data_set_is_that_of_earlier_releases(kept):
    assert "near_duplicates" not in (kept.root / "dataset.json").read_text()
    assert not (kept.root / "near_duplicates").exists()
    assert set(kept.rows("corpus")[0]) == {*dataset.CORPUS_SCHEMA.names} - {"perceptual_hash"}


def test_a_data_set_that_exists_keeps_its_choice_and_refuses_another(job, photos, kept, separated):
    for made, other in ((kept, "separate"), (separated[0], "keep")):
        source = ("--input", photos, "--output", made.root, *FEW)
        run = job(*source)
        assert (run.returncode, "nothing was changed" in run.stderr) == (0, True), run.stderr
        refused = job(*source, "--near-duplicates", other)
        assert refused.returncode == 2
        assert f"is {other} now; --overwrite replaces it" in refused.stderr


def test_a_run_stopped_after_the_stage_resumes_to_the_same_bytes(job, photos, separated, tmp_path):
    source = ("--input", photos, "--output", tmp_path / "out", *FEW)
    stopped = job(*source, "--until", "duplicates")
    assert "37 photos in 18 groups" in stopped.stdout
    dry = job(*source, "--dry-run")
    assert "  6 images: validation" in dry.stdout.splitlines()
    assert job(*source).returncode == 0
    assert MadeDataset(tmp_path / "out").contents(*SAME_BYTES) == separated[0].contents(*SAME_BYTES)


def hashed(spark, hashes):
    rows = [(f"{number:05}", f"{number % 7}", int(h)) for number, h in enumerate(hashes.view(np.int64))]
    return spark.createDataFrame(rows, "image_id string, landmark_id string, hash bigint")


def test_groups_are_whole_though_many_tasks_find_and_write_them(spark, monkeypatch, tmp_path):
    random = np.random.default_rng(0)
    hashes = random.integers(0, 2**64, 300, dtype=np.uint64)
    chain = hashes[:100] ^ np.uint64(0b111111 << 30)  # six bits away from the first hundred
    hashes = np.concatenate([hashes, chain, chain[:50] ^ np.uint64(0b11 << 60), hashes[:20]])
    monkeypatch.setattr(duplicates, "HASHES_COMPARED_BY_TASK", 60)
    monkeypatch.setattr(duplicates, "IMAGES_PER_FILE", 120)
    parts = duplicates.write_near_duplicates(hashed(spark, hashes), len(hashes), Journal(str(tmp_path)))
    rows = pa.concat_tables(
        dataset.read_table(str(tmp_path), record.path) for part in parts.values() for record in part.records
    ).to_pylist()
    places = [*range(100), *range(300, 470)]
    assert sorted(row["image_id"] for row in rows) == [f"{place:05}" for place in places]
    first = [*range(300), *range(100), *range(50), *range(20)]
    assert all(row["group"] == f"{first[int(row['image_id'])]:05}" for row in rows)
    assert duplicates.count_all(parts)["groups"] == 100


def test_a_part_that_is_not_noted_is_written_again_alone(spark, monkeypatch, tmp_path):
    monkeypatch.setattr(duplicates, "IMAGES_PER_FILE", 20)
    twice = np.repeat(np.random.default_rng(0).integers(0, 2**64, 20, dtype=np.uint64), 2)
    photos, journal, folder = hashed(spark, twice), Journal(str(tmp_path)), tmp_path / "near_duplicates"
    parts = duplicates.write_near_duplicates(photos, 40, journal)
    before = {path.name: path.stat().st_ino for path in folder.iterdir()}
    (tmp_path / "in-progress" / "done" / "duplicates" / "0.json").unlink()
    assert duplicates.write_near_duplicates(photos, 40, journal) == parts
    written = {path.name for path in folder.iterdir() if path.stat().st_ino != before[path.name]}
    assert written == {Path(record.path).name for record in parts[0].records}
