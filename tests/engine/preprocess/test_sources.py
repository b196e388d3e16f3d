"""Any source becomes a list in which every entry has its place."""

import io
import os
import tarfile

import pyarrow as pa
import pytest
from small_corpus import write_csv
from trees import nest_beyond_what_a_path_may_hold, put

from landmark_lib.dataset import Reason
from landmark_lib.inputs.schema import LIST_SCHEMA
from landmark_lib.inputs.source import find_source
from landmark_lib.preprocess.sources import listed_photos
from landmark_lib.preprocess.sources.walk import list_files
from landmark_lib.settings import SourceSettings

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


def rows_of(spark, source, **settings):
    with listed_photos(spark, find_source(SourceSettings(str(source), **settings))) as photos:
        rows = photos.collect()
    assert all(list(row.asDict()) == LIST_SCHEMA.names for row in rows)
    return sorted(rows, key=lambda row: (row["image_id"], row["landmark_id"] or "", row["uri"] or ""))


def listed(spark, source, **settings):
    """Return (image id, landmark id, reason) of all entries, sorted."""
    return [(r["image_id"], r["landmark_id"], r["reason"]) for r in rows_of(spark, source, **settings)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Make a folder with names of every kind, links, and a file that belongs to no label."""
    root = tmp_path_factory.mktemp("sources") / "photos"
    for name in GOOD_NAMES:
        put(root / ODD_LABEL / name)
    put(root / "readme.txt")
    put(root / os.fsdecode(b"bytes \xff") / "a.jpg")
    put(root / "bytes" / os.fsdecode(b"\xfe.jpg"))
    put(root.parent / "elsewhere" / "a.jpg")
    (root / "link").symlink_to(root.parent / "elsewhere")
    (root / "bytes" / "link.jpg").symlink_to(root.parent / "elsewhere" / "a.jpg")
    return root


@pytest.fixture(scope="module")
def folder_list(spark, folder):
    return listed(spark, folder)


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


def test_files_of_many_small_folders_share_batches(spark, tmp_path):
    for number in range(60):
        put(tmp_path / f"label {number // 2}/folder/{number}.jpg")

    def size_of(files):
        return pa.record_batch([[len(files)]], ["rows"])

    schema = pa.schema([("rows", pa.int64())])
    listed = list_files(spark, str(tmp_path), size_of, schema, with_sizes=False)
    sizes = [row["rows"] for row in listed.collect() if row["rows"]]
    assert sum(sizes) == 60
    assert len(sizes) <= 2 * spark.sparkContext.defaultParallelism


def test_a_folder_without_labels_lists_every_file_below_it(spark, folder, folder_list):
    rows = listed(spark, folder, unlabelled=True)
    assert [row[0] for row in rows] == [row[0] for row in folder_list]
    assert {row[1] for row in rows} == {None}
    assert [row[0] for row in rows if row[2]] == ["bytes \\udcff/a.jpg", "bytes/\\udcfe.jpg"]


def test_a_folder_that_cannot_be_listed_is_an_entry_with_a_reason(spark, tmp_path):
    put(tmp_path / "photos" / "a" / "1.jpg")
    nest_beyond_what_a_path_may_hold(tmp_path / "photos")
    put(tmp_path / "photos" / "b" / "2.jpg")
    write_csv(tmp_path / "labels.csv", [["1", "", "x"], ["2", "", "y"]])
    for settings in ({}, {"labels": str(tmp_path / "labels.csv")}):
        rows = rows_of(spark, tmp_path / "photos", **settings)
        assert [row["reason"] for row in rows] == [None, None, Reason.UNREADABLE_FILE]
        assert rows[2]["detail"] == "the folder cannot be listed: File name too long"


def test_addresses_in_a_csv_are_taken_as_they_are(spark, tmp_path):
    addresses = {
        "relative": ("some dir/a#1%20.jpg", f"file://{tmp_path}/some dir/a#1%20.jpg"),
        "absolute": ("/photos/a.jpg", "file:///photos/a.jpg"),
        "bucket": ("gs://bucket/a.jpg", "gs://bucket/a.jpg"),
        "web": (" https://example.org/a.jpg?b=c ", "https://example.org/a.jpg?b=c"),
        "none": ("", None),
    }
    write_csv(tmp_path / "labels.csv", [[name, url, "x"] for name, (url, _) in addresses.items()])
    rows = rows_of(spark, tmp_path / "labels.csv")
    assert {r["image_id"]: r["uri"] for r in rows} == {name: uri for name, (_, uri) in addresses.items()}
    assert {r["image_id"]: r["reason"] for r in rows if r["reason"]} == {"none": Reason.MISSING_FILE}


def test_of_rows_with_one_id_the_first_by_label_counts_unless_it_can_give_no_photo(spark, tmp_path):
    rows = [["a", "a.jpg", "y"], ["a", "a.jpg", "x"], ["b", "b.jpg", " "], ["b", "b.jpg", "z"]]
    write_csv(tmp_path / "labels.csv", rows)
    assert listed(spark, tmp_path / "labels.csv") == [
        ("a", "x", None),
        ("a", "y", Reason.DUPLICATE_ID),
        ("b", None, Reason.NO_LABEL),
        ("b", "z", None),
    ]


def test_a_csv_without_labels_lists_its_photos(spark, tmp_path):
    (tmp_path / "test.csv").write_text('"id","url"\n"a","https://example.org/a.jpg"\n"",b.jpg\n')
    assert listed(spark, tmp_path / "test.csv", unlabelled=True) == [
        ("", None, Reason.NO_ID),
        ("a", None, None),
    ]


IMAGES = [
    ".jpg",
    "a.jpg",
    "0/1/2/b.JPEG",
    "c.webp",
    "0/left out.jpg",
    "d.jpg",
    "0/d.png",
    "d.txt",
    "notes.txt",
]
TRAIN = (
    "id,url,landmark_id\na,https://example.org/a.jpg,5\nb,,6\nc,,\nd,,7\ngone,,6\ntorn,6\na,,4\n",
    [
        ("a", "4", None, "a.jpg"),
        ("a", "5", Reason.DUPLICATE_ID, "a.jpg"),
        ("b", "6", None, "b.JPEG"),
        ("c", None, Reason.NO_LABEL, "c.webp"),
        ("d", "7", None, "d.png"),
        ("d", "7", Reason.DUPLICATE_ID, "d.jpg"),
        ("gone", "6", Reason.MISSING_FILE, None),
        ("train.csv row 7", None, Reason.BROKEN_ROW, None),
    ],
)
CLEAN = (
    "landmark_id,images\n5,a  b\n6,gone\n",
    [("a", "5", None, "a.jpg"), ("b", "5", None, "b.JPEG"), ("gone", "6", Reason.MISSING_FILE, None)],
)


def write_tar(path, names, root="train/"):
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT) as tar:
        for name in names:
            header = tarfile.TarInfo(root + name)
            header.size = len(name)
            tar.addfile(header, io.BytesIO(name.encode()))


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """Make a folder of images, and one with the same in two tars, each with both sorts of lists."""
    root = tmp_path_factory.mktemp("images")
    for name in IMAGES:
        put(root / "loose" / name)
    (root / "tars").mkdir()
    write_tar(root / "tars" / "images_000.tar", [name for name in IMAGES if name.startswith("0")])
    write_tar(root / "tars" / "images_001.tar", [name for name in IMAGES if not name.startswith("0")])
    for folder in ("loose", "tars"):
        (root / folder / "train.csv").write_text(TRAIN[0])
        (root / folder / "train_clean.csv").write_text(CLEAN[0])
    return root


def found(rows):
    return [
        (r["image_id"], r["landmark_id"], r["reason"], r["uri"] and r["uri"].rpartition("/")[2]) for r in rows
    ]


@pytest.mark.parametrize("folder", ["loose", "tars"])
def test_rows_of_a_label_list_find_their_images_by_id(spark, images, folder):
    rows = rows_of(spark, images / folder, labels=str(images / folder / "train.csv"))
    assert sorted(found(rows), key=str) == sorted(TRAIN[1], key=str)


@pytest.mark.parametrize("folder", ["loose", "tars"])
def test_a_list_without_addresses_describes_the_images_beside_it(spark, images, folder):
    assert found(rows_of(spark, images / folder / "train_clean.csv")) == CLEAN[1]


def test_photos_in_tars_are_reported_with_their_place_and_others_without(spark, images):
    rows = rows_of(spark, images / "tars" / "train_clean.csv")
    for row in (r for r in rows if r["archive"]):
        path = row["archive"].removeprefix("file://")
        with open(path, "rb") as file:  # noqa: PTH123 - an address, not a path
            file.seek(row["offset"])
            assert f"{row['archive']}/train/{file.read(row['size']).decode()}" == row["uri"]
    places = [
        (r["archive"], r["offset"], r["size"]) for r in rows_of(spark, images / "loose" / "train_clean.csv")
    ]
    assert set(places) == {(None, None, None)}


def test_photos_without_labels_in_one_tar_are_all_its_files(spark, images):
    rows = rows_of(spark, images / "tars" / "images_000.tar", unlabelled=True)
    assert found(rows) == [
        ("b", None, None, "b.JPEG"),
        ("d", None, None, "d.png"),
        ("left out", None, None, "left out.jpg"),
    ]


def test_unlabelled_images_have_their_names_as_ids(spark, images):
    rows = listed(spark, images / "loose", unlabelled=True, kind="images")
    assert [row[0] for row in rows if row[2] is None] == sorted(
        ["a", "b", "c", "d", "left out", "d.txt", "notes.txt", "train.csv", "train_clean.csv"]
    )


def test_a_broken_tar_loses_only_what_cannot_be_read_and_says_so(spark, tmp_path):
    names = [f"{number}.jpg" for number in range(6)]
    write_tar(tmp_path / "images_000.tar", names)
    write_tar(tmp_path / "images_001.tar", [f"1{name}" for name in names])
    content = bytearray((tmp_path / "images_000.tar").read_bytes())
    content[1024:1034] = b"broken now"
    (tmp_path / "images_000.tar").write_bytes(content[: 5 * 1024 + 512 + 2])
    rows = rows_of(spark, tmp_path, unlabelled=True)
    assert [(r["image_id"], r["reason"]) for r in rows if r["reason"] or "000" in r["uri"]] == [
        ("0", None),
        *((name, None) for name in "234"),
        ("5", Reason.TRUNCATED),
        ("images_000.tar", Reason.BROKEN_ARCHIVE),
    ]
    assert rows[-1]["detail"] == (
        "no header from byte 1024 to 2048, after train/0.jpg;"
        " it ends at byte 5634 without the mark of its end, after train/5.jpg"
    )
    assert len(rows) == 12
