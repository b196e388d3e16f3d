"""The package installs wing by wing."""

import shutil
import sys
import zipfile
from email.parser import Parser

import pytest
from commands import REPOSITORY, run

from landmark_lib import __version__


@pytest.fixture(scope="module")
def metadata(tmp_path_factory):
    place = tmp_path_factory.mktemp("wheel")
    quiet = ("--quiet", "--disable-pip-version-check")
    build = ("wheel", "--no-deps", "--no-build-isolation", "--no-index", *quiet)
    # In a copy, because a build leaves its folders beside setup.py.
    source = place / "source"
    shutil.copytree(REPOSITORY / "landmark_lib", source / "landmark_lib")
    for name in ("setup.py", "pyproject.toml"):
        shutil.copy(REPOSITORY / name, source)
    done = run(sys.executable, "-m", "pip", *build, str(source), "-w", str(place))
    assert done.returncode == 0, done.stderr
    (wheel,) = place.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith("METADATA"))
        assert "landmark_lib/preprocess/pipeline.py" in archive.namelist()
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
def test_a_wing_brings_its_engine_and_not_the_others(metadata, extra, engine, foreign):
    names = needed(metadata, extra)
    assert any(name.startswith(engine) for name in names)
    assert not any(name.startswith(foreign) for name in names)


def test_the_locked_list_of_a_gpu_node_is_without_spark():
    locked = (REPOSITORY / "requirements/train.txt").read_text()
    assert "\npetastorm==" in locked
    assert "\npyspark==" not in locked
