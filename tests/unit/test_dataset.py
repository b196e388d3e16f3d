"""What is written to a data set is read back, and a directory without a manifest is none."""

import hashlib
import json
from dataclasses import asdict, replace
from itertools import pairwise

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from landmark_lib import dataset
from landmark_lib.dataset import FileRecord, LandmarkClass, Manifest
from landmark_lib.errors import NotADatasetError, UserError
from landmark_lib.storage import Place

MANIFEST = Manifest(
    settings={"ensemble_size": 2, "seed": 0},
    versions={"python": "3.11"},
    photos={"listed": 9, "corpus": 8},
    rejected={"empty file": 1},
    label_counts={"labels": 2, "percentiles": {"50": 4}, "histogram": [[4, 7, 2]]},
    classes=2,
    classes_with_fewer_held_out=0,
    roles={"train": 6, "validation": 2},
    files=[
        FileRecord("train/common/shard-00000-of-00002.parquet", 5, 50, "aa"),
        FileRecord("train/common/shard-00001-of-00002.parquet", 4, 40, "bb"),
        FileRecord("train/member-1/shard-00000-of-00001.parquet", 3, 30, "cc"),
        FileRecord("validation/shard-00000-of-00001.parquet", 2, 20, "dd"),
        FileRecord("corpus/shard-00000-of-00001.parquet", 8, 80, "ee"),
    ],
)
ROWS = pa.table(
    {
        "image_id": [f"image{i}" for i in range(10)],
        "class_index": pa.array([i % 3 for i in range(10)], pa.int32()),
        "recipe": ["plain"] * 10,
        "image": pa.array([bytes([i]) * 1000 for i in range(10)]),
    }
)


@pytest.fixture(params=["local", "memory"])
def root(request, tmp_path):
    """Return a place on the disk and one in an object store."""
    return str(tmp_path / "out") if request.param == "local" else f"memory://{tmp_path}/out"


def test_a_manifest_is_read_as_it_was_written(root):
    assert not dataset.has_manifest(root)
    dataset.write_manifest(root, MANIFEST)
    assert dataset.has_manifest(root)
    assert dataset.read_manifest(root) == MANIFEST


def test_files_and_rows_are_those_of_one_directory_alone():
    assert [record.rows for record in MANIFEST.files_in("train/common")] == [5, 4]
    assert MANIFEST.rows_in("train/common") == 9
    assert MANIFEST.rows_in("train/member-1") == 3
    assert MANIFEST.rows_in("train") == MANIFEST.rows_in("train/member-0") == 0
    assert MANIFEST.members == 2


def test_fingerprint_follows_what_training_sees_and_nothing_else():
    shard, *others = MANIFEST.files
    changed = replace(MANIFEST, files=[replace(shard, sha256="ff"), *others])
    elsewhere = replace(MANIFEST, settings={}, versions={}, files=[*others[:-1][::-1], shard])
    assert changed.fingerprint != MANIFEST.fingerprint
    assert elsewhere.fingerprint == MANIFEST.fingerprint


def test_an_empty_shard_is_listed_but_neither_read_nor_part_of_the_fingerprint():
    empty = dataset.FileRecord("train/member-0/shard-00000-of-00001.parquet", 0, 900, "ab")
    with_empty = replace(MANIFEST, files=[*MANIFEST.files, empty])
    assert with_empty.files_in("train/member-0") == [empty]
    assert with_empty.shards_in("train/member-0") == []
    assert with_empty.shards_in("train/common") == MANIFEST.files_in("train/common")
    assert with_empty.fingerprint == MANIFEST.fingerprint


def test_a_directory_without_manifest_is_reported_apart_with_the_command_that_makes_one(root):
    with pytest.raises(NotADatasetError, match=r"is not a finished data set.* jobs/preprocess\.py"):
        dataset.read_manifest(root)


RECORD = asdict(MANIFEST.files[0])


