"""The stream yields exactly the rows that the method chose, in its order."""

import io
import pickle
import threading
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image
from small_dataset import image_id, write_small_dataset

from landmark_lib import dataset
from landmark_lib.dataset import FileRecord
from landmark_lib.errors import LandmarkError, UserError
from landmark_lib.method.epochs import ShardSlice
from landmark_lib.settings import TrainSettings, from_flat
from landmark_lib.training.member_data import read_member_data
from landmark_lib.training.reading import Shards, read_slices, verify_shards
from landmark_lib.training.stream import TRAINED, TrainingRows, ordered_batches, training_batches


@pytest.fixture
def member(small_dataset):
    return read_member_data(small_dataset, dataset.read_manifest(small_dataset), 0)


def ids_of(shards, slices):
    return [name for ids, _, _ in read_slices(shards, slices) for name in ids]


def test_slices_are_read_in_order_even_if_repeated(member):
    slices = [ShardSlice(3, 0, 11), ShardSlice(0, 5, 17), ShardSlice(3, 9, 10), ShardSlice(2, 8, 9)]
    expected = [
        *(image_id("train/member-0", 0, row) for row in range(11)),
        *(image_id("train/common", 0, row) for row in range(5, 17)),
        image_id("train/member-0", 0, 9),
        image_id("train/common", 2, 8),
    ]
    assert ids_of(member.training, slices) == expected


def test_a_data_set_without_labels_is_refused_in_one_line(small_dataset):
    unlabelled = replace(dataset.read_manifest(small_dataset), classes=0)
    with pytest.raises(UserError, match="has no labels"):
        read_member_data(small_dataset, unlabelled, 0)


def test_empty_shards_are_not_opened(tmp_path):
    manifest = write_small_dataset(str(tmp_path), common=(9,), own=(0,))
    (record,) = manifest.files_in("train/member-0")
    (tmp_path / record.path).unlink()
    member = read_member_data(str(tmp_path), manifest, 0)
    assert (member.rows, member.groups) == (9, ([9], []))
    nothing_held_out = write_small_dataset(str(tmp_path / "all"), validation=(0,))
    with pytest.raises(UserError, match="has no validation rows"):
        read_member_data(str(tmp_path / "all"), nothing_held_out, 0)


def test_repeated_reads_lose_no_row_group(member):
    # Petastorm's pool of threads loses some in every third reader.
    everything = [ShardSlice(n, 0, record.rows) for n, record in enumerate(member.training.records)]
    for _ in range(30):
        assert len(ids_of(member.training, everything)) == member.rows


def test_reading_waits_for_no_other_thread(member):
    # Petastorm's own thread lists four row groups at a time; a reader ahead of it sleeps for 0.1 s.
    before = set(threading.enumerate())
    groups = read_slices(member.training, [ShardSlice(n, 0, 8) for n in (0, 1, 2, 0, 1, 2)])
    next(groups)
    assert set(threading.enumerate()) <= before  # threads of earlier tests may end
    groups.close()


