"""The stream gives exactly the rows that the method decided, in the order decided."""

import io
from collections import Counter
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image
from small_dataset import image_id, write_small_dataset

from landmark_lib import dataset
from landmark_lib.dataset import FileRecord
from landmark_lib.errors import LandmarkError, UserError
from landmark_lib.method.epochs import ShardSlice
from landmark_lib.settings import TrainSettings
from landmark_lib.training.member_data import read_member_data
from landmark_lib.training.stream import Shards, ordered_batches, read_slices, training_batches


@pytest.fixture
def member(small_dataset):
    return read_member_data(small_dataset, dataset.read_manifest(small_dataset), 0)


def ids_of(shards, slices):
    return [name for ids, _, _ in read_slices(shards, slices) for name in ids]


def test_slices_are_read_in_the_order_told_also_twice(member):
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
    with pytest.raises(UserError, match="holds photos without labels"):
        read_member_data(small_dataset, unlabelled, 0)


def test_no_row_group_is_lost_however_often_a_reader_is_opened(member):
    # Petastorm's pool of threads loses some in every third reader.
    everything = [ShardSlice(n, 0, record.rows) for n, record in enumerate(member.training.records)]
    for _ in range(30):
        assert len(ids_of(member.training, everything)) == member.rows


@pytest.mark.parametrize(("ranks", "batch_size", "scale_down"), [(1, 4, 1), (2, 5, 2), (3, 3, 4)])
def test_over_whole_passes_the_ranks_read_every_row_equally_often(member, ranks, batch_size, scale_down):
    settings = TrainSettings(batch_size=batch_size, scale_down=scale_down)
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
        batches = list(training_batches(member.training, slices, 32, 8, seed))
        assert all(images.shape == (8, 32, 32, 3) and images.dtype == "uint8" for images, _ in batches)
        return np.concatenate([classes.numpy() for _, classes in batches]).tolist()

    assert len(labels(1)) == member.rows // 8 * 8
    assert labels(1) == labels(1)
    assert labels(1) != labels(2)
    assert labels(1)[:20] != [row % 3 for row in range(20)]


def test_images_at_full_size_are_pillows_pixels_within_a_grey_level(member):
    record = member.validation.records[0]
    jpegs = dataset.read_table(member.validation.root, record.path)["image"].to_pylist()
    expected = np.stack([np.asarray(Image.open(io.BytesIO(jpeg))) for jpeg in jpegs])
    ((_, images, _),) = ordered_batches(member.validation, [ShardSlice(0, 0, 7)], 224, 16)
    assert np.abs(images.numpy().astype(int) - expected).max() <= 1


def test_a_shard_with_fewer_rows_than_the_manifest_says_ends_the_reading(member):
    first = member.training.records[0]
    wrong = Shards(member.training.root, [FileRecord(first.path, 21, first.bytes, first.sha256)])
    with pytest.raises(LandmarkError, match="expected 21 rows, found 20"):
        list(ordered_batches(wrong, [ShardSlice(0, 0, 21)], 32, 8))


def test_an_image_that_does_not_decode_ends_the_reading_in_one_line(tmp_path):
    root = str(tmp_path)
    write_small_dataset(root)
    rows = [{"image_id": "bad", "class_index": 0, "recipe": "plain", "image": b"no JPEG"}]
    record = dataset.write_table(root, "bad.parquet", pa.Table.from_pylist(rows, dataset.TRAIN_SCHEMA), 8)
    with pytest.raises(LandmarkError, match="an image does not decode"):
        list(ordered_batches(Shards(root, [record]), [ShardSlice(0, 0, 1)], 32, 8))