def changed(**fields):
    return json.dumps({**asdict(MANIFEST), **fields}).encode()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", "cannot be read"),
        (b"\xff", "cannot be read"),
        (b"[]", "expected format version 1, found None"),
        (json.dumps({"format_version": 2}).encode(), "expected format version 1, found 2"),
        (b'{"format_version": 1}', "settings: missing"),
        (changed(roles={"train": "many"}), r"roles\['train'\]: expected a whole number, found 'many'"),
        (changed(more=1), "unknown fields: 'more'"),
        (changed(settings=None), "settings: expected an object, found None"),
        (changed(files=[{**RECORD, "more": 1}]), r"files\[0\]: unknown fields: 'more'"),
        (changed(files=[{**RECORD, "rows": None}]), r"files\[0\]\.rows: expected a whole number"),
        *(
            (changed(files=[{**RECORD, "path": path}]), r"files\[0\]: expected a path within the data set")
            for path in (
                "../a",
                "/a",
                "a/../../b",
                "",
                "a//b",
                "a/./b",
                "a/",
                "a\0b",
                "a\nb",
                "\ud800",
                "\u202ea",
            )
        ),
        (changed(files=[{**RECORD, "rows": -1}]), r"files\[0\]: expected 0 rows and bytes or more, found -1"),
    ],
)
def test_a_manifest_of_another_make_is_refused_in_a_line(root, content, message):
    (Place(root) / dataset.MANIFEST).write(content)
    with pytest.raises(NotADatasetError, match=message) as refusal:
        dataset.read_manifest(root)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("settings", [{}, {"ensemble_size": "3"}, {"ensemble_size": None}])
def test_a_setting_that_is_missing_or_not_a_number_is_reported_by_name(settings):
    with pytest.raises(NotADatasetError, match="expected a whole number for the setting ensemble_size"):
        _ = replace(MANIFEST, settings=settings).members


def test_rows_show_centres_unless_the_manifest_names_another_known_framing():
    assert replace(MANIFEST, settings={}).framing == "centre"
    assert replace(MANIFEST, settings={"framing": "whole"}).framing == "whole"
    with pytest.raises(NotADatasetError, match="expected a known framing, found 'half'"):
        _ = replace(MANIFEST, settings={"framing": "half"}).framing


def test_a_path_through_a_file_is_no_data_set(tmp_path):
    (tmp_path / "file").write_text("")
    assert not dataset.has_manifest(str(tmp_path / "file"))
    with pytest.raises(NotADatasetError):
        dataset.read_manifest(str(tmp_path / "file"))


@pytest.mark.parametrize("address", ["unknown://out", "abfs://out"])
def test_an_address_nobody_here_can_open_is_the_users_mistake(address):
    with pytest.raises(UserError, match=address):
        dataset.read_manifest(address)


def test_the_record_of_a_table_is_that_of_its_file(root):
    record = dataset.write_table(root, "train/common/a.parquet", ROWS, rows_per_group=4)
    content = (Place(root) / "train/common/a.parquet").read_bytes()
    checksum = hashlib.sha256(content).hexdigest()
    assert record == FileRecord("train/common/a.parquet", 10, len(content), checksum)
    assert dataset.read_table(root, "train/common/a.parquet").equals(ROWS)
    ids = dataset.read_table(root, "train/common/a.parquet", ["image_id"])
    assert ids.equals(ROWS.select(["image_id"]))


def test_row_groups_have_the_size_asked_for_the_last_one_aside(tmp_path):
    dataset.write_table(str(tmp_path), "a.parquet", ROWS, rows_per_group=4)
    metadata = pq.read_metadata(tmp_path / "a.parquet")
    assert [metadata.row_group(i).num_rows for i in range(3)] == [4, 4, 2]
    dataset.write_table(str(tmp_path), "empty.parquet", ROWS.slice(0, 0), rows_per_group=4)
    empty = pq.ParquetFile(tmp_path / "empty.parquet")
    assert (empty.metadata.num_row_groups, empty.schema_arrow) == (0, ROWS.schema)
    pixels = metadata.row_group(0).column(3)
    assert (pixels.path_in_schema, pixels.compression) == ("image", "UNCOMPRESSED")


