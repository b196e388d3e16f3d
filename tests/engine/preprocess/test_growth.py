"""A finished data set follows its source; its stages can be run one by one; a dry run writes nothing."""

import shutil
from pathlib import Path

import pytest
from small_corpus import MadeDataset, draw_photo

from landmark_lib.preprocess.lock import locked

FEW = ("--min-label-count", "2", "--target", "4", "--ensemble-size", "2", "--cutoff", "5")
SHARDS = ("train/*/*", "validation/*", "labels/*", "classes.csv")


def write_photos(folder):
    """Fill a folder with two labels, four photos each, and one empty file."""
    for number in range(8):
        file = folder / f"place {number % 2}" / f"{number}.jpg"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(draw_photo(number))
    (folder / "place 0" / "empty.jpg").write_bytes(b"")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return the folder in which each test finds the same photos."""
    return tmp_path_factory.mktemp("growth") / "photos"


@pytest.fixture(scope="module")
def at_once(job, folder, tmp_path_factory):
    """Make the data set of these photos in one run."""
    write_photos(folder)
    out = tmp_path_factory.mktemp("at once") / "out"
    ended = job("--input", folder, "--output", out, *FEW)
    assert ended.returncode == 0, ended.stderr
    return MadeDataset(out)


@pytest.fixture
def photos(folder):
    """Write the photos again: a test may have changed them."""
    shutil.rmtree(folder, ignore_errors=True)
    write_photos(folder)
    return folder


@pytest.fixture
def before(at_once, tmp_path):
    """Return a copy of the data set, where the job of a test finds it finished."""
    return MadeDataset(Path(shutil.copytree(at_once.root, tmp_path / "out")))


@pytest.fixture
def preprocess(job, photos, tmp_path):
    """Return a function that runs the job on these photos."""

    def run(*more, out=tmp_path / "out", status=0):
        ended = job("--input", photos, "--output", out, *FEW, *more)
        assert ended.returncode == status, ended.stderr
        return ended, MadeDataset(out)

    return run


def test_only_new_photos_are_resized_and_shards_are_those_of_all_photos_together(
    before, preprocess, photos, tmp_path
):
    resized = before.contents("corpus/*")
    for number in range(8, 14):
        file = photos / ("place 1" if number < 10 else "place 2") / f"{number}.jpg"
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(draw_photo(number))
    (photos / "place 0" / "page.jpg").write_text("<html>")
    ended, grown = preprocess()
    assert "7 photos to add" in ended.stderr
    assert resized.items() <= grown.contents("corpus/*").items()
    assert len(grown.rows("corpus")) == grown.manifest.photos["corpus"] == 14
    assert grown.manifest.rejected == {"empty file": 1, "not an image": 1}
    _, together = preprocess(out=tmp_path / "together")
    assert grown.contents(*SHARDS) == together.contents(*SHARDS)
    listed = {record.path for record in grown.manifest.files}
    assert set(grown.contents("**/*")) == {*listed, "dataset.json", "classes.csv", "report.html"}
    assert "nothing was changed" in preprocess()[0].stderr


def test_rejected_photos_are_tried_again_when_asked_for(before, preprocess, photos):
    (photos / "place 0" / "empty.jpg").write_bytes(draw_photo(20))
    ended, kept = preprocess()
    assert "nothing was changed" in ended.stderr
    assert kept.manifest.rejected == {"empty file": 1}
    _, tried = preprocess("--retry-rejected")
    assert (tried.manifest.rejected, tried.manifest.photos["corpus"]) == ({}, 9)
    assert tried.manifest.photos["listed"] == 9
    assert "nothing was changed" in preprocess("--retry-rejected")[0].stderr


def test_photos_that_are_gone_from_the_source_stay_in_the_corpus(before, preprocess, photos):
    rows = before.rows("corpus")
    (photos / "place 0" / "0.jpg").unlink()
    ended, after = preprocess()
    assert "1 photos of the data set are no longer in its source; they stay" in ended.stderr
    assert after.rows("corpus") == rows


def test_a_finished_data_set_outlives_its_source(before, preprocess, photos):
    shutil.rmtree(photos)
    ended, _ = preprocess()
    assert "nothing was changed" in ended.stderr
    assert "no such folder or file" in ended.stderr


def test_a_label_changed_in_the_source_is_refused(job, photos, tmp_path):
    source, out = tmp_path / "list.csv", tmp_path / "out"
    rows = [f"{number},{photos}/place {number % 2}/{number}.jpg,place {number % 2}" for number in range(8)]
    source.write_text("\n".join(["id,url,landmark_id", *rows]))
    assert job("--input", source, "--output", out, *FEW).returncode == 0
    source.write_text("\n".join(["id,url,landmark_id", *rows[:-1], f"7,{photos}/place 1/7.jpg,place 0"]))
    ended = job("--input", source, "--output", out, *FEW)
    assert ended.returncode == 2
    assert (
        "1 photos of the corpus now have another label; the first is 7, which was place 1 and is now place 0"
        in ended.stderr
    )


def test_stages_run_one_by_one_give_the_data_set_of_one_run(at_once, preprocess):
    for stage, told in (
        ("list", "9 photos listed"),
        ("corpus", "9 photos listed, 8 in the corpus"),
        ("labels", "Table 1. Images per label (2 labels)"),
        ("plan", "  4 images: validation"),
    ):
        ended, part = preprocess("--until", stage)
        assert told in ended.stdout.splitlines()
        assert f"Stopped after {stage}" in ended.stderr
        assert not (part.root / "dataset.json").exists()
    _, one_by_one = preprocess()
    every = ("corpus/*", "plan/*", *SHARDS, "dataset.json")
    assert one_by_one.contents(*every) == at_once.contents(*every)


def test_cutoffs_are_chosen_after_a_look_at_the_label_counts(preprocess):
    _, looked = preprocess("--until", "labels")
    corpus = looked.contents("corpus/*")
    _, chosen = preprocess("--target", "5")
    assert chosen.manifest.settings["target"] == 5
    assert chosen.contents("corpus/*") == corpus


def test_a_changed_plan_is_refused_and_overwritten_when_asked_for_with_the_corpus_kept(
    before, preprocess, tmp_path
):
    inodes = {path.name: path.stat().st_ino for path in (before.root / "corpus").iterdir()}
    refused, _ = preprocess("--target", "5", status=2)
    assert "--target was 4, is 5 now; --overwrite replaces it" in refused.stderr
    _, after = preprocess("--target", "5", "--overwrite")
    assert {path.name: path.stat().st_ino for path in (after.root / "corpus").iterdir()} == inodes
    _, fresh = preprocess("--target", "5", out=tmp_path / "fresh")
    assert after.contents(*SHARDS) == fresh.contents(*SHARDS)


def test_a_dry_run_prints_what_the_run_then_makes_and_writes_nothing(preprocess, photos):
    (photos / "place 0" / "empty.jpg").unlink()
    dry, out = preprocess("--dry-run")
    assert not out.root.exists()
    _, made = preprocess()
    common, validation = made.manifest.rows_in("train/common"), made.manifest.rows_in("validation")
    for line in (
        "Table 1. Images per label (2 labels)",
        "2 classes (labels with at least 2 images)",
        f"  {made.manifest.roles['train']:,} images: train",
        f"  {made.manifest.roles['validation']:,} images: validation",
        f"  member 1: {common:,} training rows (0 not shared by all members)",
        f"  validation: {validation:,} rows",
    ):
        assert line in dry.stdout.splitlines()
    again, _ = preprocess("--dry-run", "--target", "5")
    assert again.stdout.startswith(f"For the corpus in {made.root}")


def test_a_dry_run_of_other_photos_plans_them_and_not_the_corpus_in_the_output(before, job, photos, tmp_path):
    contents, other = before.contents("**/*"), tmp_path / "other photos"
    shutil.copytree(photos / "place 0", other / "only place")
    dry = job("--input", other, "--output", before.root, *FEW, "--dry-run")
    assert dry.stdout.startswith(f"For {other}, if every photo that it lists can be read")
    assert "Table 1. Images per label (1 labels)" in dry.stdout
    assert f"--input was {photos}, is {other} now; this is the plan of another data set" in dry.stderr
    assert before.contents("**/*") == contents


def test_a_second_job_on_the_same_output_is_refused(preprocess, tmp_path):
    with locked(str(tmp_path / "out")):
        refused, _ = preprocess(status=2)
    assert "another job is writing to" in refused.stderr


def test_photos_without_labels_become_a_corpus_and_nothing_else(preprocess, photos, tmp_path):
    ended, made = preprocess("--unlabelled")
    assert {row["landmark_id"] for row in made.rows("corpus")} == {None}
    assert made.manifest.photos == {"listed": 9, "corpus": 8, "enlarged": 8}
    assert {path.name for path in made.root.iterdir()} == {
        "corpus",
        "rejected",
        "dataset.json",
        "report.html",
    }
    assert "9 photos listed: 8 in the corpus, 1 rejected" in ended.stdout
    assert ended.stdout.endswith(f"Predict it: python jobs/predict.py --dataset {made.root}\n")


def test_a_list_that_does_not_fit_its_files_is_reported_and_ends_with_1(job, photos, tmp_path):
    labels = tmp_path / "labels.csv"
    rows = [f"{number},,place {number % 2}" for number in range(8)]
    labels.write_text("\n".join(["id,url,landmark_id", *rows, "9,,place 1"]))
    source = ("--input", photos, "--labels", labels, "--output", tmp_path / "out", "--verify")
    wrong = job(*source)
    assert wrong.returncode == 1
    assert {"1 x missing file", "something is wrong"} < set(wrong.stdout.splitlines())
    assert wrong.stderr.endswith("do not match; see above\n")
    (photos / "place 1" / "9.jpg").write_bytes(draw_photo(9))
    (photos / "place 0" / "empty.jpg").unlink()
    fits = job(*source)
    assert (fits.returncode, fits.stderr) == (0, ""), fits.stdout
    assert not (tmp_path / "out").exists()
