"""A backbone cut in two returns what the whole returns, and files hold what lies between."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import tensorflow as tf

from landmark_lib.dataset import FileRecord
from landmark_lib.errors import UserError
from landmark_lib.storage import Place
from landmark_lib.training import feature_files
from landmark_lib.training.backbone import free_last_layers, load_backbone
from landmark_lib.training.feature_files import FeatureFiles
from landmark_lib.training.head import HeadOptions
from landmark_lib.training.model import build_model
from landmark_lib.training.preflight import check_disk
from landmark_lib.training.trunk import cut_trunk

SIDE = 32
RECORD = FileRecord("train/common/shard-0.parquet", rows=10, bytes=0, sha256="")
TYPES = [np.dtype(np.float32), np.dtype(np.float16), np.dtype(tf.bfloat16.as_numpy_dtype)]


@cache
def whole(name, pooling):
    """Return a backbone, some images, and what it returns for them.

    Layer by layer, as graphs take long to trace: test_shared_layers.py compares those of cut networks.
    """
    backbone = load_backbone(name, "random", SIDE, seed=0, pooling=pooling)
    images = tf.constant(np.random.default_rng(0).normal(size=(4, SIDE, SIDE, 3)).astype(np.float32))
    return backbone, images, backbone(images, training=False)


@pytest.mark.parametrize(
    ("name", "pooling", "count", "layer"),
    [
        ("ResNet50", "avg", 0, "avg_pool"),
        ("ResNet50", "avg", 3, "conv5_block2_out"),
        ("ResNet50", "avg", 10, "conv4_block6_out"),
        ("ResNet50", "avg", 12, "conv4_block5_out"),
        ("ResNet50", "gem2", 0, "stages"),
        ("ResNet50", "gem2", 3, "conv5_block2_out"),
        ("ResNet50", "avg2", 10, "conv4_block6_out"),
        ("ResNet50", "gem2", 12, "conv4_block5_out"),
        ("MobileNet", "gem", 3, "conv_dw_12_relu"),
        ("EfficientNetB0", "gem2", 10, "block6c_add"),
    ],
)
def test_trunk_and_tail_return_bit_for_bit_what_the_backbone_returns(name, pooling, count, layer):
    backbone, images, expected = whole(name, pooling)
    free_last_layers(backbone, count)
    described = build_model(backbone, "none", HeadOptions(3, 0.5, 1e-4, seed=0)).get_config()
    trunk = cut_trunk(backbone)
    assert trunk.layer == layer
    assert not trunk.model.trainable_variables
    outputs = trunk.model(images, training=False)
    pooled = outputs if trunk.tail is None else trunk.tail(outputs, training=False)
    np.testing.assert_array_equal(pooled, expected)
    # What is written of the whole network stays as it was.
    assert build_model(backbone, "none", HeadOptions(3, 0.5, 1e-4, seed=0)).get_config() == described


def files_in(folder, stored_as, shape=(3, 2)):
    return FeatureFiles(Place(str(folder)), shape if stored_as != np.float32 else (6,), stored_as)


@pytest.mark.parametrize("stored_as", TYPES)
def test_any_rows_of_a_file_are_read_as_written(tmp_path, monkeypatch, stored_as):
    monkeypatch.setattr(feature_files, "GROUP_BYTES", 4 * 6 * stored_as.itemsize)
    files = files_in(tmp_path, stored_as)
    rows = np.random.default_rng(0).normal(size=(10, *files.shape)).astype(stored_as)
    ids, classes = np.array([b"%d" % n for n in range(10)], object), np.arange(10, dtype=np.int32)
    assert files.group_sizes(RECORD) == [4, 4, 2]
    bounds = [slice(0, 4), slice(4, 8), slice(8, 10)]
    files.write(RECORD, ((ids[part], classes[part], rows[part]) for part in bounds))
    for start, stop in [(0, 10), (3, 9), (4, 8), (9, 10), (5, 5)]:
        read = list(files.read(RECORD, start, stop))
        assert [each for part, _, _ in read for each in part] == ids[start:stop].tolist()
        assert [each for _, part, _ in read for each in part] == classes[start:stop].tolist()
        assert all(part.dtype == stored_as for _, _, part in read)
        for found, expected in zip(
            (row for _, _, part in read for row in part), rows[start:stop], strict=True
        ):
            np.testing.assert_array_equal(found, expected)


def test_features_that_the_disk_cannot_hold_are_refused(tmp_path):
    files = files_in(tmp_path / "later", TYPES[1])
    with pytest.raises(UserError, match=r"--cache-features: needs 12,000 PB in .*, whose disk has .* free"):
        check_disk(files, [replace(RECORD, rows=10**18)])
    assert "12 bytes per row; 10 rows take 120 bytes" in check_disk(files, [RECORD])


def test_sixteen_bits_change_features_by_less_than_a_thousandth():
    """Stored outputs are rounded to 11 significant bits, 1/2048 of each."""
    backbone = load_backbone("MobileNetV3Small", "sample", 64, seed=0)
    free_last_layers(backbone, 3)
    trunk = cut_trunk(backbone)
    images = tf.constant(np.random.default_rng(0).integers(0, 256, (8, 64, 64, 3)).astype(np.float32))
    outputs = trunk.model(images, training=False).numpy()
    stored = outputs.astype(trunk.stored_as)
    assert trunk.stored_as == np.float16
    exact, rounded = (trunk.tail(each, training=False).numpy() for each in (outputs, stored))
    assert np.linalg.norm(rounded - exact) < 1e-3 * np.linalg.norm(exact)