@pytest.mark.parametrize("cuts", [[0, 60, 300], [0, 7, 107, 300]])
def test_how_a_table_is_cut_into_chunks_changes_no_byte(tmp_path, cuts):
    # Large enough for several pages a row group.
    photos = pa.table({"image": pa.array([bytes([i % 256]) * 20_000 for i in range(300)])})
    pieces = [photos.slice(start, stop - start) for start, stop in pairwise(cuts)]
    whole = dataset.write_table(str(tmp_path), "a", photos, rows_per_group=128)
    cut = dataset.write_table(str(tmp_path), "a", pa.concat_tables(pieces), rows_per_group=128)
    assert whole == cut


def test_classes_are_read_as_they_were_written(root):
    landmarks = ["1", "Zürich, 塔", 'with "quotes"', "two\nlines", " spaces ", ""]
    classes = [LandmarkClass(i, landmark, 10 + i, 8 + i) for i, landmark in enumerate(landmarks)]
    dataset.write_classes(root, classes)
    assert dataset.read_classes(root) == classes
    header = (Place(root) / "classes.csv").read_bytes().splitlines()[0]
    assert header == b"class_index,landmark_id,label_count,training_images"


@pytest.mark.parametrize("join", [",".join, ";".join, "\t".join], ids=["comma", "semicolon", "tab"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_classes_that_a_spreadsheet_saved_again_are_read(root, join, encoding, end):
    rows = [("landmark_id", "training_images", "class_index", "label_count", "")]
    rows += [("Zürich", "8", "1", "10", ""), ("007", "7", "0", "9", "")]
    (Place(root) / dataset.CLASSES).write(end.join(map(join, rows)).encode(encoding))
    assert dataset.read_classes(root) == [LandmarkClass(0, "007", 9, 7), LandmarkClass(1, "Zürich", 10, 8)]


COLUMNS = "class_index,landmark_id,label_count,training_images\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "expected the columns class_index, .*, training_images, found 'none'"),
        ("class_index,landmark_id\n0,a\n", "training_images, found 'class_index, landmark_id'"),
        (COLUMNS + "x,a,1,1\n", "line 2: expected a whole number as class_index, found 'x'"),
        (COLUMNS + "0,a,1_0,1\n", "line 2: expected a whole number as label_count, found '1_0'"),
        (COLUMNS + "0,a,1,1\n1,b,-1,1\n", "line 3: expected a whole number as label_count, found '-1'"),
        (COLUMNS + "0\n", "line 2: expected a whole number as label_count, found ''"),
        (COLUMNS + f"0,a,{'9' * 5000},1\n", "Exceeds the limit"),
        (COLUMNS + f"0,{'a' * 200_000},1,1\n", "field larger than field limit"),
        (COLUMNS + "0,a,1,1\n2,b,1,1\n", "from 0 to 1 once"),
        (COLUMNS + "0,a,1,1\n0,b,1,1\n", "from 0 to 1 once"),
        ("\ud800", "can't decode"),
    ],
)
def test_classes_that_lack_something_are_refused_in_a_line(root, content, message):
    (Place(root) / dataset.CLASSES).write(content.encode(errors="surrogatepass"))
    with pytest.raises(NotADatasetError, match=message) as refusal:
        dataset.read_classes(root)
    assert "\n" not in str(refusal.value)


def test_names_of_directories_and_files_are_those_of_the_contract():
    assert dataset.training_directory(None) == "train/common"
    assert dataset.training_directory(2) == "train/member-2"
    assert dataset.shard_name("train/common", 12, 128) == "train/common/shard-00012-of-00128.parquet"
    assert dataset.part_name("corpus", 12, 128) == "corpus/part-00012-of-00128.parquet"
    assert dataset.part_name("corpus", 12, 128, 3) == "corpus/part-00012-of-00128-batch-3.parquet"
