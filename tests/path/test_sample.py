"""Photos are rendered by as many processes as asked for, to the same bytes."""

import pytest
from click.testing import CliRunner
from landmark_lib.sample.__main__ import main
from landmark_lib.sample.write import SampleSettings, write_sample

SMALL = SampleSettings(labels=3, photos=9, longest_side=300)


def files(directory):
    return {
        str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()
    }


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    out = tmp_path_factory.mktemp("sample") / "out"
    write_sample(SMALL, out, workers=1)
    return out


def test_two_workers_write_the_same_bytes_as_one(folders, tmp_path):
    write_sample(SMALL, tmp_path / "out", workers=2)
    assert files(tmp_path / "out") == files(folders)


def test_photos_of_no_landmark_are_the_same_each_time_and_none_of_the_samples(folders, tmp_path):
    arguments = ["--landmark-free", "--photos", "4", "--longest-side", "300"]
    for name in ("one", "two"):
        result = CliRunner().invoke(main, [str(tmp_path / name), *arguments])
        assert result.exit_code == 0, result.output
        assert f"4 photos of no landmark in {tmp_path / name}" in result.output
    assert files(tmp_path / "one") == files(tmp_path / "two")
    assert len(files(tmp_path / "one")) == 4
    assert not set(files(tmp_path / "one").values()) & set(files(folders).values())
