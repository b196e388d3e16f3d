"""All jobs list the same photos, with the same ids and the same outcome, for every kind of input."""

import io
import os
import tarfile
import unicodedata

import pytest
from trees import counted_entries, nest_beyond_what_a_path_may_hold, put

from landmark_lib.dataset import Reason
from landmark_lib.errors import UserError
from landmark_lib.evaluation.photos import UsersPhotos
from landmark_lib.inputs.layout import look_into
from landmark_lib.inputs.listing import list_photos
from landmark_lib.inputs.source import find_source
from landmark_lib.preprocess.sources import listed_photos
from landmark_lib.settings import PredictSettings, SourceSettings

NFD = unicodedata.normalize("NFD", "café")
# Names of files in a folder; each is a photo of its own, and its id is its path.
ODD_NAMES = [
    *("a#b.jpg", "100%25 stone.jpg", "q?x=1.jpg", "plus+sign.jpg", "semi;colon.jpg", "a::b.jpg", " lead.jpg"),
    *("trail.jpg ", "quote'\".jpg", "[1].jpg", "{x}*.jpg", f"{NFD}.jpg", "café.JPG", "塔.webp"),
    *("no ending", "double.jpg.jpg", "two.tar.gz.jpg", "upper.JPG", "~tilde.jpg", "-dash.jpg", "dot."),
    *("a.txt", "new\nline.png"),
]
# What tools leave, which is no photo of anybody's.
LITTER = [
    *(".DS_Store", "Thumbs.db", "l/._a#b.jpg", "l/.hidden.jpg", "l/desktop.ini", "@eaDir/1.jpg"),
    *("l/.ipynb_checkpoints/1.jpg", ".ipynb_checkpoints/l/1.jpg", "__MACOSX/l/._1.jpg", ".git/objects/1.jpg"),
]


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """Make a folder of labels with all that is odd: names, links, pipes, litter, what cannot be listed."""
    root = tmp_path_factory.mktemp("odd #%20 tree") / "photos"
    for name in ODD_NAMES:
        put(root / "l" / name)
    for path in LITTER:
        put(root / path)
    put(root / "in the root.jpg")
    put(root / "bytes" / os.fsdecode(b"\xff.jpg"))
    put(root.parent / "elsewhere" / "a.jpg")
    (root / "empty").mkdir()
    (root / "linked").symlink_to(root.parent / "elsewhere")
    (root / "l" / "link.jpg").symlink_to(root.parent / "elsewhere" / "a.jpg")
    (root / "l" / "loop").symlink_to(root)
    (root / "l" / "nowhere.jpg").symlink_to("gone.jpg")
    os.mkfifo(root / "l" / "pipe.jpg")
    nest_beyond_what_a_path_may_hold(root)
    return root


def by_spark(spark, settings):
    with listed_photos(spark, find_source(settings)) as photos:
        return [row.asDict() for row in photos.collect()]


def in_one_process(settings):
    return list_photos(find_source(settings)).to_pylist()


def in_order(rows):
    return sorted(rows, key=lambda row: [str(value) for value in row.values()])


def fates(rows):
    return {row["image_id"]: row["reason"] for row in rows}


@pytest.mark.parametrize("unlabelled", [False, True])
def test_every_name_link_and_folder_has_one_fate(spark, tree, unlabelled):
    settings = SourceSettings(str(tree), unlabelled=unlabelled)
    rows = in_one_process(settings)
    assert in_order(rows) == in_order(by_spark(spark, settings))
    found = fates(rows)
    assert len(found) == len(rows)
    unlisted = [path for path in found if set(path) == {"d", "/"}]
    assert found == {
        **{f"l/{name}": None for name in ODD_NAMES},
        "l/link.jpg": None,
        "linked/a.jpg": None,
        "in the root.jpg": None if unlabelled else Reason.NO_LABEL,
        "bytes/\\udcff.jpg": Reason.UNREADABLE_FILE,
        "l/loop": Reason.UNREADABLE_FILE,
        "l/nowhere.jpg": Reason.MISSING_FILE,
        "l/pipe.jpg": Reason.UNREADABLE_FILE,
        **dict.fromkeys(unlisted, Reason.UNREADABLE_FILE),
    }
    assert len(unlisted) == 1
    assert {row["landmark_id"] for row in rows} >= ({None} if unlabelled else {"l", "linked", "bytes"})


