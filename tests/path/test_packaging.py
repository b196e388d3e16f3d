"""The package has an extra for each engine."""

import zipfile
from email.parser import Parser

import pytest
from commands import REPOSITORY
from shipped_code import package_code

from landmark_lib import __version__


@pytest.fixture(scope="module")
def metadata(tmp_path_factory):
    package = package_code(tmp_path_factory.mktemp("source"))
    with zipfile.ZipFile(package) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith("METADATA"))
        assert "landmark_lib/preprocess/pipeline.py" in archive.namelist()
        assert not any(name.startswith("landmark_sample/") for name in archive.namelist())
        return Parser().parsestr(archive.read(name).decode())


def needed(metadata, extra):
    lines = metadata.get_all("Requires-Dist")
    return {line.split(";")[0] for line in lines if f'extra == "{extra}"' in line or "extra ==" not in line}


def test_the_version_is_the_packages_own(metadata):
    assert metadata["Version"] == __version__


@pytest.mark.parametrize(
    ("extra", "engine", "foreign"),
    [("preprocess", "pyspark", "tensorflow"), ("train", "tensorflow", "pyspark")],
)
def test_an_extra_installs_its_engine_and_not_the_others(metadata, extra, engine, foreign):
    names = needed(metadata, extra)
    assert any(name.startswith(engine) for name in names)
    assert not any(name.startswith(foreign) for name in names)


def test_the_locked_list_of_a_gpu_node_is_without_spark():
    locked = (REPOSITORY / "requirements/train.txt").read_text()
    assert "\npetastorm==" in locked
    assert "\npyspark==" not in locked
