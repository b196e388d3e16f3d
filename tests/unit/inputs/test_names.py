"""The name of a file says whether it is an image, what its id is, and whether a tool left it."""

import pytest

from landmark_lib.inputs.names import (
    has_image_ending,
    image_id_of,
    is_litter,
    printable,
    without_image_ending,
)


@pytest.mark.parametrize(
    ("path", "image_id"),
    [
        ("a.jpg", "a"),
        ("0/1/2/a.JPEG", "a"),
        ("a.b.webp", "a.b"),
        ("a.jpg.jpg", "a.jpg"),
        ("a.txt", "a.txt"),
        ("a", "a"),
        ("x.jpg/a", "a"),
        (".jpg", ".jpg"),
        ("x/.jpg", ".jpg"),
        ("a.", "a."),
        ("a b #1%20?.png", "a b #1%20?"),
        ("café.jpg", "café"),
        ("cafe\u0301.jpg", "cafe\u0301"),
    ],
)
def test_an_id_is_the_name_without_folders_and_the_ending_of_an_image(path, image_id):
    assert image_id_of(path) == image_id
    folder, slash, name = path.rpartition("/")
    assert without_image_ending(path) == folder + slash + image_id
    assert has_image_ending(path) == (name not in {"a", "a.", "a.txt"})


@pytest.mark.parametrize(
    "name",
    [
        *(".DS_Store", "._a.jpg", ".ipynb_checkpoints", ".git", ".hidden.jpg", ".Spotlight-V100", ".Trashes"),
        *("__MACOSX", "@eaDir", "#recycle", "Thumbs.db", "thumbs.DB", "desktop.ini", "$RECYCLE.BIN"),
        *("System Volume Information", "lost+found", "Icon\r", "__pycache__", "photos_$folder$"),
        "a.jpg:Zone.Identifier",
    ],
)
def test_hidden_names_and_those_of_tools_are_litter(name):
    assert is_litter(name)


@pytest.mark.parametrize("name", ["a.jpg", "_a", "thumbs", "git", "..", ".", "MACOSX", "eaDir", "a.db", "~a"])
def test_other_names_are_not(name):
    assert not is_litter(name)


def test_bytes_that_are_not_utf_8_are_escaped():
    assert printable(b"caf\xe9.jpg".decode("utf-8", "surrogateescape")) == "caf\\udce9.jpg"
    assert printable("塔") == "塔"
