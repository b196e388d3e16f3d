"""The job from its command line: what it makes, says and refuses."""

import os

import pytest
from small_corpus import LABEL_COUNTS, SETTINGS, MadeDataset, draw_photo

from landmark_lib import dataset

FEW = ("--min-label-count", "2", "--target", "4", "--ensemble-size", "1", "--photos-per-part", "6")


@pytest.fixture(scope="module")
def few_photos(tmp_path_factory):
    """Return a folder with odd names: two labels, four photos each, and three files that are no photos."""
    folder = tmp_path_factory.mktemp("pipeline") / "photos #1 {a} 50%"
    for number in range(8):
        file = folder / f"Plaça [{number % 2}]" / "deep" / f"{number} ?.jpg"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(draw_photo(number))
    (folder / "Plaça [0]" / os.fsdecode(b"\xff.jpg")).write_bytes(draw_photo(9))
    (folder / "Plaça [0]" / "empty.jpg").write_bytes(b"")
    (folder / "readme.txt").write_text("about")
    return folder


@pytest.fixture(scope="module")
def left_unfinished(job, few_photos):
    """Let a run end before its shards; return its output and the names of the files in it."""
    out = few_photos.with_name("out #1 {b} [c]?")
    assert job("--input", few_photos, "--output", out, *FEW, "--until", "plan").returncode == 0
    return out, set(MadeDataset(out).contents("**/*"))


@pytest.fixture(scope="module")
def gone_on_with(job, few_photos, left_unfinished):
    """Return the data set that a second run made where the first one ended."""
    out, _ = left_unfinished
    run = job("--input", few_photos, "--output", out, *FEW)
    assert (run.returncode, run.stderr) == (0, "")
    return MadeDataset(out)


def test_a_run_that_ends_half_way_leaves_no_manifest(left_unfinished):
    _, files = left_unfinished
    assert "dataset.json" not in files
    assert "in-progress/batch.json" in files
    assert any(name.startswith("plan/") for name in files)


def test_a_resumed_run_leaves_only_the_data_set(gone_on_with):
    listed = {record.path for record in gone_on_with.manifest.files}
    assert set(gone_on_with.contents("**/*")) == {*listed, "dataset.json", "classes.csv", "report.html"}


def test_names_of_every_kind_come_through_from_the_folder_to_the_shards(gone_on_with):
    ids = {f"Plaça [{number % 2}]/deep/{number} ?.jpg" for number in range(8)}
    assert {row["image_id"] for row in gone_on_with.rows("corpus")} == ids
    trained = {row["image_id"] for row in gone_on_with.training_rows(0)}
    held_out = {row["image_id"] for row in gone_on_with.rows("validation")}
    assert (trained | held_out, len(held_out)) == (ids, 4)
    assert [c.landmark_id for c in gone_on_with.classes] == ["Plaça [0]", "Plaça [1]"]
    assert gone_on_with.manifest.rejected == {"empty file": 1, "no label": 1, "unreadable file": 1}


def test_a_member_whose_rows_are_all_common_has_an_empty_shard_of_its_own(gone_on_with):
    (shard,) = gone_on_with.manifest.files_in("train/member-0")
    assert shard.rows == 0
    assert dataset.read_table(str(gone_on_with.root), shard.path).schema.equals(dataset.TRAIN_SCHEMA)


def test_a_finished_data_set_is_described_and_left_unchanged(job, few_photos, gone_on_with):
    before = gone_on_with.contents("**/*")
    run = job("--input", few_photos, "--output", gone_on_with.root, *FEW)
    assert run.returncode == 0
    assert run.stderr == f"{gone_on_with.root} already holds this data set; nothing was changed\n"
    assert gone_on_with.contents("**/*") == before


def test_a_finished_data_set_of_other_settings_is_refused_with_what_differs(job, few_photos, gone_on_with):
    before = gone_on_with.contents("**/*")
    out = gone_on_with.root
    run = job("--input", few_photos, "--output", out, *FEW, "--seed", 5, "--hold-out", 1)
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr == (
        f"error: --output: {out} holds a data set made with other settings:"
        " --hold-out was 2, is 1 now; --seed was 0, is 5 now; --overwrite replaces it\n"
    )
    assert gone_on_with.contents("**/*") == before


def test_a_missing_input_is_reported_in_one_line_and_nothing_is_written(job, tmp_path):
    run = job("--input", tmp_path / "nowhere", "--output", tmp_path / "out")
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr == f"error: --input: no such folder or file: {tmp_path}/nowhere\n"
    assert not (tmp_path / "out").exists()


def test_no_readable_photo_is_reported_in_one_line_with_the_reasons(job, tmp_path):
    for number in range(3):
        file = tmp_path / "photos" / "x" / f"{number}.jpg"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"" if number else b"text")
    run = job("--input", tmp_path / "photos", "--output", tmp_path / "out", "--approach", "first")
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr == (
        f"error: --input: all 3 files in {tmp_path}/photos were rejected: 2 empty file, 1 not an image\n"
    )
    assert not (tmp_path / "out" / "dataset.json").exists()


def test_no_label_large_enough_is_reported_in_one_line_with_the_largest(job, few_photos, tmp_path):
    run = job("--input", few_photos, "--output", tmp_path / "out", "--min-label-count", 5)
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr == "error: --min-label-count: no label has 5 photos, the largest has 4\n"
    assert not (tmp_path / "out" / "dataset.json").exists()


def test_a_run_sums_up_what_it_made(job, csv_corpus, made):
    run = job("--input", csv_corpus.source, "--output", made.root, "--photos-per-part", 60, *SETTINGS)
    assert run.returncode == 0
    listed = sum(LABEL_COUNTS.values()) + len(csv_corpus.bad)
    for line in (
        f"{listed} photos listed: 120 in the corpus, {len(csv_corpus.bad)} rejected",
        "  2 missing file",
        "Table 1. Images per label (10 labels)",
        "  percentile      10     20     30     40     50     60     70     80     90",
        "9 classes (labels with at least 2 images)",
        "  1 of them too small for the whole hold-out",
        "  member 2: 92 training rows (24 not shared by all members)",
        "  validation: 17 rows",
        "  1 label with fewer than 2 images dropped: 1 photo (--min-label-count 1 keeps every label)",
        f"Data set: {made.root}",
        f"Report: {made.root}/report.html",
        f"Train on it: horovodrun -np 2 python jobs/train.py --dataset '{made.root}'",
    ):
        assert line in run.stdout.splitlines()
