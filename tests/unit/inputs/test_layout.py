"""Folders that hardly are labels are warned of, with what to name instead."""

import pytest
from trees import put

from landmark_lib.inputs.layout import ENTRIES_CHECKED, look_into
from landmark_lib.inputs.source import find_source
from landmark_lib.settings import SourceSettings
from landmark_lib.storage import Place

INSTEAD = " if those are the labels, pass the folder above them: --input I"


@pytest.fixture
def warnings_of(tmp_path, capsys):
    def make(*paths, **settings):
        for path in paths:
            put(tmp_path / path)
        find_source(SourceSettings(str(tmp_path), **settings))
        return capsys.readouterr().err.replace(str(tmp_path), "I").splitlines()

    return make


@pytest.mark.parametrize(
    "paths",
    [
        ["x/1.jpg"],
        ["x/1.jpg", "y/1.jpg"],
        ["x/1.jpg", "y/deeper/1.jpg"],
        ["x/1.jpg", "x/deeper/1.jpg"],
        ["train/1.jpg", "bus/1.jpg"],
        ["x/1.jpg", "readme.txt"],
        ["x/1.jpg", ".ipynb_checkpoints/x/1.jpg"],
    ],
)
def test_ordinary_folders_are_not_warned_of(warnings_of, paths):
    assert warnings_of(*paths) == []


def test_a_tree_one_level_too_deep_is_warned_of(warnings_of):
    assert warnings_of("photos/x/1.jpg", "photos/y/2.jpg", ".DS_Store") == [
        "warning: --input: photos is the only label in I and contains only folders;" + INSTEAD + "/photos"
    ]


def test_labels_that_hold_nothing_but_folders_are_warned_of(warnings_of):
    assert warnings_of("europe/paris/1.jpg", "asia/tokyo/1.jpg") == [
        f"warning: --input: the labels in I contain only folders, such as asia/tokyo;{INSTEAD}/asia"
    ]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["train", "val", "test"], "test, train, val"),
        (["Train", "Validation", "x"], "Train, Validation"),
        (["training", "testing"], "testing, training"),
        (["train"], "train"),
    ],
)
def test_a_tree_that_is_split_is_warned_of(warnings_of, names, message):
    first = message.partition(",")[0]
    (warning,) = warnings_of(*(f"{name}/x/1.jpg" for name in names))
    assert warning == (
        f"warning: --input: {message} in I look like splits of the data, but are read as labels;"
        f" if they are splits, pass one of them: --input I/{first}"
    )


def test_without_labels_folders_are_not_warned_of(warnings_of):
    assert warnings_of("train/x/1.jpg", "val/x/1.jpg", unlabelled=True) == []


@pytest.mark.parametrize(("tars", "images", "kind"), [(2, 1, "tars"), (1, 2, "images")])
def test_a_folder_of_tars_and_images_is_what_most_are_and_says_so(warnings_of, tars, images, kind):
    paths = [f"{i}.tar" for i in range(tars)] + [f"{i}.jpg" for i in range(images)]
    assert warnings_of(*paths, unlabelled=True) == [
        f"warning: --input: I contains tars beside images or folders; only its {kind} are read"
    ]


def test_a_look_is_whole_only_if_nothing_is_left(tmp_path):
    for number in range(ENTRIES_CHECKED):
        (tmp_path / f"{number}.jpg").touch()
    assert not look_into(Place(str(tmp_path))).is_whole
    (tmp_path / "0.jpg").unlink()
    look = look_into(Place(str(tmp_path)))
    assert (look.is_whole, len(look.entries), look.folders) == (True, ENTRIES_CHECKED - 1, [])