@pytest.mark.parametrize(("ranks", "batch_size", "epochs_per_pass"), [(1, 4, 1), (2, 5, 2), (3, 3, 4)])
def test_ranks_read_every_row_equally_often_over_whole_passes(member, ranks, batch_size, epochs_per_pass):
    settings = from_flat(TrainSettings, {"batch_size": batch_size, "epochs_per_pass": epochs_per_pass})
    rows_per_epoch = member.steps(settings, ranks) * batch_size * ranks
    epochs = -(-3 * member.rows // rows_per_epoch)
    seen = Counter(
        name
        for epoch in range(epochs)
        for rank in range(ranks)
        for name in ids_of(member.training, member.epoch(settings, epoch, rank, ranks))
    )
    assert len(seen) == member.rows
    assert max(seen.values()) - min(seen.values()) <= 2  # pass 4 has begun, ranks end it at other rows
    assert sum(seen.values()) == epochs * rows_per_epoch


@pytest.mark.parametrize("ranks", [1, 2, 3, 9])
def test_the_ranks_read_each_validation_row_once(member, ranks):
    names = [n for rank in range(ranks) for n in ids_of(member.validation, member.hold_out(rank, ranks))]
    assert sorted(names) == sorted(image_id("validation", 0, row) for row in range(7))


def test_batches_are_full_shuffled_and_repeatable(member):
    slices = [ShardSlice(n, 0, record.rows) for n, record in enumerate(member.training.records)]

    def labels(seed):
        batches = list(training_batches(lambda: read_slices(member.training, slices, TRAINED), 32, 8, seed))
        assert all(images.shape == (8, 32, 32, 3) and images.dtype == "uint8" for images, _ in batches)
        return np.concatenate([classes.numpy() for _, classes in batches]).tolist()

    assert len(labels(1)) == member.rows // 8 * 8
    assert labels(1) == labels(1)
    assert labels(1) != labels(2)
    assert labels(1)[:20] != [row % 3 for row in range(20)]


def test_full_size_images_equal_pillows_within_one_grey_level(member):
    record = member.validation.records[0]
    jpegs = dataset.read_table(member.validation.root, record.path)["image"].to_pylist()
    expected = np.stack([np.asarray(Image.open(io.BytesIO(jpeg))) for jpeg in jpegs])
    ((_, images, _),) = ordered_batches(member.validation, [ShardSlice(0, 0, 7)], 224, 16)
    assert np.abs(images.numpy().astype(int) - expected).max() <= 1


def test_shard_with_missing_rows_ends_the_reading(member):
    first = member.training.records[0]
    wrong = Shards(member.training.root, [FileRecord(first.path, 21, first.bytes, first.sha256)])
    with pytest.raises(LandmarkError, match="expected 21 rows, found 20"):
        list(ordered_batches(wrong, [ShardSlice(0, 0, 21)], 32, 8))


def test_an_image_that_does_not_decode_ends_the_reading_in_one_line(tmp_path):
    root = str(tmp_path)
    write_small_dataset(root)
    rows = [{"image_id": "bad", "class_index": 0, "recipe": "plain", "image": b"no JPEG"}]
    record = dataset.write_table(root, "bad.parquet", pa.Table.from_pylist(rows, dataset.TRAIN_SCHEMA), 8)
    with pytest.raises(LandmarkError, match=r"the image bad of bad.parquet does not decode"):
        list(ordered_batches(Shards(root, [record]), [ShardSlice(0, 0, 1)], 32, 8))


def with_bad_rows(root, positions):
    """Write a small data set some of whose common rows do not decode; return member 0 of it."""
    manifest = write_small_dataset(str(root))
    (record, *others) = manifest.files_in(dataset.COMMON)
    table = dataset.read_table(str(root), record.path)
    images = table["image"].to_pylist()
    for position in positions:
        images[position] = b"no JPEG" + bytes([position])
    broken = table.set_column(3, "image", pa.array(images, pa.binary()))
    new = dataset.write_table(str(root), record.path, broken, 8)
    own = manifest.files_in(dataset.training_directory(0))
    return Shards(str(root), [new, *others, *own])


def all_labels(rows, shards, **more):
    slices = [ShardSlice(n, 0, record.rows) for n, record in enumerate(shards.records)]
    batches = list(rows.batches(slices, 32, 4, seed=3, **more))
    return [labels.numpy().tolist() for _, labels in batches]


def test_an_image_that_does_not_decode_ends_training_and_is_named(tmp_path):
    shards = with_bad_rows(tmp_path, [5])
    with pytest.raises(LandmarkError, match=r"the image train/common 0 5 of train/common/.* does not decode"):
        all_labels(TrainingRows(shards, 0), shards)


def test_allowed_bad_rows_are_replaced_counted_and_logged_once(tmp_path, capsys):
    shards = with_bad_rows(tmp_path, [0, 7])
    rows = TrainingRows(shards, 2)
    assert [len(labels) for labels in all_labels(rows, shards)] == [4] * 16
    assert sorted(rows.bad.values()) == ["train/common 0 0", "train/common 0 7"]
    all_labels(rows, shards)
    warnings = capsys.readouterr().err.splitlines()
    assert len(warnings) == 2
    assert all(line.startswith("warning: ") and line.endswith("does not decode") for line in warnings)


def test_one_bad_row_too_many_ends_training(tmp_path):
    shards = with_bad_rows(tmp_path, [0, 7])
    with pytest.raises(LandmarkError, match="does not decode"):
        all_labels(TrainingRows(shards, 1), shards)


def test_stream_resumes_after_steps_already_done(member):
    shards, rows = member.training, TrainingRows(member.training, 0)
    whole = all_labels(rows, shards)
    assert all_labels(rows, shards, steps_done=5) == whole[5:]


def test_random_flip_flips_half_of_the_images_and_always_the_same_ones(member):
    rows = TrainingRows(member.training, 0)
    slices = [ShardSlice(n, 0, record.rows) for n, record in enumerate(member.training.records)]

    def images(**more):
        return np.concatenate([batch.numpy() for batch, _ in rows.batches(slices, 224, 4, seed=3, **more)])

    plain, flipped = images(), images(random_flip=True)
    turned = np.array([not np.array_equal(one, other) for one, other in zip(plain, flipped, strict=True)])
    assert 10 < turned.sum() < 54
    np.testing.assert_array_equal(flipped[turned], plain[turned][:, :, ::-1])
    np.testing.assert_array_equal(images(random_flip=True, steps_done=3), flipped[12:])


def test_more_shards_than_a_reader_takes_are_read_in_order(tmp_path):
    write_small_dataset(str(tmp_path), common=(3,) * 40)
    member = read_member_data(str(tmp_path), dataset.read_manifest(str(tmp_path)), 0)
    order = [*range(39, -1, -1), *range(5)]
    expected = [image_id("train/common", shard, row) for shard in order for row in range(3)]
    assert ids_of(member.training, [ShardSlice(shard, 0, 3) for shard in order]) == expected


@pytest.mark.parametrize("damage", [lambda path: path.write_bytes(path.read_bytes()[:-200]), Path.unlink])
def test_truncated_or_missing_shard_ends_the_reading_and_is_named(tmp_path, damage):
    write_small_dataset(str(tmp_path))
    member = read_member_data(str(tmp_path), dataset.read_manifest(str(tmp_path)), 0)
    broken = member.training.records[1].path
    damage(tmp_path / broken)
    with pytest.raises(LandmarkError, match=f"{broken} is broken"):
        ids_of(member.training, [ShardSlice(0, 0, 20), ShardSlice(1, 0, 20)])


def test_checksums_detect_a_changed_shard(tmp_path):
    write_small_dataset(str(tmp_path))
    shards = read_member_data(str(tmp_path), dataset.read_manifest(str(tmp_path)), 0).training
    numbers = range(len(shards.records))
    verify_shards(shards, numbers)
    path = tmp_path / shards.records[2].path
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(LandmarkError, match=f"{shards.records[2].path} is broken: its checksum is"):
        verify_shards(shards, numbers)


class TestCopiesOfARemoteDataSet:
    @pytest.fixture
    def remote(self, tmp_path):
        root = f"memory://{tmp_path.name}/dataset"
        write_small_dataset(root)
        return read_member_data(root, dataset.read_manifest(root), 0, cache=str(tmp_path / "cache")).training

    def test_rows_are_those_of_the_data_set_and_each_shard_is_copied_once(self, remote, member, tmp_path):
        slices = [ShardSlice(n, 0, record.rows) for n, record in enumerate(remote.records)]
        assert ids_of(remote, slices) == ids_of(member.training, slices)
        copies = {path: path.stat().st_mtime_ns for path in (tmp_path / "cache").iterdir()}
        assert len(copies) == len({record.sha256 for record in remote.records})
        assert ids_of(remote, slices) == ids_of(member.training, slices)
        assert {path: path.stat().st_mtime_ns for path in (tmp_path / "cache").iterdir()} == copies

    def test_a_copy_that_differs_from_the_manifest_is_refused(self, remote):
        records = [replace(remote.records[0], sha256="0" * 64)]
        with pytest.raises(LandmarkError, match="is broken: its checksum is"):
            ids_of(replace(remote, records=records), [ShardSlice(0, 0, 20)])


class Planted:
    """Unpickled, it leaves a mark."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return Path.touch, (self.mark,)


def test_a_pickle_in_a_data_set_is_never_read(tmp_path):
    """Petastorm keeps a pickled schema in a file beside the shards."""
    mark = tmp_path / "mark"
    root = tmp_path / "dataset"
    shard = root / "train" / "shard.parquet"
    shard.mkdir(parents=True)
    table = pa.table({"image_id": ["a"], "class_index": pa.array([0], pa.int32()), "image": [b"jpeg"]})
    pq.write_table(table, shard / "part.parquet")
    key = b"dataset-toolkit.unischema.v1"
    schema = table.schema.with_metadata({key: pickle.dumps(Planted(mark))})
    pq.write_metadata(schema, shard / "_common_metadata")
    shards = Shards(str(root), [FileRecord("train/shard.parquet", 1, 1, "")])
    with pytest.raises(LandmarkError):
        list(read_slices(shards, [ShardSlice(0, 0, 1)]))
    assert not mark.exists()
