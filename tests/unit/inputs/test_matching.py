"""Ids and files with different spellings are matched if that is certain, otherwise reported."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landmark_lib.inputs.matching import Pair, is_much, log_pairs, mismatch, pair

IDS = ["0001", "0002", "b"]
NFD = unicodedata.normalize("NFD", "Café")


def meant(image_ids, paths):
    return {found.image_id: found.path for found in pair(image_ids, paths)}


@pytest.mark.parametrize(
    "path_of",
    [
        lambda name: f"{name}.jpg",
        lambda name: f"x/{name}.JPG",
        lambda name: f"{name}/{name}.png",
        lambda name: name,
    ],
)
@pytest.mark.parametrize("id_of", [lambda name: name, lambda name: f"{name}.jpg", lambda name: f"{name}.PNG"])
def test_endings_of_ids_and_of_files_do_not_matter(id_of, path_of):
    paths = {id_of(name): path_of(name) for name in IDS}
    assert meant(list(paths), list(paths.values())) == paths


def test_ids_may_be_paths_with_or_without_ending():
    for ending in ("", ".jpg"):
        paths = {f"x/a{ending}": "x/a.jpg", f"y/a{ending}": "y/a.jpg"}
        assert meant(list(paths), list(paths.values())) == paths


@pytest.mark.parametrize(
    ("image_id", "path"),
    [("Café", f"{NFD}.jpg"), (NFD, "Café.jpg"), (f"x/{NFD}", "x/Café.jpg")],
)
def test_accents_may_be_composed_or_not(image_id, path):
    assert meant([image_id, "b"], [path, "c.jpg"]) == {image_id: path}


def test_what_could_be_two_is_neither():
    assert meant(["a"], ["x/a.jpg", "y/a.jpg"]) == {}
    assert meant(["a.jpg", "a.png"], ["x/a.gif"]) == {}
    assert meant(["Café.jpg"], [f"y/{NFD}.jpg", f"x/{NFD}.jpg"]) == {}


def test_an_exact_way_counts_before_a_loose_one():
    assert meant(["a.png", "a"], ["a.png", "a.gif"])["a.png"] == "a.png"
    assert meant(["x/a"], ["x/a.jpg", "a.jpg"]) == {"x/a": "x/a.jpg"}


@pytest.mark.parametrize(("image_id", "path"), [("x/a", "y/a.jpg"), ("A", "a.jpg"), ("1", "0001.jpg")])
def test_ambiguous_names_are_not_matched_but_reported(image_id, path):
    assert pair([image_id], [path]) == []
    told = mismatch([image_id], [path], 1).describe("I/images")
    assert f"1 of 1 ids match nothing in I/images: these ids look like '{image_id}'" in told
    assert f"names there look like '{path}'" in told
    assert ", 1 would match" in told


def test_a_mismatch_shows_photos_before_other_files_and_says_what_would_help():
    ids, paths = {f"img/{i}" for i in range(9)}, ["a list.csv", *(f"{i}.jpg" for i in range(7))]
    assert mismatch(ids, paths, 20).describe("x") == (
        "9 of 20 ids match nothing in x: these ids look like 'img/0', 'img/1', 'img/2';"
        " names there look like '0.jpg', '1.jpg', '2.jpg'; without folders, 7 would match"
    )


def test_matches_are_reported_in_one_line_per_rule(capsys):
    log_pairs([Pair("b.jpg", "b.jpg", 1), Pair("a.jpg", "a.jpg", 1), Pair("x/c", "x/c.jpg", 3)], "labels.csv")
    assert capsys.readouterr().err.splitlines() == [
        "warning: 2 ids of labels.csv matched by name with ending, such as 'a.jpg' with 'a.jpg'",
        "warning: 1 ids of labels.csv matched by path without ending, such as 'x/c' with 'x/c.jpg'",
    ]


def test_half_of_a_list_may_be_missing():
    assert not is_much(5, 10)
    assert is_much(6, 10)


PATHS = st.text("ab./é\u0301", min_size=1, max_size=5)


@given(st.sets(PATHS, max_size=8), st.lists(PATHS, max_size=8))
def test_pairs_are_one_to_one_whatever_the_order(image_ids, paths):
    pairs = pair(image_ids, paths)
    assert len({found.image_id for found in pairs}) == len({found.path for found in pairs}) == len(pairs)
    assert sorted(pairs) == sorted(pair(sorted(image_ids), sorted(paths)))
