"""The package has an extra for each engine, and brings the command `landmark`."""

import zipfile
from email.parser import Parser

import pytest
from commands import REPOSITORY, run
from shipped_code import install_code, package_code

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


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    """Install the wheel as pip does, not as a checkout; return the folder of the programs."""
    return install_code(tmp_path_factory.mktemp("installed"))


def test_the_wheel_has_the_library_and_the_renderer_and_nothing_else(programs):
    (packages,) = programs.parent.glob("lib/python*/site-packages")
    names = {path.name for path in packages.iterdir()} - {"others.pth"}
    assert names == {"landmark_lib", "landmark_sample", f"landmark_recognition-{__version__}.dist-info"}
    for package in ("landmark_lib", "landmark_sample"):  # templates and weights included
        assert files_of(packages / package) == files_of(REPOSITORY / package)


def files_of(folder):
    paths = {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}
    return {path for path in paths if "__pycache__" not in path.parts}


def test_the_installed_command_starts_spark_and_reports_what_is_there(programs, monkeypatch, tmp_path):
    monkeypatch.delenv("PYTHONPATH", raising=False)  # of a checkout
    monkeypatch.chdir(tmp_path)
    landmark = str(programs / "landmark")
    done = run(landmark, "--version")
    assert (done.returncode, done.stdout) == (0, f"landmark-recognition, version {__version__}\n")

    done = run(landmark, "doctor")
    assert (done.returncode, done.stderr, done.stdout.count("\n")) == (0, "", 10)
    assert "\nHorovod     0.28.1, built with Gloo for TensorFlow 2.18.1\n" in done.stdout

    done = run(landmark, "preprocess", "--spark-submit-args=--version", "--input", "photos")
    line, *told = done.stderr.splitlines()
    assert line.endswith("/landmark_lib/jobs/preprocess.py --input photos")
    assert str(programs.parent) in line
    assert done.returncode == 0
    assert any("version 3.5." in text for text in told)
