"""The weights that come with `landmark_sample` are those that were made, or are refused in one line."""

import hashlib
import json
import shutil
from pathlib import Path

import pytest

import landmark_sample
from landmark_lib.errors import UserError
from landmark_lib.training import weights_file
from landmark_lib.training.weights_file import check_weights, sample_weights

MADE = Path(landmark_sample.__file__).parent / "weights"
WEIGHTS, DESCRIPTION = "MobileNetV3Small.weights.h5", "MobileNetV3Small.json"


@pytest.fixture
def copied(tmp_path, monkeypatch):
    """A copy of the weights, which is found instead of those of the package."""
    shutil.copytree(MADE, tmp_path / "weights")
    monkeypatch.setattr(weights_file, "files", lambda _: tmp_path)
    return tmp_path / "weights"


def test_the_hash_of_the_description_is_that_of_the_file():
    with sample_weights() as path:
        assert path == MADE / WEIGHTS
        assert check_weights(path) > 10**6
    expected = json.loads((MADE / DESCRIPTION).read_text("utf-8"))["sha256"]
    assert hashlib.sha256((MADE / WEIGHTS).read_bytes()).hexdigest() == expected


@pytest.mark.parametrize("place", [0, 1_000_000, -1])
def test_a_changed_byte_is_refused(copied, place):
    content = bytearray((copied / WEIGHTS).read_bytes())
    content[place] ^= 1
    (copied / WEIGHTS).write_bytes(content)
    with (
        pytest.raises(UserError, match=rf"^--weights: .*{WEIGHTS} is damaged: expected .*again$"),
        sample_weights(),
    ):
        pass


@pytest.mark.parametrize("name", [WEIGHTS, DESCRIPTION])
def test_a_missing_file_is_named(copied, name):
    (copied / name).unlink()
    with (
        pytest.raises(UserError, match=f"^--weights: .*{name} is missing; install .*again$"),
        sample_weights(),
    ):
        pass
