"""The examples of docs/dataset.md read the data set as they say, and its tables name what there is."""

import importlib.util
import re
import subprocess
import sys
from contextlib import chdir

import pytest
from commands import REPOSITORY
from job_runs import execute
from small_dataset import write_small_dataset

from landmark_lib import dataset

TESTS = REPOSITORY / "tests"
PAGE = (TESTS.parent / "docs" / "dataset.md").read_text("utf-8")
EXAMPLES = dict(re.findall(r"^### (.+?)\n.*?^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL))
OPTIONAL = {"PyTorch": "torch", "Hugging Face datasets": "datasets"}


@pytest.fixture(params=["rows of its own", "an empty shard of its own", "an earlier release"])
def place(request, tmp_path, monkeypatch):
    """A folder where the data set lies as on the page; caches of readers stay in it too."""
    (tmp_path / "data").mkdir()
    if request.param == "an earlier release":
        write_small_dataset(str(tmp_path / "data" / "dataset"), own=())
    elif request.param == "an empty shard of its own":
        write_small_dataset(str(tmp_path / "data" / "dataset"), own=(0,))
    else:
        (tmp_path / "data" / "dataset").symlink_to(TESTS / "golden" / "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "2")
    return tmp_path


def in_a_process(program):
    """Run a program beside whose packages TensorFlow's are not loaded; return what it prints."""
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_page_shows_every_reader():
    assert list(EXAMPLES) == ["pyarrow", "pandas", "DuckDB", "tf.data", *OPTIONAL]


@pytest.mark.parametrize("reader", EXAMPLES)
def test_an_example_of_the_page_reads_all_rows_of_a_member_as_images(reader, place):
    package = OPTIONAL.get(reader)
    if package and importlib.util.find_spec(package) is None:
        pytest.skip(f"{package} is not installed: it needs an environment of its own")
    with chdir(place):
        printed = in_a_process(EXAMPLES[reader]) if package else execute(EXAMPLES[reader])
    manifest = dataset.read_manifest(str(place / "data" / "dataset"))
    rows = sum(manifest.rows_in(dataset.training_directory(which)) for which in (None, 0))
    assert rows in {6, 49}
    assert printed == f"{rows} {(dataset.SHARD_IMAGE_SIZE,) * 2}\n"
