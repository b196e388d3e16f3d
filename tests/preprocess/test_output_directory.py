"""Only an output that is new, empty or unfinished is written to."""

import pytest

from landmark_lib import dataset
from landmark_lib.errors import UserError
from landmark_lib.preprocess.output_directory import OURS, mark_finished, resolved_settings, take_over
from landmark_lib.settings import PreprocessSettings


def tree(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }


def put(path, content="mine"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)


def test_settings_are_told_with_what_the_approach_fills_in():
    resolved = resolved_settings(PreprocessSettings(output="out", approach="first", cutoff=70), "photos")
    assert "output" not in resolved
    assert (resolved["input"], resolved["smallest_label_count"], resolved["cutoff"]) == ("photos", 1, 70)


@pytest.mark.parametrize("there", [None, [], ["in-progress.json"]])
def test_a_new_empty_or_unfinished_directory_is_taken_over(there, tmp_path):
    out = tmp_path / "deep" / "out"
    for name in there or []:
        put(out / name)
    if there == []:
        out.mkdir(parents=True)
    take_over(str(out), str(tmp_path / "photos"), {"seed": 0})
    assert set(tree(out)) == {"in-progress.json"}
    mark_finished(str(out))
    assert tree(out) == {}


def test_an_unfinished_directory_is_cleared_of_all_that_a_run_leaves(tmp_path):
    for name in ("in-progress.json", "corpus/a", "train/common/b", "classes.csv", ".classes.csv.1f.partial"):
        put(tmp_path / "out" / name)
    take_over(str(tmp_path / "out"), str(tmp_path / "photos"), {})
    assert set(tree(tmp_path / "out")) == {"in-progress.json"}


@pytest.mark.parametrize(
    "there", [["notes.txt"], ["corpus/a"], ["in-progress.json", "corpus/a", "photos/a.jpg"]]
)
def test_a_directory_with_anything_else_is_refused_and_left_as_it_is(there, tmp_path):
    for name in there:
        put(tmp_path / "out" / name)
    before = tree(tmp_path)
    with pytest.raises(UserError, match=r"--output: .*out is not empty and not a data set"):
        take_over(str(tmp_path / "out"), str(tmp_path / "photos"), {})
    assert tree(tmp_path) == before


@pytest.mark.parametrize("output", ["photos", "photos/out", "photos/../photos/a/b", "link/out"])
def test_an_output_inside_the_input_is_refused(output, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    put(tmp_path / "photos" / "x" / "a.jpg")
    (tmp_path / "link").symlink_to("photos")
    before = tree(tmp_path)
    with pytest.raises(UserError, match=f"--output: {output} lies inside the input photos"):
        take_over(output, "photos", {})
    assert tree(tmp_path) == before


@pytest.mark.parametrize(
    ("output", "told"),
    [
        ("file", "--output: expected a directory, found a file: file"),
        ("file/out", "--output: cannot write to file/out: "),
        ("unknown://out", "unknown://out: Protocol not known: unknown"),
    ],
)
def test_an_output_that_cannot_be_a_directory_is_refused(output, told, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    put(tmp_path / "file")
    with pytest.raises(UserError) as error:
        take_over(output, "photos", {})
    assert str(error.value).startswith(told)


def test_no_run_leaves_names_that_the_next_one_would_refuse(made):
    assert {path.name for path in made.root.iterdir()} <= OURS | {dataset.MANIFEST}