def test_skipped_files_are_reported_once_by_each(spark, tree, capsys):
    settings = SourceSettings(str(tree), unlabelled=True)
    for listing in (in_one_process, lambda settings: by_spark(spark, settings)):
        listing(settings)
        warnings = [line for line in capsys.readouterr().err.splitlines() if "warning: " in line]
        assert [line.partition("warning: ")[2] for line in warnings] == [
            f"ignored {len(LITTER)} hidden files and files left by tools in {tree}, such as .DS_Store"
        ]


def test_predictions_have_these_ids(tree):
    photos = UsersPhotos(str(tree), PredictSettings())
    rows = in_one_process(SourceSettings(str(tree), unlabelled=True))
    assert list(photos.image_ids()) == [row["image_id"] for row in rows]
    assert sum(photos.sizes) == len(rows)


def test_a_hidden_folder_that_is_named_is_no_litter(spark, tmp_path):
    put(tmp_path / ".photos" / "x" / "a.jpg")
    settings = SourceSettings(str(tmp_path / ".photos"))
    assert fates(in_one_process(settings)) == fates(by_spark(spark, settings)) == {"x/a.jpg": None}


def write_tar(path, members):
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:
        for name in members:
            header = tarfile.TarInfo(name)
            header.size = 5
            tar.addfile(header, io.BytesIO(b"photo"))


@pytest.fixture(scope="module")
def lists(tmp_path_factory):
    """Make images loose and in tars, and lists of every make about them."""
    root = tmp_path_factory.mktemp("lists")
    names = ["0/a.jpg", "0/b.JPG", "1/c.png", f"1/{NFD}.jpg", "1/d#1%20.jpg", "2/same.jpg", "3/same.jpg"]
    for name in [*names, ".DS_Store", "__MACOSX/0/._a.jpg"]:
        put(root / "images" / name)
    (root / "tars").mkdir()
    write_tar(root / "tars" / "1.tar", [f"./{name}" for name in names[:4]])
    write_tar(root / "tars" / "2.tar", [*names[4:], "2/same.jpg", "__MACOSX/2/._same.jpg", "2/.hidden.jpg"])
    write_tar(root / "tars" / "._1.tar", [])
    ids = ["a", "b.JPG", "c.jpg", "1/café", "d#1%20", "same", "gone", ""]
    rows = "".join(f"{image_id}, {number % 2} \r" for number, image_id in enumerate(ids))
    for folder in ("images", "tars"):
        (root / folder / "labels.csv").write_bytes(f"\ufeffID , landmark_id\r{rows}torn\r".encode("utf-16"))
    urls = [
        "images/0/a.jpg",
        "./images/0/b.JPG",
        f"file://{root}/images/1/d%231%2520.jpg",
        "HTTPS://x.org/a?b",
    ]
    urls += ["gone.jpg", "", "file://host/a.jpg", "~/x.jpg", "images/0/a.jpg"]
    addresses = [f"{number};{url};x" for number, url in enumerate(urls)]
    addresses += ["0;images/0/b.JPG;x", "caf\xe9;u.jpg;y"]
    (root / "urls.csv").write_bytes("\n".join(["id;url;landmark_id", *addresses]).encode("latin-1"))
    put(root / "photo.jpg")
    return root


@pytest.mark.parametrize(
    ("address", "settings"),
    [
        ("images/labels.csv", {}),
        ("images/labels.csv", {"unlabelled": True}),
        ("images", {"labels": "images/labels.csv"}),
        ("images", {"unlabelled": True, "kind": "images"}),
        ("tars/labels.csv", {}),
        ("tars", {"unlabelled": True}),
        ("tars/2.tar", {"unlabelled": True}),
        ("urls.csv", {}),
        ("urls.csv", {"unlabelled": True}),
        ("photo.jpg", {"unlabelled": True}),
    ],
)
def test_every_kind_of_input_is_listed_the_same(spark, lists, address, settings):
    labels = str(lists / settings["labels"]) if "labels" in settings else None
    source = SourceSettings(str(lists / address), **{**settings, "labels": labels})
    assert in_order(in_one_process(source)) == in_order(by_spark(spark, source))


