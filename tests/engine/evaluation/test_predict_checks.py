"""Wrong options of a prediction are reported before TensorFlow starts."""

import csv
import sys

import pytest
from photo_files import draw

from landmark_lib.command_line import exit_status
from landmark_lib.errors import UserError
from landmark_lib.evaluation.output_file import check_output_file
from landmark_lib.evaluation.photos import UsersPhotos
from landmark_lib.evaluation.prediction_text import read_names
from landmark_lib.evaluation.submission import fit_test_list, read_test_list
from landmark_lib.jobs.predict import predict
from landmark_lib.settings import PredictSettings
from landmark_lib.storage import Place

TO_SUBMIT = ["--test-list", "T/t.csv", "--submission", "T/s.csv"]
NAMED = ["--names", "T/n.csv"]


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    root = tmp_path_factory.mktemp("photos")
    for label in ("Brandenburg Gate", "cafe"):
        (root / label).mkdir()
        for number in range(2):
            draw(number, side=16).save(root / label / f"{number:03}.png")
    return root


@pytest.fixture
def mistake(photos, models, tmp_path, monkeypatch, capsys):
    """Return a function that runs the job where no network can be loaded, and returns its messages."""
    # Importing it fails from now on.
    monkeypatch.setitem(sys.modules, "landmark_lib.evaluation.predict", None)

    given = ("--quiet", "--input", str(photos), "--models", str(models))

    def run(*options):
        words = [option.replace("T", str(tmp_path)) for option in options]
        assert exit_status(PredictSettings, predict, [*given, *words]) == 2
        return capsys.readouterr().err.replace(str(tmp_path), "T")

    return run


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("id,name\n1,x\n", "expected a CSV with the header landmark_id,category, found 'id,name' in T/n.csv"),
        ("landmark_id;category\n1;x\n2\n", "T/n.csv: row 3: expected 2 columns, found 1: '2'"),
        (None, "no such file: T/n.csv"),
    ],
)
def test_a_mistake_in_the_names_is_reported_before_loading_networks(mistake, tmp_path, content, message):
    if content:
        (tmp_path / "n.csv").write_text(content)
    assert mistake(*NAMED) == f"error: --names: {message}\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("0001\n0002\n", "expected a CSV with the header id, found '0001' in T/t.csv"),
        ("id\n", "T/t.csv lists no photo"),
        (
            "id\nx\ny\n",
            "2 of 2 ids match nothing in the photos to predict: these ids look like 'x', 'y'; names",
        ),
        (None, "no such file: T/t.csv"),
    ],
)
def test_a_mistake_in_the_test_list_is_reported_before_loading_networks(mistake, tmp_path, content, message):
    if content:
        (tmp_path / "t.csv").write_text(content)
    told = mistake(*TO_SUBMIT)
    assert told.startswith(f"error: --test-list: {message}")
    assert told.count("\n") == 1


def test_an_unwritable_submission_is_reported_before_loading_networks(mistake, tmp_path):
    (tmp_path / "file").touch()
    assert mistake("--submission", "T") == "error: --submission: expected a file, found a folder: T\n"
    told = mistake("--submission", "T/file/s.csv")
    assert told.startswith("error: --submission: cannot write into T/file: ")
    assert told.count("\n") == 1


def test_checking_a_submission_leaves_nothing_behind(tmp_path):
    check_output_file(Place(str(tmp_path / "new" / "s.csv")), "--submission")
    assert list((tmp_path / "new").iterdir()) == []


def fitted(photos, wanted):
    return fit_test_list(wanted, list(UsersPhotos(str(photos), PredictSettings()).image_ids()))


def test_ids_of_the_test_list_may_be_paths_with_or_without_extension(photos):
    wanted = ["cafe/001", "Brandenburg Gate/000.png", "cafe/001"]
    assert fitted(photos, wanted) == [
        ("cafe/001", "cafe/001.png"),
        ("Brandenburg Gate/000.png",) * 2,
        ("cafe/001", "cafe/001.png"),
    ]


def test_names_without_folders_do_where_they_are_unique(tmp_path, capsys):
    for name in ("a/1.png", "b/2.png", "b/3.png", "c/3.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        draw(0, side=16).save(tmp_path / name)
    assert fitted(tmp_path, ["2", "1.jpg", "3"]) == [("2", "b/2.png"), ("1.jpg", "a/1.png"), ("3", None)]
    by_name, loosely, missing = capsys.readouterr().err.splitlines()
    assert by_name == (
        "warning: 1 ids of the test list matched by name without ending, such as '2' with 'b/2.png'"
    )
    assert loosely == (
        "warning: 1 ids of the test list matched by name, ignoring endings and the composition of accents,"
        " such as '1.jpg' with 'a/1.png'"
    )
    assert missing == (
        "warning: 1 of 3 photos of the test list are not among those to predict"
        " and get an empty prediction, such as 3"
    )


def test_list_with_few_of_the_photos_is_reported_with_examples_of_both(photos, capsys):
    lines = fitted(photos, ["cafe/000", "x", "y"])
    assert [image_id for _, image_id in lines] == ["cafe/000.png", None, None]
    assert "2 of 3 ids match nothing in the photos to predict: these ids look like 'x', 'y'" in (
        capsys.readouterr().err
    )


def test_names_and_test_lists_are_read_in_any_encoding_and_dialect(tmp_path):
    names = "Landmark_ID;Category;x\r\n 1 ; Château_de_X ;y\r\n"
    (tmp_path / "n.csv").write_bytes(names.encode("utf-16"))
    assert read_names(str(tmp_path / "n.csv")) == {"1": "Château de X"}
    with (tmp_path / "t.csv").open("w", newline="", encoding="utf-8-sig") as file:
        csv.writer(file, delimiter="\t").writerows([("url", "ID"), ("u", "0001"), ("v", " ")])
    assert read_test_list(str(tmp_path / "t.csv")) == ["0001"]


def test_a_csv_without_addresses_is_no_traceback(tmp_path):
    (tmp_path / "list.csv").write_text("name\nx\n")
    with pytest.raises(UserError, match="--input: expected a CSV with the header id,url, found 'name'"):
        UsersPhotos(str(tmp_path / "list.csv"), PredictSettings())


def test_commas_in_addresses_between_semicolons_are_no_columns(tmp_path):
    (tmp_path / "list.csv").write_text("id;url;landmark_id\n1;http://127.0.0.1/File:A,_1,_b.jpg;1\n2;b\n")
    photos = UsersPhotos(str(tmp_path / "list.csv"), PredictSettings())
    assert list(photos.image_ids()) == ["1", "list.csv row 3"]
