"""Many processes render the same bytes as one."""

import pytest

from landmark_lib.command_line import exit_status
from landmark_sample.__main__ import RenderSettings, render
from landmark_sample.write import SampleSettings, write_sample

SMALL = SampleSettings(labels=3, photos=9, longest_side=300)


def files(directory):
    return {
        str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()
    }


@pytest.fixture(scope="module")
def by_one(tmp_path_factory):
    out = tmp_path_factory.mktemp("sample") / "out"
    write_sample(SMALL, out, workers=1)
    return files(out)


def test_two_workers_write_the_same_bytes_as_one(by_one, tmp_path):
    write_sample(SMALL, tmp_path / "out", workers=2)
    assert files(tmp_path / "out") == by_one


def test_landmark_free_photos_are_reproducible_and_not_in_the_sample(by_one, tmp_path, capsys):
    arguments = ["--landmark-free", "--photos", "4", "--longest-side", "300"]
    for name in ("one", "two"):
        assert exit_status(RenderSettings, render, ["--output", str(tmp_path / name), *arguments]) == 0
        assert f"4 photos without a landmark in {tmp_path / name}" in capsys.readouterr().out
    assert files(tmp_path / "one") == files(tmp_path / "two")
    assert len(files(tmp_path / "one")) == 4
    assert not set(files(tmp_path / "one").values()) & set(by_one.values())
