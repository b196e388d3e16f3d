"""The expected memory of a training follows its data set."""

from dataclasses import replace

import keras
import pytest
from small_dataset import ROWS_PER_GROUP, write_small_dataset

from landmark_lib.digits import size
from landmark_lib.settings import TrainSettings, from_flat
from landmark_lib.training.member_data import read_member_data
from landmark_lib.training.preflight import describe, expected_memory
from landmark_lib.training.stream import ROW_GROUPS_AHEAD


@pytest.fixture
def model():
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])


def test_memory_follows_the_row_groups_of_the_data_set(tmp_path, model):
    root = str(tmp_path)
    manifest = write_small_dataset(root)
    larger = replace(manifest, settings=manifest.settings | {"rows_per_group": 100 * ROWS_PER_GROUP})
    settings = TrainSettings(dataset=root)
    small, large = (read_member_data(root, each, 0) for each in (manifest, larger))
    row = sum(record.bytes for record in small.training.records) / small.rows
    more = expected_memory(settings, large, model, 1) - expected_memory(settings, small, model, 1)
    assert more == pytest.approx(ROW_GROUPS_AHEAD * 99 * ROWS_PER_GROUP * row, rel=1e-3)


def test_memory_is_reported_in_a_suitable_unit(tmp_path, model):
    root = str(tmp_path)
    data = read_member_data(root, write_small_dataset(root), 0)
    settings = from_flat(TrainSettings, {"dataset": root, "image_size": 32, "batch_size": 1})
    memory = size(expected_memory(settings, data, model, 1))
    assert memory.endswith("MB")
    assert f"about {memory} per rank" in describe(settings, data, model, 1)
