"""A folder or a CSV becomes a list in which every entry has its place."""

import os

import pytest
from small_corpus import draw_photo, write_csv

from landmark_lib.dataset import Reason
from landmark_lib.errors import UserError
from landmark_lib.preprocess.sources import check_source, list_photos

ODD_LABEL = "Tour d'Eiffel #1 [x]"
GOOD_NAMES = [
    "a.jpg",
    "with space.jpg",
    "100%.jpg",
    "a%20b.jpg",
    "#1.jpg",
    "what?.jpg",
    "[x]{y}*.jpg",
    "Zürich 塔.jpg",
    "new\nline.jpg",
    "deep/er/b.jpg",
]


def listed(spark, source):
    """Give (image id, landmark id, reason) of all entries, sorted by image id."""
    rows = list_photos(spark, str(source)).collect()
    return sorted(((r["image_id"], r["landmark_id"], r["reason"]) for r in rows), key=lambda row: row[0])


def put(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"photo")


@pytest.fixture(scope="module")
def folder_list(spark, tmp_path_factory):
    """List a folder with names of every kind, links, and a file that belongs to no label."""
    root = tmp_path_factory.mktemp("sources") / "photos"
    for name in GOOD_NAMES:
        put(root / ODD_LABEL / name)
    put(root / "readme.txt")
    put(root / os.fsdecode(b"bytes \xff") / "a.jpg")
    put(root / "bytes" / os.fsdecode(b"\xfe.jpg"))
    put(root.parent / "elsewhere" / "a.jpg")
    (root / "link").symlink_to(root.parent / "elsewhere")
    (root / "bytes" / "link.jpg").symlink_to(root.parent / "elsewhere" / "a.jpg")
    return listed(spark, root)


def test_photos_of_a_folder_have_their_path_as_id_and_their_folder_as_label(folder_list):
    of_label = [row for row in folder_list if row[1] == ODD_LABEL]
    assert of_label == [(f"{ODD_LABEL}/{name}", ODD_LABEL, None) for name in sorted(GOOD_NAMES)]


def test_files_outside_the_folders_of_labels_have_no_label(folder_list):
    assert [row for row in folder_list if row[1] is None] == [("readme.txt", None, Reason.NO_LABEL)]


def test_names_that_are_not_utf_8_are_listed_as_unreadable(folder_list):
    assert [row for row in folder_list if row[2] == Reason.UNREADABLE_FILE] == [
        ("bytes \\udcff/a.jpg", "bytes \\udcff", Reason.UNREADABLE_FILE),
        ("bytes/\\udcfe.jpg", "bytes", Reason.UNREADABLE_FILE),
    ]


def test_links_to_labels_and_photos_count_as_what_they_lead_to(folder_list):
    linked = [row for row in folder_list if "link" in row[0]]
    assert linked == [("bytes/link.jpg", "bytes", None), ("link/a.jpg", "link", None)]


def test_every_file_of_a_folder_is_listed_once(folder_list):
    assert len(folder_list) == len(GOOD_NAMES) + 5


@pytest.mark.parametrize(
    "text",
    [
        "id,url,landmark_id\na,a.jpg,x\n",
        "\ufeffid,url,landmark_id\r\na,a.jpg,x\r\n",
        'landmark_id,extra,"id","url"\n"x",1,"a","a.jpg"\n',
    ],
    ids=["plain", "from Windows", "other order, quoted"],
)
def test_csvs_of_every_make_list_the_same(spark, tmp_path, text):
    source = tmp_path / "labels.csv"
    source.write_bytes(text.encode())
    rows = list_photos(spark, str(source)).collect()
    assert [(r["image_id"], r["landmark_id"], r["uri"], r["reason"]) for r in rows] == [
        ("a", "x", f"file://{tmp_path}/a.jpg", None)
    ]


def test_addresses_in_a_csv_are_taken_as_they_are(spark, tmp_path):
    addresses = {
        "relative": ("some dir/a#1%20.jpg", f"file://{tmp_path}/some dir/a#1%20.jpg"),
        "absolute": ("/photos/a.jpg", "file:///photos/a.jpg"),
        "bucket": ("gs://bucket/a.jpg", "gs://bucket/a.jpg"),
    }
    write_csv(tmp_path / "labels.csv", [[name, url, "x"] for name, (url, _) in addresses.items()])
    rows = list_photos(spark, str(tmp_path / "labels.csv")).collect()
    assert {r["image_id"]: r["uri"] for r in rows} == {name: uri for name, (_, uri) in addresses.items()}


def test_of_rows_with_one_id_the_first_by_label_counts_unless_it_can_give_no_photo(spark, tmp_path):
    rows = [["a", "a.jpg", "y"], ["a", "a.jpg", "x"], ["b", "b.jpg", ""], ["b", "b.jpg", "z"]]
    write_csv(tmp_path / "labels.csv", rows)
    assert set(listed(spark, tmp_path / "labels.csv")) == {
        ("a", "x", None),
        ("a", "y", Reason.DUPLICATE_ID),
        ("b", None, Reason.NO_LABEL),
        ("b", "z", None),
    }


def test_a_source_that_can_be_listed_passes(tmp_path):
    put(tmp_path / "photos" / "x" / "a.jpg")
    write_csv(tmp_path / "labels.csv", [])
    check_source(str(tmp_path / "photos"))
    check_source(str(tmp_path / "labels.csv"))


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("nowhere", "--input: no such folder or file: nowhere"),
        ("empty", "--input: the folder is empty: empty"),
        ("photo.jpg", "--input: expected a CSV with the header id,url,landmark_id, found"),
        ("blank.csv", "found ''"),
        ("other.csv", "found 'id,address,landmark_id'"),
        ("unknown://photos", "unknown://photos: Protocol not known: unknown"),
    ],
)
def test_a_source_that_cannot_be_listed_is_the_users_mistake(source, told, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "photo.jpg").write_bytes(draw_photo(0))
    (tmp_path / "blank.csv").write_text("")
    (tmp_path / "other.csv").write_text("id,address,landmark_id\na,a.jpg,x\n")
    with pytest.raises(UserError) as error:
        check_source(source)
    assert told in str(error.value)