# The first by address; of members of a tar that have one name, the last.
SAME = {
    "images": [("same", None, "same.jpg"), ("same", Reason.DUPLICATE_ID, "same.jpg")],
    "tars": [("same", reason, "same.jpg") for reason in (Reason.DUPLICATE_ID, None, Reason.DUPLICATE_ID)],
}


@pytest.mark.parametrize("folder", ["images", "tars"])
def test_ids_of_a_list_find_their_photos_with_and_without_ending(lists, folder, capsys):
    rows = in_one_process(SourceSettings(str(lists / folder / "labels.csv")))
    assert [(row["image_id"], row["reason"], (row["uri"] or "").rpartition("/")[2]) for row in rows] == [
        ("a", None, "a.jpg"),
        ("b.JPG", None, "b.JPG"),
        ("c.jpg", None, "c.png"),
        ("1/café", None, f"{NFD}.jpg"),
        ("d#1%20", None, "d#1%20.jpg"),
        *SAME[folder],
        ("gone", Reason.MISSING_FILE, ""),
        ("", Reason.NO_ID, ""),
        ("labels.csv row 10", Reason.BROKEN_ROW, ""),
    ]
    told = capsys.readouterr().err
    name = f"{lists}/{folder}/labels.csv"
    assert f"1 ids of {name} matched by name with ending, such as 'b.JPG' with '0/b.JPG'" in told
    assert "by name, ignoring endings and the composition of accents, such as 'c.jpg'" in told
    assert "by path, ignoring endings and the composition of accents, such as '1/café'" in told


def test_a_list_that_is_not_utf_8_is_read_and_reported(spark, lists, capsys):
    source = SourceSettings(str(lists / "urls.csv"))
    for listing in (in_one_process, lambda settings: by_spark(spark, settings)):
        assert "café" in fates(listing(source))
        assert capsys.readouterr().err.count("urls.csv is not UTF-8 and was read as Windows-1252") == 1


def test_a_list_that_means_no_file_says_how_both_look_and_what_would_help(spark, tmp_path):
    for number in range(3):
        put(tmp_path / "I" / f"{number:03}.jpg")
    (tmp_path / "I.csv").write_text("id,landmark_id\n" + "".join(f"{number},x\n" for number in range(3)))
    source = SourceSettings(str(tmp_path / "I"), str(tmp_path / "I.csv"))
    for listing in (in_one_process, lambda settings: by_spark(spark, settings)):
        with pytest.raises(UserError) as error:
            listing(source)
        told = str(error.value).replace(str(tmp_path), "")
        assert told.startswith(
            "--labels: /I.csv: 3 of 3 ids match nothing in /I: these ids look like '0', '1', '2'; "
        )
        assert told.endswith("like '000.jpg', '001.jpg', '002.jpg'; without leading zeros, 3 would match")


def test_a_huge_flat_folder_without_labels_is_no_source_of_labels(spark, tmp_path, monkeypatch):
    monkeypatch.setattr("landmark_lib.inputs.source.look_into", lambda place: look_into(place, 2))
    for number in range(4):
        put(tmp_path / f"{number}.jpg")
    with pytest.raises(UserError, match=r"expected folders named by label in .*, found only files"):
        by_spark(spark, SourceSettings(str(tmp_path)))


def test_the_driver_looks_at_a_few_of_a_folders_many_images(spark, tmp_path, monkeypatch):
    (tmp_path / "photos").mkdir()
    for number in range(20_000):
        (tmp_path / "photos" / f"{number}.jpg").touch()
    (tmp_path / "labels.csv").write_text("id,landmark_id\n1,x\n2,y\n")
    seen = counted_entries(monkeypatch)
    for settings in ({"unlabelled": True}, {"labels": str(tmp_path / "labels.csv")}):
        source = find_source(SourceSettings(str(tmp_path / "photos"), **settings))
        with listed_photos(spark, source) as photos:
            assert photos.count() == (20_000 if source.unlabelled else 2)
    assert 0 < len(seen) < 1_000
