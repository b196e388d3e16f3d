"""An output is new, resumed, finished or refused; settings are never mixed in it."""

from typing import get_args

import pytest

from landmark_lib import dataset
from landmark_lib.dataset import Manifest
from landmark_lib.errors import UserError
from landmark_lib.preprocess.journal import BATCH, CLEARED
from landmark_lib.preprocess.output_directory import (
    Output,
    Standing,
    refuse_inside_input,
    resolved_settings,
)
from landmark_lib.settings import PreprocessSettings, Stage

DERIVED_FILES = ("labels/a", "plan/a", "train/common/a", "validation/a", "classes.csv", "report.html")
CORPUS_FILES = ("corpus/a", "rejected/a")


def tree(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def put(path, content="mine"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)


def output(folder, **settings):
    return Output(str(folder), resolved_settings(PreprocessSettings(**settings), "photos"))


def manifest(**settings):
    resolved = resolved_settings(PreprocessSettings(**settings), "photos")
    return Manifest(resolved, {}, {"listed": 1, "corpus": 1}, {}, {}, 1, 0, {})


def finish(folder, **settings):
    for name in (*CORPUS_FILES, *DERIVED_FILES):
        put(folder / name)
    dataset.write_manifest(str(folder), manifest(**settings))


def begin(folder, *decided, **settings):
    for name in (*CORPUS_FILES, *DERIVED_FILES):
        put(folder / name)
    begun = output(folder, **settings)
    for decides in decided:
        begun.decide(decides)
    begun.journal.write(BATCH, {"number": 0, "parts": 1, "rows": {"0": 1}})
    for stage in get_args(Stage):
        begun.journal.close(stage, {})
    begun.journal.write(CLEARED, {})


def test_settings_are_recorded_with_the_values_of_the_approach():
    settings = PreprocessSettings(output="out", approach="first", cutoff=70, until="plan", overwrite=True)
    resolved = resolved_settings(settings, "photos")
    assert (resolved["input"], resolved["min_label_count"], resolved["cutoff"]) == ("photos", 1, 70)
    assert not resolved.keys() & {"output", "until", "overwrite"}


@pytest.mark.parametrize(
    "there", [None, [], [".lock"], ["in-progress/settings.json", "corpus/a", ".x.1f.partial"]]
)
def test_what_is_empty_or_was_never_listed_whole_is_new(there, tmp_path):
    out = tmp_path / "deep" / "out"
    for name in there or []:
        put(out / name, "{}")
    if there == []:
        out.mkdir(parents=True)
    assert output(out).standing() is Standing.NEW
    output(out).clear()
    assert set(tree(tmp_path)) <= {"deep/out/.lock", "deep/out/.x.1f.partial"}


def test_a_data_set_is_under_way_from_the_list_to_the_manifest(tmp_path):
    begin(tmp_path, "corpus")
    assert output(tmp_path).standing() is Standing.UNDER_WAY
    dataset.write_manifest(str(tmp_path), manifest())
    assert output(tmp_path).standing() is Standing.UNDER_WAY
    output(tmp_path).journal.remove()
    assert output(tmp_path).standing() is Standing.FINISHED


@pytest.mark.parametrize(
    "there",
    [["notes.txt"], ["corpus/a"], ["in-progress/settings.json", "photos/a.jpg"], ["dataset.json", "a"]],
)
def test_a_directory_with_anything_else_is_refused_and_left_as_it_is(there, tmp_path):
    for name in there:
        put(tmp_path / "out" / name)
    before = tree(tmp_path)
    with pytest.raises(UserError, match=r"--output: .*out is not empty and not a data set"):
        output(tmp_path / "out").standing()
    assert tree(tmp_path) == before


@pytest.mark.parametrize("inside", ["photos", "photos/out", "photos/../photos/a/b", "link/out"])
def test_an_output_inside_the_input_is_refused(inside, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    put(tmp_path / "photos" / "x" / "a.jpg")
    (tmp_path / "link").symlink_to("photos")
    with pytest.raises(UserError, match=f"--output: {inside} lies inside the input photos"):
        refuse_inside_input(inside, "photos")


def test_an_output_that_is_a_file_is_refused(tmp_path):
    put(tmp_path / "file")
    with pytest.raises(UserError, match="--output: expected a directory, found a file"):
        output(tmp_path / "file").standing()


@pytest.mark.parametrize("make", [finish, lambda folder: begin(folder, "corpus", "plan")])
def test_the_same_settings_change_nothing(make, tmp_path):
    make(tmp_path)
    before = tree(tmp_path)
    output(tmp_path).agree(overwrite=False)
    assert tree(tmp_path) == before


@pytest.mark.parametrize("make", [finish, lambda folder: begin(folder, "corpus", "plan")])
def test_other_settings_are_refused_with_what_differs_and_nothing_is_changed(make, tmp_path):
    make(tmp_path)
    before = tree(tmp_path)
    with pytest.raises(UserError) as refused:
        output(tmp_path, seed=5, photos_per_part=9).agree(overwrite=False)
    assert str(refused.value) == (
        f"--output: {tmp_path} holds a data set made with other settings:"
        " --photos-per-part was 256, is 9 now; --seed was 0, is 5 now; --overwrite replaces it"
    )
    assert tree(tmp_path) == before


def test_settings_of_a_plan_not_begun_are_still_open(tmp_path):
    begin(tmp_path, "corpus")
    before = tree(tmp_path)
    output(tmp_path, cutoff=70).agree(overwrite=False)
    assert tree(tmp_path) == before


def test_how_photos_are_fetched_is_open_to_change(tmp_path):
    finish(tmp_path)
    output(tmp_path, timeout=5, user_agent="me").agree(overwrite=False)


def test_a_setting_younger_than_the_data_set_differs_only_from_its_default(tmp_path):
    finish(tmp_path)
    made = dataset.read_manifest(str(tmp_path))
    del made.settings["max_megapixels"]
    dataset.write_manifest(str(tmp_path), made)
    output(tmp_path).agree(overwrite=False)
    with pytest.raises(UserError, match="--max-megapixels was 200, is 5 now"):
        output(tmp_path, max_megapixels=5).agree(overwrite=False)


@pytest.mark.parametrize("make", [finish, lambda folder: begin(folder, "corpus", "plan")])
def test_overwriting_other_settings_of_the_corpus_removes_everything(make, tmp_path):
    make(tmp_path)
    output(tmp_path, photos_per_part=9).agree(overwrite=True)
    assert tree(tmp_path) == {}


@pytest.mark.parametrize("make", [finish, lambda folder: begin(folder, "corpus", "plan")])
def test_overwriting_other_settings_of_the_plan_keeps_the_corpus(make, tmp_path):
    make(tmp_path)
    again = output(tmp_path, cutoff=70)
    again.agree(overwrite=True)
    assert again.standing() is Standing.UNDER_WAY
    again.clear_derived()
    left = {name for name in tree(tmp_path) if not name.startswith("in-progress/")}
    assert left == set(CORPUS_FILES)
    again.agree(overwrite=False)


def test_overwriting_a_finished_data_set_of_the_same_settings_starts_again(tmp_path):
    finish(tmp_path)
    output(tmp_path).agree(overwrite=True)
    assert tree(tmp_path) == {}


def test_overwriting_resumes_a_run_that_is_under_way(tmp_path):
    begin(tmp_path, "corpus", "plan")
    before = tree(tmp_path)
    output(tmp_path).agree(overwrite=True)
    assert tree(tmp_path) == before


def test_what_killed_writers_left_is_swept_out(tmp_path):
    for name in ("corpus/.shard-1.parquet.1f.partial", "corpus/shard-1.parquet", ".dataset.json.2e.partial"):
        put(tmp_path / name)
    output(tmp_path).sweep()
    assert set(tree(tmp_path)) == {"corpus/shard-1.parquet"}
